"""Writes request.snappy: a remote-write 1.0 request, protobuf and Snappy by hand, so that our encoders have no part in it."""
import os
import struct


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def tagged(number, kind, body):
    return varint(number << 3 | kind) + body


def text(number, content):
    content = content.encode() if isinstance(content, str) else content
    return tagged(number, 2, varint(len(content)) + content)


def integer(number, n):
    return tagged(number, 0, varint(n & (1 << 64) - 1))


def signed(number, n):
    return integer(number, n << 1 ^ n >> 63)


def double(number, value):
    return tagged(number, 1, struct.pack("<d", value))


def labels(**pairs):
    return b"".join(text(1, text(1, name) + text(2, value)) for name, value in sorted(pairs.items()))


def sample(value, time):
    return text(2, double(1, value) + integer(2, time))


def packed_signed(number, values):
    return text(number, b"".join(varint(n << 1 ^ n >> 63) for n in values))


T = 1_700_000_000_000
histogram = (
    integer(1, 10) + double(3, 18.4) + signed(4, 1) + double(5, 0.001) + integer(6, 2)
    + text(8, signed(1, 0) + integer(2, 1)) + packed_signed(9, [1])
    + text(11, signed(1, 0) + integer(2, 2)) + text(11, signed(1, 1) + integer(2, 2)) + packed_signed(12, [1, 1, -1, 2])
    + integer(14, 2) + integer(15, T)
)
exemplar = text(3, labels(trace_id="abc") + double(2, 1.0) + integer(3, T))
request = b"".join([
    text(1, labels(__name__="http_requests_total", code="200", job="api") + sample(1027, T) + sample(1030.5, T + 15000) + exemplar),
    text(1, labels(__name__="température", job="Zürich") + sample(-1.5, T)),
    text(1, labels(__name__="latency_seconds", job="api") + text(4, histogram)),
    text(3, integer(1, 1) + text(2, "http_requests_total") + text(4, "Requests served.") + text(5, "requests")),
    text(77, "a field of a later version"),
])

block = varint(len(request))
for start in range(0, len(request), 60):
    part = request[start:start + 60]
    block += bytes([len(part) - 1 << 2]) + part
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "request.snappy"), "wb") as file:
    file.write(block)
