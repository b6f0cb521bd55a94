"""The installed service under systemd: started, restarted, killed, upgraded and downgraded while pods live."""

import glob
import json
import os
import shutil
import signal
import subprocess
import time

from node import Daemon, NodeTest, cri

UNIT = "swiftlet-cri.service"
PROGRAMS = ["swiftlet", "swiftlet-node", "swiftlet-oci", "swiftlet-shim", "swiftlet-init"]
# What a service may be given, and its containers must not get from it.
DROP_IN = """[Service]
Nice=-7
UMask=0077
CPUSchedulingPolicy=batch
IOSchedulingClass=idle
CPUAffinity=1
LimitSTACK=16M
LimitSIGPENDING=1000
LimitMSGQUEUE=100000
"""


def read(path):
    with open(path) as file:
        return file.read().strip()


def systemctl(*words):
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"systemctl {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def show(*names, unit=UNIT):
    words = systemctl("show", unit, *("--property=" + name for name in names))
    return dict(line.split("=", 1) for line in words.splitlines())


def shims():
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = read(f"/proc/{entry}/cmdline").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith("swiftlet-shim") and "--id" in words and "--spare" not in words:
            found[words[words.index("--id") + 1]] = int(entry)
    return found


class Service(Daemon):
    """The daemon that systemd runs."""

    def __init__(self):
        self.socket = "/run/swiftlet/cri.sock"
        self.channel = None

    def join(self):
        """It is there at once: systemd waited until it said so."""
        if self.channel:
            self.channel.close()
        self.connect()
        self.runtime.Version(cri.VersionRequest(), timeout=20)
        return self

    def await_restart(self, before):
        deadline = time.time() + 60
        while True:
            state = show("MainPID", "ActiveState")
            if state["ActiveState"] == "active" and state["MainPID"] not in ("0", before):
                return self.join()
            assert time.time() < deadline, state
            time.sleep(0.2)

    def stop(self):
        self.channel.close()
        systemctl("stop", UNIT)
        return 0


class UnitTest(NodeTest):
    @classmethod
    def setUpClass(cls):
        os.makedirs("/etc/swiftlet", exist_ok=True)
        with open("/etc/swiftlet/config.toml", "w") as file:
            file.write('network = "builtin"\n')
        folder = f"/etc/systemd/system/{UNIT}.d"
        os.makedirs(folder, exist_ok=True)
        with open(folder + "/checks.conf", "w") as file:
            file.write(DROP_IN)
        subprocess.run([os.environ["SWIFTLET"], "load", "-q", "-i", os.environ["BUSYBOX"]], check=True)
        systemctl("daemon-reload")
        systemctl("start", UNIT)
        cls.daemon = Service().join()

    @property
    def pid(self):
        return show("MainPID")["MainPID"]

    def process(self, container):
        info = self.runtime.ContainerStatus(cri.ContainerStatusRequest(container_id=container, verbose=True)).info
        return json.loads(info["info"])["pid"]

    def live_pod(self, name):
        """A pod with a container that goes on, one that ends when a file is there, and one that was only made."""
        self.config = self.pod_config(name)
        self.pod = self.run_pod(self.config)
        self.runs = self.start(self.pod, self.config, "runs", ["sh", "-c", "trap 'exit 9' TERM; while true; do sleep 0.1; done"])
        self.ends = self.start(self.pod, self.config, "ends", ["sh", "-c", "while ! test -e /end; do sleep 0.1; done; exit 5"])
        self.made = self.create(self.pod, self.config, self.container_config(self.config, "made", ["sleep", "1000"]))
        self.before = (self.process(self.runs), shims()[self.pod], self.pod_status(self.pod).network.ip)

    def let_end(self):
        with open(f"/proc/{self.process(self.ends)}/root/end", "w"):
            pass

    def check_that_it_goes_on(self):
        status = self.pod_status(self.pod)
        self.assertEqual(status.state, cri.SANDBOX_READY)
        self.assertEqual((self.process(self.runs), shims()[self.pod], status.network.ip), self.before)
        self.assertEqual(self.sh(self.runs, "echo here").stdout, b"here\n")
        self.assertEqual(self.status(self.made).state, cri.CONTAINER_CREATED)

    def check_its_end(self):
        """All that can be done with it, from now on."""
        status = self.wait_for(self.ends, cri.CONTAINER_EXITED, seconds=60)
        self.assertEqual((status.exit_code, status.reason), (5, "Error"))
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=self.made), timeout=60)
        more = self.start(self.pod, self.config, "more", ["sleep", "1000"])
        self.assertEqual(self.sh(more, "hostname").stdout.decode().strip(), self.config.hostname)
        self.runtime.ReopenContainerLog(cri.ReopenContainerLogRequest(container_id=more))
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=self.runs, timeout=30), timeout=60)
        self.assertEqual(self.status(self.runs).exit_code, 9)
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=self.pod), timeout=60)

    def tearDown(self):
        for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id), timeout=60)
        deadline = time.time() + 10
        while self.leftovers():
            self.assertLess(time.time(), deadline, self.leftovers())
            time.sleep(0.1)

    def leftovers(self):
        found = [f"shim {pid}" for pid in shims().values()]
        found += glob.glob("/var/lib/swiftlet/k8s/containers/*") + glob.glob("/run/swiftlet/k8s/sandboxes/*")
        found += glob.glob("/run/swiftlet/network/addresses/*")
        found += [line.split()[4] for line in read("/proc/self/mountinfo").splitlines() if "/swiftlet/k8s/" in line]
        for folder, names, _ in os.walk("/sys/fs/cgroup"):
            # The group of shims has the one that waits for the next pod.
            found += [f"{folder}/{name}" for name in names if "cri-swiftlet" in name or "swiftlet-pods-" in name]
        return found


class Unit(UnitTest):
    def test_it_is_ready_when_systemd_says_so(self):
        state = show("ActiveState", "SubState", "StatusText", "NotifyAccess", "KillMode", "Delegate", "OOMScoreAdjust")
        self.assertEqual((state["ActiveState"], state["SubState"]), ("active", "running"))
        self.assertIn("/run/swiftlet/cri.sock", state["StatusText"])
        # A node with many pods is not killed before it has found them all.
        for unit in (UNIT, "swiftlet-agent.service"):
            self.assertEqual(show("TimeoutStartUSec", unit=unit)["TimeoutStartUSec"], "infinity", unit)
        self.assertEqual((state["KillMode"], state["Delegate"], state["OOMScoreAdjust"]), ("process", "yes", "-999"))
        self.assertEqual(os.stat("/run/swiftlet/cri.sock").st_mode & 0o777, 0o600)
        self.assertEqual(read(f"/proc/{self.pid}/oom_score_adj"), "-999")
        told = self.runtime.RuntimeConfig(cri.RuntimeConfigRequest()).linux.cgroup_driver
        self.assertEqual(told, cri.SYSTEMD)
        before = self.pid
        systemctl("reload", UNIT)
        self.assertEqual((self.pid, show("ActiveState")["ActiveState"]), (before, "active"))

    def test_shims_and_containers_are_outside_its_group(self):
        self.live_pod("outside")
        group = show("ControlGroup")["ControlGroup"]
        inside = []
        for folder, _, _ in os.walk("/sys/fs/cgroup" + group):
            inside += read(folder + "/cgroup.procs").split()
        # The shim that is just being started for the next pod is there for a moment.
        self.assertEqual([pid for pid in inside if "--spare" not in read(f"/proc/{pid}/cmdline").split("\0")], [self.pid])
        for pid in (shims()[self.pod], self.process(self.runs)):
            self.assertNotIn(group, read(f"/proc/{pid}/cgroup"))

    def test_containers_inherit_nothing(self):
        self.live_pod("inherits")
        inside = [(self.runs, "the first process", str(self.process(self.runs)))]
        # A process that was made by an exec.
        future = self.runtime.ExecSync.future(
            cri.ExecSyncRequest(container_id=self.runs, cmd=["sleep", "77"], timeout=60), timeout=90)
        deadline = time.time() + 30
        while not (pids := [pid for pid in filter(str.isdigit, os.listdir("/proc"))
                            if self.command(pid) == ["sleep", "77"]]):
            self.assertLess(time.time(), deadline)
            time.sleep(0.1)
        inside.append((self.runs, "an exec", pids[0]))
        expected = dict(self.limits("1"))
        # What systemd gives to those that it starts.
        expected["Max open files"] = ["1024", "524288"]
        daemon = dict(self.limits(self.pid))
        self.assertNotEqual(daemon["Max open files"], expected["Max open files"])
        self.assertNotEqual(daemon["Max stack size"], expected["Max stack size"])
        for _, what, pid in inside:
            self.assertEqual(dict(self.limits(pid)), expected, what)
            status = dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":\t" in line)
            self.assertEqual(status["Umask"], "0022", what)
            self.assertEqual(status["Cpus_allowed_list"], "0-1", what)
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, int(pid)), 0, what)
            self.assertEqual(os.sched_getscheduler(int(pid)), os.SCHED_OTHER, what)
            self.assertEqual(read(f"/proc/{pid}/oom_score_adj"), "0", what)
            shown = subprocess.run(["ionice", "-p", pid], capture_output=True, text=True, check=True).stdout
            self.assertNotIn("idle", shown, what)
        self.assertEqual(os.sched_getscheduler(int(self.pid)), os.SCHED_BATCH)
        shim = shims()[self.pod]
        self.assertEqual((os.getpriority(os.PRIO_PROCESS, shim), dict(self.limits(str(shim)))), (0, expected))
        subprocess.run(["kill", pids[0]], check=True)
        future.result()

    @staticmethod
    def command(pid):
        try:
            return read(f"/proc/{pid}/cmdline").strip("\0").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []

    @staticmethod
    def limits(pid):
        for line in read(f"/proc/{pid}/limits").splitlines()[1:]:
            yield line[:26].strip(), line[26:].split()[:2]

    def test_restarted(self):
        self.live_pod("restarted")
        systemctl("restart", UNIT)
        self.daemon.join()
        self.check_that_it_goes_on()
        self.let_end()
        self.check_its_end()

    def test_killed(self):
        self.live_pod("killed")
        before = self.pid
        self.let_end()
        os.kill(int(before), signal.SIGKILL)
        self.daemon.await_restart(before)
        self.check_that_it_goes_on()
        self.check_its_end()

    def test_stopped_for_a_while(self):
        self.live_pod("stopped")
        self.daemon.stop()
        self.assertTrue(os.path.exists(f"/proc/{self.before[0]}"))
        self.let_end_unseen()
        systemctl("start", UNIT)
        self.daemon.join()
        self.check_that_it_goes_on()
        self.check_its_end()

    def let_end_unseen(self):
        """Without the daemon, which could say which process it is."""
        with open(f"/var/lib/swiftlet/k8s/containers/{self.ends}/rootfs/end", "w"):
            pass
        time.sleep(1)


class Versions(UnitTest):
    """Another build is put in the place of the programs, and then the first one again."""

    def install(self, folder):
        for name in PROGRAMS:
            shutil.copy2(f"{folder}/{name}", f"/usr/bin/.{name}.new")
            os.rename(f"/usr/bin/.{name}.new", f"/usr/bin/{name}")

    def is_other(self, pid):
        with open(f"/proc/{pid}/exe", "rb") as file:
            return b"another build" in file.read()

    def test_upgraded_and_downgraded(self):
        self.live_pod("first")
        first = (self.config, self.pod, self.runs, self.ends, self.made, self.before)
        self.assertFalse(self.is_other(self.pid))
        self.install("/in/other")
        systemctl("restart", UNIT)
        self.daemon.join()
        self.assertTrue(self.is_other(self.pid))
        self.assertFalse(self.is_other(self.before[1]))
        self.check_that_it_goes_on()
        self.live_pod("second")
        self.assertTrue(self.is_other(self.before[1]))
        second = (self.config, self.pod, self.runs, self.ends, self.made, self.before)
        self.install("/in/installed/usr/bin")
        systemctl("restart", UNIT)
        self.daemon.join()
        self.assertFalse(self.is_other(self.pid))
        for each in (first, second):
            self.config, self.pod, self.runs, self.ends, self.made, self.before = each
            self.check_that_it_goes_on()
            self.let_end()
            self.check_its_end()
