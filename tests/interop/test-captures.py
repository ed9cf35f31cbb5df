#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The node of these tests against real traffic: it reads all captures, and writes what real nodes
wrote; and against itself, in each version, so that what it says of zclnd may be believed."""
import struct

import harness
import ksock
from harness import equal, host, test
from ksock import BULK_IN, BULK_OUT, CONTROL, NONE, Message
from node import Closed, Conn, Node, Refused

STREAMS = harness.TOP_SRC / "tests" / "captures" / "streams"


def streams(name):
    """{number: {"A": bytes, "P": bytes}}"""
    found = {}
    for line in (STREAMS / f"{name}.streams").read_text(encoding="ascii").splitlines():
        word, *rest = line.split()
        if word == "stream":
            found[rest[0]] = {"A": b"", "P": b""}
        else:
            found[word][rest[0]] += bytes.fromhex(rest[2])
    return found


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def recv(self, n):
        if self.at + n > len(self.data):
            raise Closed("eof", self.data[self.at:])
        self.at += n
        return self.data[self.at - n:self.at]


def read_side(data, side):
    """Everything that a side sent, read and written anew: (hello, messages)."""
    reader = Bytes(data)
    if side == "A":
        request = reader.recv(16)
        equal(ksock.accept_request(struct.unpack("<Q", request[8:])[0]), request)
    start = reader.at
    hello = ksock.read_hello(reader.recv)
    equal(hello.pack().hex(), data[start:reader.at].hex(), "HELLO")
    messages = []
    while reader.at < len(data):
        start = reader.at
        message = ksock.read_message(reader.recv, hello.version)
        again = ksock.pack_message(message, hello.version, with_checksum=message.csum != 0)
        equal(again.hex(), data[start:reader.at].hex(), "message")
        messages.append(message)
    return hello, messages


def whole(name):
    """Streams that the capture has from their beginning."""
    return [pair for pair in streams(name).values() if pair["A"][:4] == b"\x00\x71\xce\xac"]


def cookies(name, version):
    asked, acked = [], []
    for pair in whole(name):
        for side in "AP":
            _, messages = read_side(pair[side], side)
            asked += [m.req for m in messages if m.type is not None and m.req]
            acked += [c for m in messages for c in m.acked(version)]
    return asked, acked


def read_capture(name):
    seen = 0
    for pair in whole(name):
        for side in "AP":
            if pair[side]:
                seen += 1 + len(read_side(pair[side], side)[1])
    assert seen > 2, seen


for capture in sorted(path.stem for path in STREAMS.glob("*.streams")):
    test(f"{capture}: each byte is understood, and written the same", capture)(read_capture)


@test("every ZC request of the captures has one ACK: V2", "v2-lst-brw-write-16k-c8-full", 2)
@test("every ZC request of the captures has one ACK: V3, with pairs",
      "v3-lst-brw-write-16k-c8-full", 3)
def captured_cookies(name, version):
    asked, acked = cookies(name, version)
    equal(sorted(asked), list(range(2, 18)))
    equal(sorted(acked), sorted(asked))


@test("a checksum that is wrong is found")
def wrong_checksum():
    data = whole("v2-csum-ping")[0]["A"]
    broken = data[:-1] + bytes([data[-1] ^ 1])
    read_side(data, "A")
    try:
        read_side(broken, "A")
    except ksock.ProtocolError as error:
        equal(str(error), "checksum")
        return
    raise AssertionError("not found")


@test("cookies coalesce to pairs and ranges, and come out again")
def coalescing():
    equal(ksock.coalesce([2]), [(0, 2)])
    equal(ksock.coalesce([2, 3]), [(3, 2)])
    equal(ksock.coalesce([2, 9]), [(9, 2)])
    equal(ksock.coalesce([2, 3, 4, 5]), [(2, 5)])
    for some in ([2], [2, 3], [2, 4, 6], [2, 3, 4], [2, 3, 4, 5, 9, 11, 12, 13, 14, 20]):
        got = [c for pair in ksock.coalesce(some) for c in ksock.noop_cookies(*pair)]
        equal(sorted(got), some)
    equal(Message(ack=ksock.KEEPALIVE).acked(3), [])


# ---- two of them -------------------------------------------------------------------------

@test("two nodes of V1, in all three connections", 1, "<", False)
@test("two nodes of V2, in all three connections", 2, "<", False)
@test("two nodes of V3, in all three connections", 3, "<", False)
@test("two nodes of V2, the caller big-endian", 2, ">", False)
@test("two nodes of V2, with checksums", 2, "<", True)
def two_nodes(version, order, with_checksum):
    with Node(host(1), version, with_checksum=with_checksum) as there, \
            Node(host(2), version, order, with_checksum) as here:
        conns = here.connect(there.nid, there.where())
        # The last call is noted when its answer has gone.
        there.wait("three calls", lambda: len(there.calls) == 3)
        equal([c[1:] for c in there.calls],
              [(CONTROL, "accepted"), (BULK_IN, "accepted"), (BULK_OUT, "accepted")])
        conns[CONTROL].send_message(here.get_ping(there.nid))
        puts = [here.put(there.nid, bytes([i]) * 20000, zero_copy=version > 1)
                for i in range(20)]
        conns[BULK_OUT].send_message(*puts)
        here.wait("a REPLY and the LNet ACKs", lambda: len(here.received) == 21)
        here.wait("ZC-ACKs", lambda: not here.asked)
        equal(sorted(here.acks), [p.req for p in puts if p.req])
        # A message is noted when it is handled, which is after its ACKs have gone.
        there.wait("all messages", lambda: len(there.received) == 21)
        equal([m.payload for _, m in there.received if m.type == ksock.PUT],
              [p.payload for p in puts])


@test("a V3 node falls back to what a V2 node tells", 3, 2, "reply")
@test("a V2 node falls back to what a V1 node tells", 2, 1, "reply")
@test("a V3 node falls back from a node of before 2007", 3, 1, "abort")
def falls_back(best, theirs, refuses):
    with Node(host(1), theirs, refuses=refuses) as there, Node(host(2), best) as here:
        here.connect(there.nid, there.where())
        there.wait("a refusal and three calls", lambda: len(there.calls) == 4)
        equal(there.calls[0], (best, None, "version"))
        equal([c[0] for c in there.calls[1:]], [theirs] * 3)


@test("a refusal is a HELLO, then a reset")
def refusal():
    with Node(host(1), 2) as there, Node(host(2), 3) as here:
        try:
            here.call(there.nid, there.where())
        except Refused as refused:
            equal((refused.hello.version, refused.hello.ctype, refused.hello.dst_nid,
                   refused.how), (2, NONE, there.nid, "reset"))
            return
        raise AssertionError("accepted")


@test("a byte at a time is read as well")
def byte_by_byte():
    with Node(host(1)) as there, Node(host(2)) as here:
        conn = here.call(there.nid, there.where(), slow=True)
        conn.send_message(here.get_ping(there.nid))
        equal(conn.message().type, ksock.REPLY)


if __name__ == "__main__":
    harness.run()
