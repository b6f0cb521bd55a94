"""Faults of the machine and of clients: who has nothing to do with them does not notice."""

import ctypes
import json
import os
import re
import signal
import subprocess
import time
import unittest
import urllib.request

import grpc

from node import FOLDER, NODE, POD, NodeTest, cri, shims

Code = grpc.StatusCode


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class Frozen:
    """Processes that no signal ends: in a group of a version 1 freezer, whatever tries to thaw those of version 2."""

    def __init__(self, name):
        self.root = "/sys/fs/cgroup/freezer"
        self.mounted = not os.path.isdir(self.root)
        if self.mounted:
            self.root = f"{FOLDER}/freezer"
            os.makedirs(self.root, exist_ok=True)
            subprocess.run(["mount", "-t", "cgroup", "-o", "freezer", "freezer", self.root], check=True)
        self.group = f"{self.root}/swiftlet-test-{os.getpid()}-{name}"
        os.mkdir(self.group)

    def write(self, name, text):
        with open(f"{self.group}/{name}", "w") as file:
            file.write(text)

    def read(self, name):
        with open(f"{self.group}/{name}") as file:
            return file.read()

    def freeze(self, pids):
        for pid in pids:
            self.write("cgroup.procs", str(pid))
        self.write("freezer.state", "FROZEN")
        while "FROZEN" not in self.read("freezer.state"):
            time.sleep(0.01)

    def thaw(self):
        self.write("freezer.state", "THAWED")

    def close(self):
        self.thaw()
        deadline = time.time() + 10
        while self.read("cgroup.procs") and time.time() < deadline:
            time.sleep(0.02)
        os.rmdir(self.group)
        if self.mounted:
            subprocess.run(["umount", self.root], check=True)


class Hanging(NodeTest):
    more = 'timeouts.stop_margin = "900ms"\n'

    def pid(self, container):
        request = cri.ContainerStatusRequest(container_id=container, verbose=True)
        return json.loads(self.runtime.ContainerStatus(request).info["info"])["pid"]

    def test_a_process_that_cannot_be_killed(self):
        config, other = self.pod_config("hangs", network=NODE), self.pod_config("well", network=NODE)
        pod, well = self.run_pod(config), self.run_pod(other)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        unhurt = self.start(well, other, "c", ["sleep", "1000"])
        frozen = Frozen("kill")
        try:
            frozen.freeze([self.pid(container)])
            message = self.refused(
                Code.DEADLINE_EXCEEDED, self.runtime.StopContainer,
                cri.StopContainerRequest(container_id=container, timeout=0))
            self.assertIn(container, message)
            self.refused(Code.DEADLINE_EXCEEDED, self.runtime.StopPodSandbox, cri.StopPodSandboxRequest(pod_sandbox_id=pod))
            self.assertEqual(self.sh(unhurt, "echo well").stdout, b"well\n")
            self.assertEqual(self.status(unhurt).state, cri.CONTAINER_RUNNING)
            frozen.thaw()
            # The same call again, now that it can be done.
            self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0), timeout=20)
            self.assertEqual(self.wait_for(container, cri.CONTAINER_EXITED).exit_code, 137)
            self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod), timeout=20)
            self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
        finally:
            frozen.close()

    def test_a_stopped_shim_is_its_pods_affair(self):
        config, other = self.pod_config("stopped", network=NODE), self.pod_config("lively", network=NODE)
        pod, lively = self.run_pod(config), self.run_pod(other)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        free = self.start(lively, other, "c", ["sleep", "1000"])
        ended = self.start(pod, config, "ended", ["true"])
        self.wait_for(ended, cri.CONTAINER_EXITED)
        shim = shims()[pod]
        os.kill(shim, signal.SIGSTOP)
        try:
            stops = self.runtime.StopContainer.future(cri.StopContainerRequest(container_id=container, timeout=0), timeout=30)
            longest = 0
            for _ in range(10):
                begun = time.time()
                self.assertEqual(self.sh(free, "echo free").stdout, b"free\n")
                self.assertEqual(len(self.containers()), 3)
                self.runtime.ListContainerStats(cri.ListContainerStatsRequest())
                longest = max(longest, time.time() - begun)
            self.assertLess(longest, 1)
            self.assertEqual(stops.exception().code(), Code.DEADLINE_EXCEEDED)
            # What has ended needs no shim to be removed.
            self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=ended), timeout=20)
        finally:
            os.kill(shim, signal.SIGCONT)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0), timeout=20)
        self.assertEqual(self.wait_for(container, cri.CONTAINER_EXITED).exit_code, 137)

    def test_a_stopped_shim_of_a_pod_without_containers(self):
        pod = self.run_pod(self.pod_config("empty", network=NODE))
        shim = shims()[pod]
        request = cri.StopPodSandboxRequest(pod_sandbox_id=pod)
        os.kill(shim, signal.SIGSTOP)
        try:
            self.assertIn(pod, self.refused(Code.DEADLINE_EXCEEDED, self.runtime.StopPodSandbox, request))
        finally:
            os.kill(shim, signal.SIGCONT)
        self.runtime.StopPodSandbox(request, timeout=20)
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)

    def test_a_command_in_a_pod_whose_shim_stands_still(self):
        config = self.pod_config("still", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        shim = shims()[pod]
        os.kill(shim, signal.SIGSTOP)
        try:
            begun = time.time()
            request = cri.ExecSyncRequest(container_id=container, cmd=["sh", "-c", "touch /late; sleep 777"], timeout=1)
            self.assertIn("timed out after 1 s", self.refused(Code.DEADLINE_EXCEEDED, self.runtime.ExecSync, request))
            self.assertLess(time.time() - begun, 5)
            # One that nobody has limited, and whose caller goes.
            left = self.runtime.ExecSync.future(
                cri.ExecSyncRequest(container_id=container, cmd=["sleep", "888"]), timeout=1)
            self.assertEqual(left.exception().code(), Code.DEADLINE_EXCEEDED)
        finally:
            os.kill(shim, signal.SIGCONT)
        # The shim comes to both before this one. The first has no time left and is not begun.
        script = "i=0; while ! test -e /late && test $i -lt 20; do sleep 0.1; i=$((i + 1)); done; test -e /late"
        self.assertEqual(self.sh(container, script).exit_code, 1)
        # The other one is begun, and ended when the daemon hears of that.
        deadline = time.time() + 20
        while b"sleep 888" in self.sh(container, "ps -o args").stdout:
            self.assertLess(time.time(), deadline)
            time.sleep(0.05)

    def test_a_broken_pod_does_not_hide_the_numbers_of_others(self):
        config, other = self.pod_config("broken"), self.pod_config("whole")
        pod, whole = self.run_pod(config), self.run_pod(other)
        self.start(pod, config, "c", ["sleep", "1000"])
        self.start(whole, other, "c", ["sleep", "1000"])
        network, kept = f"{FOLDER}/run/k8s/sandboxes/{pod}/ns/net", f"{FOLDER}/kept"
        open(kept, "w").close()
        subprocess.run(["mount", "--bind", network, kept], check=True)
        subprocess.run(["umount", network], check=True)
        try:
            for _ in range(3):
                stats = self.runtime.ListPodSandboxStats(cri.ListPodSandboxStatsRequest(), timeout=20).stats
                networks = {s.attributes.id: s.linux.network.default_interface.name for s in stats}
                self.assertEqual(networks, {pod: "", whole: "eth0"})
                metrics = self.runtime.ListPodSandboxMetrics(cri.ListPodSandboxMetricsRequest(), timeout=20).pod_metrics
                self.assertEqual({m.pod_sandbox_id for m in metrics}, {pod, whole})
        finally:
            subprocess.run(["mount", "--bind", kept, network], check=True)
            subprocess.run(["umount", kept], check=True)
            os.unlink(kept)
        with open(f"{FOLDER}/daemon.log") as file:
            told = [line for line in file if "the network of a sandbox cannot be looked at" in line and pod in line]
        self.assertEqual(len(told), 1)
        stats = self.runtime.PodSandboxStats(cri.PodSandboxStatsRequest(pod_sandbox_id=pod)).stats
        self.assertEqual(stats.linux.network.default_interface.name, "eth0")


class HungFileSystem:
    """A FUSE mount whose server never answers: whoever looks below it waits until it ends."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path, exist_ok=True)
        self.server = os.open("/dev/fuse", os.O_RDWR)
        self.libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={self.server},rootmode=40000,user_id=0,group_id=0"
        if self.libc.mount(b"hung", path.encode(), b"fuse", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount fuse")

    def end(self):
        """Who waits gets an error."""
        os.close(self.server)

    def unmount(self):
        # MNT_DETACH
        self.libc.umount2(self.path.encode(), 2)


class UsersPaths(NodeTest):
    @unittest.skipUnless(os.path.exists("/dev/fuse"), "this kernel has no FUSE")
    def test_a_mount_source_that_does_not_answer(self):
        config, other = self.pod_config("waits", network=NODE), self.pod_config("well", network=NODE)
        pod, well = self.run_pod(config), self.run_pod(other)
        unhurt = self.start(well, other, "c", ["sleep", "1000"])
        hung = HungFileSystem(f"{FOLDER}/hung")
        calls = []
        try:
            for number in range(9):
                container = self.container_config(config, f"c{number}", ["true"])
                container.mounts.add(container_path="/v", host_path=f"{FOLDER}/hung/x")
                calls.append(self.runtime.CreateContainer.future(cri.CreateContainerRequest(
                    pod_sandbox_id=pod, config=container, sandbox_config=config), timeout=60))
            time.sleep(0.5)
            self.assertFalse(any(call.done() for call in calls))
            begun = time.time()
            self.assertEqual(self.sh(unhurt, "echo well").stdout, b"well\n")
            third = self.run_pod(self.pod_config("third", network=NODE))
            more = self.start(well, other, "more", ["sleep", "1000"])
            for one in (more, unhurt):
                self.runtime.StopContainer(cri.StopContainerRequest(container_id=one, timeout=0), timeout=20)
                self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=one), timeout=20)
            for one in (third, well):
                self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=one), timeout=20)
            self.assertLess(time.time() - begun, 5)
        finally:
            hung.end()
            try:
                for call in calls:
                    self.assertIn("/hung", call.exception(timeout=20).details())
            finally:
                hung.unmount()

    def test_a_log_that_is_no_file(self):
        """It stops the start, and not the pod's shim."""
        config = self.pod_config("fifo", network=NODE)
        os.makedirs(config.log_directory, exist_ok=True)
        os.mkfifo(f"{config.log_directory}/c.log")
        pod = self.run_pod(config)
        container = self.create(pod, config, self.container_config(config, "c", ["true"]))
        with self.assertRaises(grpc.RpcError) as caught:
            self.runtime.StartContainer(cri.StartContainerRequest(container_id=container), timeout=20)
        self.assertIn("c.log, which is not a regular file", caught.exception.details())
        other = self.start(pod, config, "other", ["sleep", "1000"])
        self.assertEqual(self.sh(other, "echo well").stdout, b"well\n")
        # The same for a file that takes a log's place later.
        os.unlink(f"{config.log_directory}/other.log")
        os.mkfifo(f"{config.log_directory}/other.log")
        with self.assertRaises(grpc.RpcError):
            self.runtime.ReopenContainerLog(cri.ReopenContainerLogRequest(container_id=other), timeout=20)
        self.assertEqual(self.sh(other, "echo well").stdout, b"well\n")
        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=20)

    def test_seccomp_profiles_that_are_no_files(self):
        """A device or a FIFO is not even opened."""
        config = self.pod_config("profiles", network=NODE)
        pod = self.run_pod(config)
        fifo = f"{FOLDER}/profile.fifo"
        os.mkfifo(fifo)
        for number, path in enumerate([fifo, "/dev/zero", "/dev/tty", "/etc"]):
            container = self.container_config(config, f"c{number}", ["true"])
            container.linux.security_context.seccomp.profile_type = cri.SecurityProfile.Localhost
            container.linux.security_context.seccomp.localhost_ref = path
            message = self.refused(Code.INVALID_ARGUMENT, self.runtime.CreateContainer, cri.CreateContainerRequest(
                pod_sandbox_id=pod, config=container, sandbox_config=config))
            self.assertIn(f"{path}: is not a regular file", message)
        os.unlink(fifo)


class FullLog(NodeTest):
    port = 20000 + os.getpid() % 10000
    more = f'metrics.address = "127.0.0.1:{port}"\n'

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def lost(self, container):
        request = cri.ContainerStatusRequest(container_id=container, verbose=True)
        return json.loads(self.runtime.ContainerStatus(request).info["info"]).get("logLost")

    def test_a_log_disk_that_is_full(self):
        config = self.pod_config("full", network=NODE)
        folder = config.log_directory
        os.makedirs(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
        try:
            pod = self.run_pod(config)
            script = "while [ ! -e /end ]; do echo 0123456789012345678901234567890123456789; echo x >> /steps; sleep 0.001; done; exit 3"
            container = self.start(pod, config, "c", ["sh", "-c", script])
            quiet = self.start(pod, config, "q", ["sleep", "1000"])
            deadline = time.time() + 30
            while not self.lost(container):
                self.assertLess(time.time(), deadline, "nothing is lost")
                time.sleep(0.1)
            # It goes on writing, and what is lost goes on being counted.
            steps = int(self.sh(container, "wc -l < /steps").stdout)
            before = self.lost(container)
            self.assertIn("No space left on device".lower(), before["reason"].lower())
            time.sleep(3)
            self.assertGreater(int(self.sh(container, "wc -l < /steps").stdout), steps)
            after = self.lost(container)
            self.assertGreater(after["bytes"], before["bytes"])
            self.assertIsNone(self.lost(quiet))
            text = self.metrics()
            counted = re.search(r'swiftlet_container_log_lost_bytes\{[^}]*container="%s"[^}]*\} (\S+)' % container, text)
            self.assertGreaterEqual(float(counted[1]), after["bytes"])
            self.assertNotIn(f'container="{quiet}"', text)
            # The end tells it to the kubelet, and does not become a failure by it.
            self.sh(container, "touch /end")
            ended = self.wait_for(container, cri.CONTAINER_EXITED)
            self.assertEqual((ended.exit_code, ended.reason), (3, "Error"))
            self.assertRegex(ended.message, r"^\d+ bytes are missing in its log: write .*c\.log: ")
            # With room again everything is written again.
            os.truncate(f"{folder}/c.log", 0)
            third = self.start(pod, config, "t", ["sh", "-c", "echo there is room"])
            self.assertEqual(self.wait_for(third, cri.CONTAINER_EXITED).message, "")
            self.assertIn("there is room", self.log("full", "t"))
        finally:
            for one in self.containers():
                self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=one.id))
            subprocess.run(["umount", folder], check=True)


class FullDisk(NodeTest):
    """The daemon's root is a file system of its own, and small."""

    more = '[runtimes.runc]\nprogram = "/usr/sbin/runc"\n'

    @classmethod
    def setUpClass(cls):
        os.makedirs(f"{FOLDER}/lib", exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", f"{FOLDER}/lib"], check=True)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        subprocess.run(["umount", f"{FOLDER}/lib"], check=True)

    def fill(self):
        with open(f"{FOLDER}/lib/filler", "wb", buffering=0) as file:
            for size in [1 << 20, 1 << 12, 1]:
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def test_the_disk_under_the_records_is_full(self):
        config = self.pod_config("before", network=NODE)
        pod = self.run_pod(config)
        runs = self.start(pod, config, "c", ["sleep", "1000"])
        made = self.create(pod, config, self.container_config(config, "made", ["sleep", "1000"]))
        other = self.pod_config("other", network=NODE)
        second_runtime = self.start(self.run_pod(other, runtime_handler="runc"), other, "c", ["sleep", "1000"])
        big = self.pod_config("big", network=NODE)
        big.labels["text"] = "x" * (1 << 20)
        self.fill()
        try:
            with self.assertRaises(grpc.RpcError) as caught:
                self.run_pod(big)
            self.assertRegex(caught.exception.details().lower(), "disk is full|no space left")
            self.assertNotIn("\n", caught.exception.details())
            with self.assertRaises(grpc.RpcError) as caught:
                self.create(pod, config, self.container_config(config, "more", ["x" * (1 << 20)]))
            self.assertRegex(caught.exception.details().lower(), "disk is full|no space left")
            # Those that are there go on.
            for container in (runs, second_runtime):
                self.assertEqual(self.sh(container, "echo runs").stdout, b"runs\n")
            self.assertEqual({c.id for c in self.containers()}, {runs, made, second_runtime})
            self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_READY)
        finally:
            os.unlink(f"{FOLDER}/lib/filler")
        # Nothing of the failures is in the way.
        second = self.run_pod(big)
        self.assertEqual(self.pod_status(second).state, cri.SANDBOX_READY)
        self.start(pod, config, "more", ["sleep", "1000"])
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=made))
        self.assertEqual(self.status(made).state, cri.CONTAINER_RUNNING)

    def test_pods_end_on_a_disk_without_a_byte_left(self):
        made = []
        for name in "abc":
            config = self.pod_config(name, network=POD if name == "a" else NODE)
            config.labels["text"] = "x" * 100_000
            pod = self.run_pod(config)
            made.append((pod, self.start(pod, config, "c", ["sleep", "1000"])))
        self.fill()
        try:
            (stopped, first), (removed, _), (killed, last) = made
            self.runtime.StopContainer(cri.StopContainerRequest(container_id=first, timeout=1))
            self.assertEqual(self.status(first).exit_code, 137)
            self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=stopped))
            self.assertEqual(self.pod_status(stopped).state, cri.SANDBOX_NOTREADY)
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=removed))
            self.daemon.kill()
            self.fill()
            self.daemon.start()
            self.assertEqual(self.pod_status(stopped).state, cri.SANDBOX_NOTREADY)
            self.assertEqual(self.status(last).state, cri.CONTAINER_RUNNING)
            for pod, _ in made:
                self.runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod))
                self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
            left = self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items
            self.assertFalse({pod for pod, _ in made} & {pod.id for pod in left})
        finally:
            os.unlink(f"{FOLDER}/lib/filler")


class Races(NodeTest):
    """Calls for one pod that overtake each other, as those of a kubelet that was started anew."""

    @staticmethod
    def outcome(call):
        error = call.exception()
        return (error.code(), error.details()) if error else (Code.OK, "")

    def test_a_pod_is_stopped_while_its_containers_start(self):
        for number in range(12):
            config = self.pod_config(f"race{number}", network=NODE)
            pod = self.run_pod(config)
            made = [self.create(pod, config, self.container_config(config, f"c{n}", ["sleep", "1000"])) for n in range(4)]
            starts = [self.runtime.StartContainer.future(cri.StartContainerRequest(container_id=c), timeout=60) for c in made]
            time.sleep(number * 0.001)
            ends = [self.runtime.StopPodSandbox.future(cri.StopPodSandboxRequest(pod_sandbox_id=pod), timeout=60)]
            ends += [self.runtime.RemoveContainer.future(cri.RemoveContainerRequest(container_id=c), timeout=60) for c in made[:2]]
            ends += [self.runtime.StopContainer.future(cri.StopContainerRequest(container_id=c, timeout=0), timeout=60) for c in made]
            details = [self.runtime.ContainerStatus.future(
                cri.ContainerStatusRequest(container_id=c, verbose=True), timeout=60) for c in made]
            self.assertEqual([self.outcome(call) for call in ends], [(Code.OK, "")] * len(ends))
            for call in starts + details:
                code, words = self.outcome(call)
                self.assertIn(code, (Code.OK, Code.FAILED_PRECONDITION, Code.NOT_FOUND), words)
            self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
            self.assertEqual({self.status(c).state for c in made[2:]} & {cri.CONTAINER_RUNNING}, set())
            self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))

    def test_containers_and_their_pod_are_removed_by_several(self):
        config = self.pod_config("race-remove", network=NODE)
        pod = self.run_pod(config)
        heard = self.listen()
        made = [self.create(pod, config, self.container_config(config, f"c{number}", ["true"])) for number in range(10)]
        removals = [
            self.runtime.RemoveContainer.future(cri.RemoveContainerRequest(container_id=c), timeout=60)
            for c in made for _ in range(4)]
        self.assertEqual([self.outcome(call) for call in removals], [(Code.OK, "")] * len(removals))
        removals = [
            self.runtime.RemovePodSandbox.future(cri.RemovePodSandboxRequest(pod_sandbox_id=pod), timeout=60)
            for _ in range(4)]
        self.assertEqual([self.outcome(call) for call in removals], [(Code.OK, "")] * len(removals))
        time.sleep(0.3)
        deleted = [id for kind, id in heard if kind == cri.CONTAINER_DELETED_EVENT]
        self.assertEqual(sorted(deleted), sorted([*made, pod]))

    def test_a_command_in_a_container_that_is_stopped(self):
        config = self.pod_config("race-exec", network=NODE)
        pod = self.run_pod(config)
        for number in range(8):
            container = self.start(pod, config, f"c{number}", ["sleep", "1000"])
            request = cri.ExecSyncRequest(container_id=container, cmd=["sleep", "5"], timeout=30)
            commands = [self.runtime.ExecSync.future(request, timeout=60) for _ in range(6)]
            time.sleep(number * 0.001)
            self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0))
            for call in commands:
                code, words = self.outcome(call)
                self.assertIn(code, (Code.OK, Code.FAILED_PRECONDITION), words)


class Listeners(NodeTest):
    def test_a_client_that_does_not_read_its_events(self):
        config = self.pod_config("events", network=NODE)
        # Each event tells of its pod with all labels.
        config.labels["long"] = "x" * 20_000
        pod = self.run_pod(config)
        before = resident(self.daemon.process.pid)
        deaf = self.runtime.GetContainerEvents(cri.GetEventsRequest())
        heard = self.listen()
        made, longest = [], 0
        for number in range(400):
            begun = time.time()
            container = self.create(pod, config, self.container_config(config, f"c{number}", ["true"]))
            self.runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=container))
            longest = max(longest, time.time() - begun)
            made.append(container)
        time.sleep(0.5)
        wanted = [(kind, name) for name in made for kind in (cri.CONTAINER_CREATED_EVENT, cri.CONTAINER_DELETED_EVENT)]
        self.assertEqual(heard, wanted)
        self.assertLess(longest, 2)
        # 800 events of 20 KB each would be 16 MB, and their parts as much again.
        self.assertLess(resident(self.daemon.process.pid) - before, 12 << 10)
        deaf.cancel()
