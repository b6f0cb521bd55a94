"""The daemon is killed at any moment of a mixed load."""

import os
import random
import signal
import threading
import time

import grpc
import websocket

from node import CONTAINER, NODE, POD, NodeTest, cri, devices, groups, shims, soon
from test_streams import STDIN, STDOUT, Stream

Code = grpc.StatusCode
# What a kill makes of a call.
CUT_OFF = [Code.UNAVAILABLE, Code.CANCELLED]
STAYS, ENDS = ["sleep", "1000"], ["sh", "-c", "sleep 0.05; exit 3"]
OBEYS = ["sh", "-c", "trap 'exit 9' TERM; while true; do sleep 0.02; done"]


class Client(threading.Thread):
    """Makes pods of all kinds until the daemon is gone."""

    def __init__(self, test, name, anchor):
        super().__init__()
        self.test, self.label, self.anchor = test, name, anchor
        self.random = random.Random(name)
        self.error = None

    def run(self):
        count = 0
        try:
            while True:
                count += 1
                self.life(f"{self.label}-{count}")
        except (ValueError, OSError, websocket.WebSocketException):
            # The channel or the socket is closed.
            pass
        except grpc.RpcError as error:
            if error.code() not in CUT_OFF:
                self.error = error
        except BaseException as error:
            self.error = error

    def life(self, name):
        test, runtime = self.test, self.test.runtime
        config = test.pod_config(
            name, network=self.random.choice([POD, POD, NODE]), pid=self.random.choice([POD, CONTAINER]))
        pod = test.run_pod(config)
        containers = []
        for number in range(self.random.randint(1, 3)):
            command = self.random.choice([STAYS, ENDS, OBEYS])
            container = test.start(pod, config, f"c{number}", command)
            containers.append(container)
            if command != ENDS:
                self.command_in(container)
        self.command_in(self.anchor)
        for container in containers:
            if self.random.random() < 0.7:
                grace = self.random.randint(0, 1)
                runtime.StopContainer(cri.StopContainerRequest(container_id=container, timeout=grace))
            if self.random.random() < 0.3:
                runtime.RemoveContainer(cri.RemoveContainerRequest(container_id=container))
        if self.random.random() < 0.5:
            runtime.StopPodSandbox(cri.StopPodSandboxRequest(pod_sandbox_id=pod))
        runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod))

    def command_in(self, container):
        kind = self.random.randrange(3)
        if kind == 0:
            self.test.sh(container, "sleep 0.02; echo hi")
            return
        url = self.test.runtime.Exec(
            cri.ExecRequest(container_id=container, cmd=["cat"], stdin=True, stdout=True, tty=kind == 1)).url
        stream = Stream(url)
        try:
            stream.send(STDIN, b"text\n")
            if self.random.random() < 0.5:
                stream.until(STDOUT, b"text")
        finally:
            stream.socket.shutdown()


class Kills(NodeTest):
    def test_killed_at_random_under_load(self):
        """Short form: 6 kills; SWIFTLET_SOAK: 200."""
        rounds = 200 if os.environ.get("SWIFTLET_SOAK") else 6
        random.seed(rounds)
        config = self.pod_config("anchor")
        anchor = self.run_pod(config)
        lives = self.start(anchor, config, "lives", ["sleep", "100000"])
        coded = self.start(anchor, config, "coded", ["sh", "-c", "exit 42"])
        self.wait_for(coded, cri.CONTAINER_EXITED)
        address, device = self.pod_status(anchor).network.ip, devices()
        for round in range(rounds):
            clients = [Client(self, f"k{round}-{number}", lives) for number in range(3)]
            for client in clients:
                client.start()
            time.sleep(random.uniform(0.02, 0.6))
            self.daemon.process.send_signal(signal.SIGKILL)
            self.daemon.process.wait()
            for client in clients:
                client.join()
            self.daemon.channel.close()
            self.daemon.start()
            self.assertEqual([client.error for client in clients], [None] * 3)
            self.assertEqual(self.pod_status(anchor).network.ip, address)
            self.assertEqual(self.status(lives).state, cri.CONTAINER_RUNNING)
            self.assertEqual(self.status(coded).exit_code, 42)
            # What the kill has cut off is undone, or as true as before.
            for pod in self.runtime.ListPodSandbox(cri.ListPodSandboxRequest()).items:
                if pod.id != anchor:
                    self.runtime.RemovePodSandbox(cri.RemovePodSandboxRequest(pod_sandbox_id=pod.id))
            self.assertEqual({c.id for c in self.containers()}, {lives, coded})
            soon(lambda: set(shims()) == {anchor})
            soon(lambda: devices() == device and not [group for group in groups() if anchor not in group])
        # Commands end with the daemon that was asked for them.
        soon(lambda: "cat" not in self.sh(lives, "ps -o args").stdout.decode().split("\n"))
