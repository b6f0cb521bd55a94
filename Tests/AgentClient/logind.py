"""A system bus with nobody on it but a logind that only knows of the machine's end (D-Bus specification, "Message
Protocol")."""

import array
import os
import socket
import struct
import threading

LOGIND = ":1.7"


def pad(data, size):
    return data + bytes(-len(data) % size)


def string(text):
    return struct.pack("<I", len(text)) + text.encode() + b"\0"


def message(kind, serial, fields, body=b""):
    """Fields: (code, signature, value), of strings, signatures and numbers."""
    head = b""
    for code, signature, value in fields:
        head = pad(head, 8) + bytes([code, 1]) + signature.encode() + b"\0"
        if signature == "u":
            head = pad(head, 4) + struct.pack("<I", value)
        elif signature == "g":
            head += bytes([len(value)]) + value.encode() + b"\0"
        else:
            head = pad(head, 4) + string(value)
    start = struct.pack("<4BII", ord("l"), kind, 0, 1, len(body), serial)
    return pad(start + struct.pack("<I", len(head)) + head, 8) + body


class Logind:
    """Holds one lock for one client; `lock` is its other end, which is at its end when the lock is released."""

    def __init__(self, path, delay):
        self.delay = delay
        self.calls = []
        self.lock = None
        self.client = None
        self.serial = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.client, _ = self.listener.accept()
            except OSError:
                return
            self.talk(self.client)

    def talk(self, client):
        data = b""
        while not data.endswith(b"BEGIN\r\n"):
            data += client.recv(4096)
        client.sendall(b"OK 0123456789abcdef\r\nAGREE_UNIX_FD\r\n")
        data = b""
        while True:
            while len(data) < 16 or len(data) < self.length(data):
                more = client.recv(4096)
                if not more:
                    return
                data += more
            length = self.length(data)
            self.answer(client, data[:length])
            data = data[length:]

    @staticmethod
    def length(data):
        body, _, fields = struct.unpack("<III", data[4:16])
        return 16 + fields + (-fields % 8) + body

    def answer(self, client, call):
        serial = struct.unpack("<I", call[8:12])[0]
        member = next(name for name in ("Hello", "AddMatch", "Get", "Inhibit", "KillUnit")
                      if b"\x03\x01s\0" + string(name) in call)
        self.calls.append(member)
        descriptors, fields, body = [], [], b""
        if member == "Hello":
            fields, body = [(8, "g", "s")], string(":1.1")
        elif member == "Get":
            fields, body = [(8, "g", "v")], b"\x01t\0" + bytes(5) + struct.pack("<Q", self.delay * 1_000_000)
        elif member == "Inhibit":
            self.lock, other = os.pipe()
            descriptors = [other]
            fields, body = [(8, "g", "h"), (9, "u", 1)], struct.pack("<I", 0)
        self.serial += 1
        sender = "org.freedesktop.DBus" if member in ("Hello", "AddMatch") else LOGIND
        reply = message(2, self.serial, [(5, "u", serial), (7, "s", sender)] + fields, body)
        client.sendmsg([reply], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else [])
        for descriptor in descriptors:
            os.close(descriptor)

    def prepare(self, isEnding):
        """Says that the machine is about to end, or that it goes on."""
        self.serial += 1
        self.client.sendall(message(4, self.serial, [
            (1, "o", "/org/freedesktop/login1"), (2, "s", "org.freedesktop.login1.Manager"),
            (3, "s", "PrepareForShutdown"), (7, "s", LOGIND), (8, "g", "b")], struct.pack("<I", isEnding)))

    def wait_for_release(self):
        os.read(self.lock, 1)

    def close(self):
        self.listener.close()
        if self.client:
            self.client.close()
