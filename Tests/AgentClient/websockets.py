"""Exec, attach and port forwarding through the agent by WebSocket (RFC 6455), as kubectl's newer half speaks it."""

import base64
import json
import os
import socket
import ssl
import struct
from urllib.parse import quote


class Stream:
    """`status` is 101 where the agent has agreed; then frames, each of which begins with its channel."""

    def __init__(self, agent, path, protocol="v5.channel.k8s.io"):
        with open(f"{agent.root}/agent/port") as file:
            port = int(file.read())
        with open(f"{agent.root}/agent/pki/token") as file:
            token = file.read().strip()
        context = ssl.create_default_context(cafile=f"{agent.root}/agent/pki/kubelet.crt")
        context.check_hostname = False
        self.connection = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20))
        key = base64.b64encode(os.urandom(16)).decode()
        self.connection.sendall(
            (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n"
             f"Upgrade: websocket\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
             f"Sec-WebSocket-Protocol: {protocol}\r\nOrigin: http://127.0.0.1\r\n\r\n").encode())
        self.unread = b""
        while b"\r\n\r\n" not in self.unread and (part := self.connection.recv(4096)):
            self.unread += part
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, channel, data):
        payload, mask = bytes([channel]) + data, os.urandom(4)
        head = bytes([0x82, 0x80 | len(payload)]) if len(payload) < 126 else struct.pack(">BBH", 0x82, 0xfe, len(payload))
        self.connection.sendall(head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)))

    def frame(self):
        """The next one: its channel, and what it has; None at the end."""
        while True:
            kind, length = self.take(2)
            if length == 126:
                length = struct.unpack(">H", self.take(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.take(8))[0]
            body = self.take(length)
            if kind & 15 == 8:
                return None
            if kind & 15 in (1, 2) and body:
                return body[0], body[1:]

    def rest(self):
        """All that comes until the end, by channel."""
        channels = {}
        while frame := self.frame():
            channels[frame[0]] = channels.get(frame[0], b"") + frame[1]
        return channels

    def take(self, count):
        while len(self.unread) < count:
            part = self.connection.recv(1 << 16)
            if not part:
                raise EOFError("the agent has cut the stream off")
            self.unread += part
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken


def execute(agent, pod, *command, container="c", protocol="v5.channel.k8s.io"):
    """What a program writes to its two streams, and how it ends, a v1.Status; a number instead where it is refused."""
    words = "&".join(f"command={quote(word)}" for word in command)
    with Stream(agent, f"/exec/default/{pod}-node/{container}?{words}&output=1&error=1", protocol) as stream:
        if stream.status != 101:
            return stream.status
        channels = stream.rest()
        return channels.get(1, b""), channels.get(2, b""), json.loads(channels[3])
