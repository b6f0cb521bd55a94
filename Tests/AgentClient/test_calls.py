"""The agent's own runtime, called as programs in Go call it: grpc-go measures its connection with a PING at each answer."""

import signal
import socket
import struct
import time
import unittest

from agent import AgentTest, container, shell, wait


def frame(kind, flags, stream, body=b""):
    """RFC 9113, section 4.1."""
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def field(name, value):
    """Of a block of headers: a literal that is not kept (RFC 7541, section 6.2.2)."""
    return b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))


class Calls(AgentTest):
    DATA, HEADERS, SETTINGS, PING, GOAWAY = 0, 1, 4, 6, 7
    END_STREAM, ACK, END_HEADERS = 1, 1, 4

    def test_more_calls_than_a_flood_would_be(self):
        head = b"".join(field(*pair) for pair in (
            (":method", "POST"), (":scheme", "http"), (":path", "/runtime.v1.RuntimeService/Version"), (":authority", "x"),
            ("content-type", "application/grpc"), ("te", "trailers")))
        with socket.socket(socket.AF_UNIX) as self.connection:
            self.connection.settimeout(20)
            self.connection.connect(f"{self.agent.folder}/run/cri.sock")
            self.unread = b""
            self.connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(self.SETTINGS, 0, 0) + frame(self.SETTINGS, self.ACK, 0))
            for call in range(600):
                stream = 2 * call + 1
                self.connection.sendall(frame(self.HEADERS, self.END_HEADERS, stream, head)
                                        + frame(self.DATA, self.END_STREAM, stream, b"\0\0\0\0\0"))
                ended = False
                while not ended:
                    kind, flags, body = self.read()
                    self.assertNotEqual(kind, self.GOAWAY, f"cut off at call {call}: {body}")
                    if kind == self.DATA:
                        self.connection.sendall(frame(self.PING, 0, 0, b"\2\4\x10\x10\x09\x0e\x07\x07"))
                    ended = kind == self.HEADERS and flags & self.END_STREAM

    def read(self):
        head = self.take(9)
        return head[3], head[4], self.take(int.from_bytes(head[:3], "big"))

    def take(self, count):
        while len(self.unread) < count:
            part = self.connection.recv(1 << 16)
            self.assertTrue(part, "the connection has ended")
            self.unread += part
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken


class Ending(AgentTest):
    def test_a_signal_ends_it_at_once_and_no_pod(self):
        self.agent.pod("goes-on", {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "c", "command": shell("exec sleep 1000")}]})
        self.agent.wait_ready("goes-on")
        start = time.monotonic()
        self.assertEqual(self.agent.stop(), 0)
        self.assertLess(time.monotonic() - start, 4)
        # Somebody who asks is told so, and not kept waiting.
        start = time.monotonic()
        asked = self.agent.run("pods", check=False)
        self.assertNotEqual(asked.returncode, 0)
        self.assertRegex(asked.stderr, r"^swiftlet: no agent answers at https://127\.0\.0\.1:\d+: [Cc]onnection refused\n$")
        self.assertLess(time.monotonic() - start, 4)
        self.agent.start()
        self.agent.wait_ready("goes-on")
        self.assertEqual(container(self.agent.find("goes-on"), "c")["restartCount"], 0)


class HangUp(AgentTest):
    """`systemctl reload`, to an agent that has its runtime beside it."""

    separate = True

    def test_ends_nothing_and_is_answered(self):
        self.agent.process.send_signal(signal.SIGHUP)
        wait(lambda: "nothing is read anew" in self.agent.log() or self.agent.process.poll() is not None, "it answers", 10)
        self.assertIsNone(self.agent.process.poll())
        self.assertEqual(self.agent.get("/healthz"), "ok")


if __name__ == "__main__":
    unittest.main()
