"""Exec, attach and port-forward: the URLs of the CRI's answers, over WebSocket as kubectl speaks it."""

import json
import os
import socket
import struct
import time

import grpc
import websocket

from node import NODE, NodeTest, cri

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


class Stream:
    def __init__(self, url, protocol="v5.channel.k8s.io"):
        self.socket = websocket.create_connection(
            url.replace("http://", "ws://"), subprotocols=[protocol], timeout=20)
        self.received = {}
        self.ended = False

    def send(self, channel, data):
        self.socket.send_binary(bytes([channel]) + data)

    def receive(self):
        """Takes one message; false at the end."""
        kind, data = self.socket.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE:
            self.ended = True
            return False
        if data:
            self.received[data[0]] = self.received.get(data[0], b"") + data[1:]
        return True

    def until(self, channel, text):
        while text not in self.received.get(channel, b""):
            if not self.receive():
                raise AssertionError(f"no {text} in {self.received}")

    def to_the_end(self):
        while not self.ended:
            try:
                self.receive()
            except websocket.WebSocketConnectionClosedException:
                break
        return self.received

    def exit_code(self):
        status = json.loads(self.to_the_end()[ERROR])
        if status["status"] == "Success":
            return 0
        return int(next(c["message"] for c in status["details"]["causes"] if c["reason"] == "ExitCode"))


class Streams(NodeTest):
    def test_exec_with_input_and_exit_code(self):
        config = self.pod_config("exec")
        container = self.start(self.run_pod(config), config, "c", ["sleep", "100"])
        url = self.runtime.Exec(cri.ExecRequest(
            container_id=container, cmd=["sh", "-c", "cat; echo done >&2; exit 6"], stdin=True, stdout=True,
            stderr=True)).url
        stream = Stream(url)
        stream.send(STDIN, b"hello ")
        stream.until(STDOUT, b"hello ")
        stream.send(STDIN, b"world")
        stream.send(CLOSE, bytes([STDIN]))
        self.assertEqual(stream.exit_code(), 6)
        self.assertEqual(stream.received[STDOUT], b"hello world")
        self.assertEqual(stream.received[STDERR], b"done\n")
        # A URL counts once.
        with self.assertRaises(websocket.WebSocketBadStatusException):
            Stream(url)

    def test_exec_that_leaves_something_running(self):
        config = self.pod_config("left")
        container = self.start(self.run_pod(config), config, "c", ["sleep", "100"])
        stream = Stream(self.runtime.Exec(cri.ExecRequest(
            container_id=container, cmd=["sh", "-c", "sleep 50 & echo begun; exit 5"], stdout=True, stderr=True)).url)
        # The socket's own time limit is 20 seconds.
        self.assertEqual(stream.exit_code(), 5)
        self.assertEqual(stream.received[STDOUT], b"begun\n")

    def test_exec_on_a_terminal(self):
        config = self.pod_config("terminal")
        container = self.start(self.run_pod(config), config, "c", ["sleep", "100"])
        stream = Stream(self.runtime.Exec(cri.ExecRequest(
            container_id=container, cmd=["sh"], tty=True, stdin=True, stdout=True)).url)
        stream.send(RESIZE, b'{"Width":97,"Height":31}')
        stream.send(STDIN, b"stty size; exit 4\n")
        self.assertEqual(stream.exit_code(), 4)
        self.assertIn(b"31 97", stream.received[STDOUT])

    def leave(self, stream, abruptly):
        if abruptly:
            stream.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            stream.socket.sock.shutdown(socket.SHUT_RDWR)
        stream.socket.sock.close()

    def nothing_stays(self, pod, container, come_and_leave):
        """Of 200 clients, compared with what the first ones have made: sockets that wait."""
        info = json.loads(self.runtime.PodSandboxStatus(
            cri.PodSandboxStatusRequest(pod_sandbox_id=pod, verbose=True)).info["info"])
        programs = [self.daemon.process.pid, info["shimPid"]]

        def held():
            """The clients' processes in the container, and descriptors of the daemon and the pod's shim."""
            counts = [len(os.listdir(f"/proc/{pid}/fd")) for pid in programs]
            listed = self.sh(container, "ps -o args").stdout.decode().splitlines()
            return [len([line for line in listed if line.strip() in ("sh", "cat", "sleep 99")])] + counts

        def settled(bound=None):
            """What is held when that changes no more, or is within the bound."""
            deadline = time.time() + 10
            last = held()
            while True:
                time.sleep(0.5)
                now = held()
                is_over = now == last if bound is None else all(a <= b for a, b in zip(now, bound))
                if is_over or time.time() > deadline:
                    return now
                last = now

        for number in range(6):
            come_and_leave(number)
        before = settled()
        self.assertEqual(before[0], 0)
        for number in range(200):
            come_and_leave(number)
        after = settled(bound=before)
        self.assertTrue(all(a <= b for a, b in zip(after, before)), f"{before} before, {after} after")

    def test_cve_2022_23471(self):
        """Clients that leave as their command begins leave no process and no descriptor behind."""
        config = self.pod_config("dropped")
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])

        def drop(number):
            terminal = number % 3 == 0
            command = (["sh"], ["cat"], ["sleep", "99"])[number % 3]
            stream = Stream(self.runtime.Exec(cri.ExecRequest(
                container_id=container, cmd=command, tty=terminal, stdin=command != ["sleep", "99"], stdout=True)).url)
            self.leave(stream, abruptly=number % 2)

        self.nothing_stays(pod, container, drop)

    def test_cve_2025_64329(self):
        """Clients that attach and leave, at once or with output that they have not read."""
        config = self.pod_config("attached")
        pod = self.run_pod(config)

        def interactive(container):
            container.stdin = True

        container = self.start(
            pod, config, "c", ["sh", "-c", "while true; do echo a line of some length; sleep 0.01; done"], interactive)

        def drop(number):
            stream = Stream(self.runtime.Attach(cri.AttachRequest(
                container_id=container, stdin=number % 3 == 0, stdout=True, stderr=True)).url)
            if number % 5 == 0:
                stream.until(STDOUT, b"line")
            self.leave(stream, abruptly=number % 2)

        self.nothing_stays(pod, container, drop)
        self.assertEqual(self.status(container).state, cri.CONTAINER_RUNNING)

    def test_attach(self):
        config = self.pod_config("attach")

        def interactive(container):
            container.stdin = True

        container = self.start(
            self.run_pod(config), config, "c", ["sh", "-c", "while read x; do echo got $x; done; exit 3"], interactive)
        for word in (b"one", b"two"):
            stream = Stream(self.runtime.Attach(cri.AttachRequest(
                container_id=container, stdin=True, stdout=True, stderr=True)).url)
            stream.send(STDIN, word + b"\n")
            stream.until(STDOUT, b"got " + word)
            # Who leaves without a word lets the container's input open.
            stream.socket.close()
        self.assertEqual(self.status(container).state, cri.CONTAINER_RUNNING)

    def test_port_forward(self):
        config = self.pod_config("forward")
        pod = self.run_pod(config)
        script = "mkdir /www; echo page > /www/index.html; exec httpd -f -p 8080 -h /www"
        container = self.start(pod, config, "c", ["sh", "-c", script])
        self.sh(container, "until wget -qO- http://127.0.0.1:8080/; do sleep 0.1; done")
        stream = Stream(
            self.runtime.PortForward(cri.PortForwardRequest(pod_sandbox_id=pod, port=[8080])).url + "?ports=8080",
            "v4.channel.k8s.io")
        stream.send(0, b"GET / HTTP/1.0\r\n\r\n")
        stream.until(0, b"page")
        # Each channel begins with the number of its port.
        self.assertEqual(struct.unpack("<H", stream.received[0][:2])[0], 8080)
        stream.socket.close()

    def test_refusals(self):
        config = self.pod_config("refusals")
        pod = self.run_pod(config)
        made = self.create(pod, config, self.container_config(config, "c", ["true"]))
        code = grpc.StatusCode
        self.refused(code.FAILED_PRECONDITION, self.runtime.Exec, cri.ExecRequest(container_id=made, cmd=["true"], stdout=True))
        container = self.start(pod, config, "d", ["sleep", "100"])
        self.refused(code.INVALID_ARGUMENT, self.runtime.Exec, cri.ExecRequest(container_id=container, cmd=["true"]))
        self.refused(code.INVALID_ARGUMENT, self.runtime.Exec, cri.ExecRequest(container_id=container, stdout=True))
        self.refused(code.INVALID_ARGUMENT, self.runtime.Exec,
                     cri.ExecRequest(container_id=container, cmd=["true"], tty=True, stdout=True, stderr=True))
        self.refused(code.INVALID_ARGUMENT, self.runtime.PortForward, cri.PortForwardRequest(pod_sandbox_id=pod, port=[70000]))


class Tokens(NodeTest):
    def test_as_many_urls_as_may_wait(self):
        config = self.pod_config("urls", network=NODE)
        pod = self.run_pod(config)
        container = self.start(pod, config, "c", ["sleep", "100"])
        request = cri.ExecRequest(container_id=container, cmd=["true"], stdout=True)
        for _ in range(1000):
            self.runtime.Exec(request, timeout=60)
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.runtime.Exec, request)


class BaseURL(NodeTest):
    more = '[streaming]\nbase_url = "https://node.example:10010"\n'

    def test_urls_begin_with_it(self):
        config = self.pod_config("base", network=NODE)
        container = self.start(self.run_pod(config), config, "c", ["sleep", "100"])
        answer = self.runtime.Exec(cri.ExecRequest(container_id=container, cmd=["true"], stdout=True))
        self.assertTrue(answer.url.startswith("https://node.example:10010/exec/"), answer.url)
