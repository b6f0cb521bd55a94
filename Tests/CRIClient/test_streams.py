"""Exec, attach and port-forward: the URLs of the CRI's answers, over WebSocket as kubectl speaks it."""

import json
import struct

import grpc
import websocket

from node import NodeTest, cri

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
