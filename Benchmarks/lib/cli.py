"""What users feel: swiftlet run, swiftlet ps, and the memory of the supervisor that stays with a container."""

import json
import os
import subprocess
import time

EXECS = 100


def measure(report, work, options):
    report.heading("swiftlet")
    for name in ("swiftlet", "swiftlet-shim"):
        if not os.access(os.path.join(options.bin, name), os.X_OK):
            report.line(f"skipped: {name} is not in {os.path.basename(options.bin)}")
            return
    program = Program(work, options.bin)
    archive = os.path.join(options.fixtures, "archive", "busybox.tar")
    if not os.path.exists(archive):
        archive = os.path.join(options.fixtures, "oci", "busybox")
    try:
        program.run("load", "-i", archive)
        program.run("run", "--detach", "--name", "bench", "--network", "none", "busybox:latest", "sleep", "3600")
        command_times(report, program, options.rounds)
        shim_memory(report, program)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        report.line(f"skipped: {' '.join(error.cmd[1:])}: {(error.stderr or 'no answer').strip()}")
    finally:
        program.clean()


class Program:
    """swiftlet with a store and a state folder of its own."""

    def __init__(self, work, folder):
        self.root = os.path.join(work, "store")
        self.state = os.path.join(work, "s")
        self.timer = os.path.join(work, "timer")
        self._base = [os.path.join(folder, "swiftlet"), "--root", self.root, "--state", self.state]

    def command(self, *words):
        return [*self._base, *words]

    def run(self, *words):
        subprocess.run(self.command(*words), check=True, timeout=60, stdin=subprocess.DEVNULL, capture_output=True,
                       text=True)

    def shim(self):
        """The process id of the one container's supervisor."""
        containers = os.path.join(self.root, "default", "containers")
        [name] = os.listdir(containers)
        with open(os.path.join(containers, name, "status.json")) as stream:
            return json.load(stream)["shimPid"]

    def clean(self):
        names = subprocess.run(self.command("ps", "-aq"), capture_output=True, text=True).stdout.split()
        if names:
            subprocess.run(self.command("rm", "--force", *names), capture_output=True)


def command_times(report, program, rounds):
    output = subprocess.run(
        [program.timer, str(rounds), "3",
         ":", "swiftlet ps", *program.command("ps"),
         ":", "swiftlet run --rm --network none",
         *program.command("run", "--rm", "--network", "none", "busybox:latest", "true"),
         ":", "swiftlet exec", *program.command("exec", "bench", "true")],
        check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        name, wall, least, most, cpu, *_ = line.split("\t")
        goal = " (target: below 25 ms)" if name.endswith(" ps") else ""
        report.line(f"{name}: {float(wall):.1f} ms, least {float(least):.1f}, p90 {float(most):.1f}, "
                    f"cpu {float(cpu):.1f}{goal}")


def shim_memory(report, program):
    for _ in range(EXECS):
        program.run("exec", "bench", "true")
    time.sleep(0.2)
    values = {}
    with open(f"/proc/{program.shim()}/smaps_rollup") as stream:
        for line in stream.readlines()[1:]:
            key, value = line.split(":")
            values[key] = int(value.split()[0])
    report.line(f"swiftlet-shim with one container after {EXECS} execs and more: "
                f"{values['Private_Dirty']} KiB private dirty (target: at most 256), {values['Pss']} KiB "
                f"proportional, {values['Rss']} KiB resident")
