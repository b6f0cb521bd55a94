"""The runtimes that are compared, each with the same bundles and a state folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile


class Runtime:
    def __init__(self, name, program, work, arguments=(), options=(), filter_cache=None):
        self.name = name
        self.root = os.path.join(work, "state-" + name)
        self.options = list(options)
        self.filter_cache = os.path.join(self.root, filter_cache) if filter_cache else None
        self._base = [program, "--root", self.root, *arguments]

    def command(self, *words):
        return [*self._base, *words]


class Contestants:
    SLEEPER = "bench-sleeper"

    def __init__(self, work, project, programs, fixtures):
        self.work = work
        self.notes = []
        self._timer = os.path.join(work, "timer")
        rootfs = os.path.join(fixtures, "busybox", "rootfs")
        self.bundles = {
            "seccomp": self._bundle(project, fixtures, "seccomp", True, ["/bin/true"]),
            "plain": self._bundle(project, fixtures, "plain", False, ["/bin/true"]),
            "sleeper": self._bundle(project, fixtures, "sleeper", True, ["/bin/sleep", "3600"]),
        }
        self.bundles["mounts"] = self._changed("mounts", add_mounts)
        self.bundles["rules"] = self._changed("rules", set_rules)
        floor = os.path.join(work, "floor")
        self.floors = [
            ("floor", [], [[floor, rootfs, "/bin/true"]]),
            ("complete floor", [], [[floor, "--complete", rootfs, "/bin/true"]]),
            ("floor with groups", [], [[floor, "--groups", rootfs, "/bin/true"]]),
        ]
        ours = os.path.join(programs, "swiftlet-oci")
        if not os.access(ours, os.X_OK):
            sys.exit(f"Benchmarks/run: {ours} is missing, run make build")
        self.runtimes = [Runtime("swiftlet-oci", read_anew(stripped(ours, work)), work, filter_cache=".seccomp")]
        self._sleepers = []
        runc = shutil.which("runc")
        if runc:
            read_anew(runc)
            self.runtimes.append(Runtime("runc", runc, work))
        else:
            self.notes.append("runc is left out: it is not installed")
        self._add_crun(work)

    def _bundle(self, project, fixtures, name, seccomp, arguments):
        folder = os.path.join(self.work, "bundle-" + name)
        filter = ["--seccomp", os.path.join(fixtures, "seccomp-default.json")] if seccomp else []
        subprocess.run(
            [os.path.join(project, "rootfs-fixtures", "make-bundle"), "-o", fixtures, "--shared",
             "--capabilities", "docker", *filter, folder, *arguments], check=True)
        return folder

    def _changed(self, name, change):
        """The bundle with the filter, its configuration changed."""
        folder = os.path.join(self.work, "bundle-" + name)
        os.mkdir(folder)
        with open(os.path.join(self.bundles["seccomp"], "config.json")) as stream:
            config = json.load(stream)
        change(config)
        with open(os.path.join(folder, "config.json"), "w") as stream:
            json.dump(config, stream)
        return folder

    def _add_crun(self, work):
        """crun 1.8 refuses hybrid cgroups and wants CAP_SYS_RESOURCE; both can be had without changing the host."""
        program = shutil.which("crun")
        if not program:
            self.notes.append("crun is left out: it is not installed")
            return
        read_anew(program)
        options, how = [], []
        if os.path.isdir("/sys/fs/cgroup/unified"):
            options.append("-c")
            how.append("sees a cgroup v2 tree in a mount namespace of its own (it refuses hybrid cgroups), "
                       "so it joins one group and mounts one tree where the others do nine")
        if not may_raise_limits():
            options += ["-e", "LD_PRELOAD=" + os.path.join(work, "memlock")]
            how.append("runs with its setrlimit(RLIMIT_MEMLOCK) made to succeed (no CAP_SYS_RESOURCE here)")
        crun = Runtime("crun", program, work, ["--cgroup-manager=cgroupfs"], options, ".cache")
        try:
            self.time(1, [(crun.name, crun.options, [crun.command("run", "-b", self.bundles["plain"], "@")])])
        except subprocess.CalledProcessError as error:
            self.notes.append("crun is left out, it does not run here: " + error.stderr.strip())
            return
        self.runtimes.append(crun)
        if how:
            self.notes.append("crun " + "; ".join(how))

    def time(self, rounds, contestants):
        """Runs the timer; rows of (name, {wall, least, most, cpu, rss, faults})."""
        command = [self._timer, str(rounds), str(2 if rounds < 20 else 5)]
        for name, options, steps in contestants:
            command += [":", name, *options]
            for index, step in enumerate(steps):
                command += (["+"] if index else []) + step
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rows = []
        for line in output.splitlines():
            name, *values = line.split("\t")
            rows.append((name, dict(zip(("wall", "least", "most", "cpu", "rss", "faults"), map(float, values)))))
        return rows

    def start_sleeper(self, runtime):
        """A container that stays, made in the same surroundings in which the timer starts the runtime."""
        self._sleepers.append(runtime)
        self._run_once(runtime, runtime.command("run", "--detach", "-b", self.bundles["sleeper"], self.SLEEPER))

    def stop_sleepers(self):
        for runtime in self._sleepers:
            self._run_once(runtime, runtime.command("delete", "--force", self.SLEEPER))
        self._sleepers = []

    def _run_once(self, runtime, command):
        environment = dict(os.environ)
        if "-e" in runtime.options:
            name, value = runtime.options[runtime.options.index("-e") + 1].split("=", 1)
            environment[name] = value
        if "-c" in runtime.options:
            script = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"'
            command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *command]
        # Not a pipe: a container that stays holds it open, and its end would be waited for.
        with tempfile.TemporaryFile("w+") as errors:
            result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=errors)
            if result.returncode:
                errors.seek(0)
                sys.exit(f"Benchmarks/run: {' '.join(command)}: {errors.read().strip()}")

    def clean(self):
        """After an error a round's containers may be left; what a runtime still lists, it deletes."""
        if self._sleepers:
            self.stop_sleepers()
        for runtime in self.runtimes:
            if not os.path.isdir(runtime.root):
                continue
            for name in os.listdir(runtime.root):
                if name.startswith("bench-"):
                    self._run_once(runtime, runtime.command("delete", "--force", name))


def add_mounts(config):
    """Two hundred file systems more, below /dev, which can be written."""
    for number in range(200):
        config["mounts"].append({"destination": f"/dev/m{number}", "type": "tmpfs", "source": "tmpfs",
                                 "options": ["nosuid", "nodev", "size=4k"]})


def set_rules(config):
    """A thousand rules, most of them on an argument, that fit the kernel's 4,096 instructions."""
    names = sorted({name for rule in config["linux"]["seccomp"]["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW"
                    for name in rule["names"]} - {"personality", "clone", "socket", "ioctl", "clone3"})[:200]
    rules = [{"names": [name], "action": "SCMP_ACT_LOG"} for name in names if name.startswith("io_")]
    rules += [{"names": [("socket", "ioctl", "personality", "prctl")[number % 4]], "action": "SCMP_ACT_ERRNO",
               "args": [{"index": 0, "value": 100000 + number, "op": "SCMP_CMP_EQ"}]}
              for number in range(1000 - len(rules))]
    config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                                  "syscalls": rules}


def stripped(program, work):
    """What is installed is stripped; a build folder's program is not. It goes to a disk, as installed ones do."""
    folder = os.path.join(os.path.dirname(program), "stripped")
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, os.path.basename(program))
    subprocess.run(["strip", "-o", target, program], check=True)
    return target


def read_anew(program):
    """Drops a program from the page cache: how much of it a touched page maps depends on how it came there, by being
    written or, as after a start of the machine, by being read."""
    file = os.open(program, os.O_RDONLY)
    try:
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)
    return program


def may_raise_limits():
    with open("/proc/self/status") as stream:
        held = next(int(line.split()[1], 16) for line in stream if line.startswith("CapEff"))
    return held >> 24 & 1 == 1
