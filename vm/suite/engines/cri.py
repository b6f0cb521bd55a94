"""A client of the CRI that knows no more of it than the numbers of the fields it uses (Kubernetes' cri-api, v1).

A message is a dict from field number to value: int, str, bytes, dict (a message), or a list of these. What comes
back is a dict from field number to the list of its values: ints, and bytes that `message` takes apart.
"""

import grpc


def encode(fields):
    out = b""
    for number, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                out += _varint(number << 3) + _varint(one)
            else:
                data = encode(one) if isinstance(one, dict) else one.encode() if isinstance(one, str) else one
                out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return out


def message(data):
    found, at = {}, 0
    while at < len(data):
        key, at = _read_varint(data, at)
        if key & 7 == 0:
            value, at = _read_varint(data, at)
        elif key & 7 == 2:
            length, at = _read_varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            raise ValueError(f"a field of wire type {key & 7}")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, at


class Client:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix://" + socket)

    def call(self, method, fields, timeout=180):
        ask = self.channel.unary_unary("/runtime.v1.RuntimeService/" + method, encode, message)
        return ask(fields, timeout=timeout)
