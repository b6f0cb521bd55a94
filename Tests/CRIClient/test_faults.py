"""Faults of the machine and of clients: who has nothing to do with them does not notice."""

import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request

import grpc

from node import FOLDER, NODE, NodeTest, cri
from test_recovery import shims

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
    more = 'timeouts.stop_margin = "1s"\n'

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
        shim = shims()[pod]
        os.kill(shim, signal.SIGSTOP)
        try:
            stops = self.runtime.StopContainer.future(cri.StopContainerRequest(container_id=container, timeout=0), timeout=30)
            longest = 0
            for _ in range(10):
                begun = time.time()
                self.assertEqual(self.sh(free, "echo free").stdout, b"free\n")
                self.assertEqual(len(self.containers()), 2)
                self.runtime.ListContainerStats(cri.ListContainerStatsRequest())
                longest = max(longest, time.time() - begun)
            self.assertLess(longest, 1)
            self.assertEqual(stops.exception().code(), Code.DEADLINE_EXCEEDED)
        finally:
            os.kill(shim, signal.SIGCONT)
        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0), timeout=20)
        self.assertEqual(self.wait_for(container, cri.CONTAINER_EXITED).exit_code, 137)


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
            self.assertEqual(self.sh(runs, "echo runs").stdout, b"runs\n")
            self.assertEqual({c.id for c in self.containers()}, {runs, made})
            self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_READY)
        finally:
            os.unlink(f"{FOLDER}/lib/filler")
        # Nothing of the failures is in the way.
        second = self.run_pod(big)
        self.assertEqual(self.pod_status(second).state, cri.SANDBOX_READY)
        self.start(pod, config, "more", ["sleep", "1000"])
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=made))
        self.assertEqual(self.status(made).state, cri.CONTAINER_RUNNING)


class Listeners(NodeTest):
    def test_a_client_that_does_not_read_its_events(self):
        config = self.pod_config("events", network=NODE)
        # Each event tells of its pod with all labels.
        config.labels["long"] = "x" * 20_000
        pod = self.run_pod(config)
        before = resident(self.daemon.process.pid)
        deaf = self.runtime.GetContainerEvents(cri.GetEventsRequest())
        heard = []
        attentive = self.runtime.GetContainerEvents(cri.GetEventsRequest())

        def listen():
            try:
                for event in attentive:
                    heard.append((event.container_event_type, event.container_id))
            except grpc.RpcError:
                pass

        thread = threading.Thread(target=listen)
        thread.start()
        time.sleep(0.3)
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
        attentive.cancel()
        thread.join()
        deaf.cancel()
