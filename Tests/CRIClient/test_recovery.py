"""The daemon and the shims are killed; what was acknowledged is there afterwards."""

import os
import random
import signal
import subprocess
import threading
import time

import grpc

from node import FOLDER, NODE, NodeTest, cri


def shims():
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline") as file:
                words = file.read().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith("swiftlet-shim") and f"{FOLDER}/run/k8s" in words and "--id" in words:
            found[words[words.index("--id") + 1]] = int(entry)
    return found


class Recovery(NodeTest):
    def restart(self):
        self.daemon.kill()
        self.daemon.start()

    def test_containers_live_on_without_the_daemon(self):
        config = self.pod_config("alive")
        pod = self.run_pod(config)
        runs = self.start(pod, config, "runs", ["sleep", "1000"])
        ends = self.start(pod, config, "ends", ["sh", "-c", "sleep 0.5; exit 5"])
        made = self.create(pod, config, self.container_config(config, "made", ["sleep", "1000"]))
        address = self.pod_status(pod).network.ip
        self.daemon.kill()
        time.sleep(0.8)
        self.daemon.start()
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_READY)
        self.assertEqual(self.pod_status(pod).network.ip, address)
        self.assertEqual(self.status(runs).state, cri.CONTAINER_RUNNING)
        self.assertEqual((self.status(ends).state, self.status(ends).exit_code), (cri.CONTAINER_EXITED, 5))
        self.assertEqual(self.sh(runs, "echo here").stdout, b"here\n")
        self.runtime.StartContainer(cri.StartContainerRequest(container_id=made))
        self.assertEqual(self.status(made).state, cri.CONTAINER_RUNNING)

    def test_a_killed_shim(self):
        config, other = self.pod_config("lost"), self.pod_config("other", network=NODE)
        pod, unhurt = self.run_pod(config), self.run_pod(other)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        keeps = self.start(unhurt, other, "c", ["sleep", "1000"])
        pid = int(self.sh(container, "cut -d' ' -f4 /proc/self/stat").stdout)
        os.kill(shims()[pod], signal.SIGKILL)
        status = self.wait_for(container, cri.CONTAINER_EXITED, seconds=1)
        self.assertEqual((status.exit_code, status.reason), (255, "Unknown"))
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)
        self.assertEqual(self.status(keeps).state, cri.CONTAINER_RUNNING)

    def test_a_shim_that_died_while_nobody_looked(self):
        config = self.pod_config("unseen")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        self.daemon.kill()
        os.kill(shims()[pod], signal.SIGKILL)
        self.daemon.start()
        self.assertEqual((self.status(container).exit_code, self.status(container).reason), (255, "Unknown"))
        self.assertEqual(self.pod_status(pod).state, cri.SANDBOX_NOTREADY)

    def test_a_frozen_shim_holds_nobody_else_up(self):
        config, other = self.pod_config("frozen", network=NODE), self.pod_config("free", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "1000"])
        shim = shims()[pod]
        os.kill(shim, signal.SIGSTOP)
        try:
            begun = time.time()
            blocked = self.runtime.ExecSync.future(
                cri.ExecSyncRequest(container_id=container, cmd=["true"], timeout=1), timeout=30)
            second = self.run_pod(other)
            free = self.start(second, other, "c", ["sleep", "1000"])
            self.assertEqual(self.sh(free, "echo free").stdout, b"free\n")
            self.containers()
            self.assertLess(time.time() - begun, 5)
        finally:
            os.kill(shim, signal.SIGCONT)
        blocked.exception(timeout=60)

    def test_killed_at_random_under_load(self):
        """Short form: 6 kills; SWIFTLET_SOAK: 200."""
        rounds = 200 if os.environ.get("SWIFTLET_SOAK") else 6
        random.seed(rounds)
        anchor_config = self.pod_config("anchor", network=NODE)
        anchor = self.run_pod(anchor_config)
        lives = self.start(anchor, anchor_config, "lives", ["sleep", "100000"])
        coded = self.start(anchor, anchor_config, "coded", ["sh", "-c", "exit 42"])
        self.wait_for(coded, cri.CONTAINER_EXITED)
        number = 0
        for round in range(rounds):
            stop = threading.Event()

            def load(worker):
                count = 0
                while not stop.is_set():
                    count += 1
                    try:
                        config = self.pod_config(f"k{round}-{worker}-{count}", network=NODE)
                        pod = self.run_pod(config)
                        container = self.start(pod, config, "c", ["sleep", "1000"])
                        self.runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=0))
                        self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))
                    except (grpc.RpcError, ValueError):
                        # Cut off by the kill.
                        return

            workers = [threading.Thread(target=load, args=(w,)) for w in range(2)]
            for worker in workers:
                worker.start()
            time.sleep(random.uniform(0.02, 0.4))
            self.daemon.process.send_signal(signal.SIGKILL)
            self.daemon.process.wait()
            stop.set()
            for worker in workers:
                worker.join()
            self.daemon.channel.close()
            self.daemon.start()
            self.assertEqual(self.status(lives).state, cri.CONTAINER_RUNNING)
            self.assertEqual(self.status(coded).exit_code, 42)
            # What the kill has cut off is undone, or as true as before.
            for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
                if pod.id != anchor:
                    self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id))
            self.assertEqual({c.id for c in self.containers()}, {lives, coded})
            self.assertEqual(set(shims()), {anchor})
