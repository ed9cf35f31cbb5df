#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zclnd peer is asked: pings, GETs and PUTs of every kind, and what none answers."""
import harness
import ksock
from callers import caller, check_ping
from harness import Peer, equal, test
from ksock import ANY, CONTROL, Message


@test("a ping of V1 is answered to the byte", 1)
@test("a ping of V2 is answered to the byte", 2)
@test("a ping of V2 in the other byte order is answered to the byte", 2, ">")
@test("a ping of V2 with a checksum is answered to the byte", 2, "<", True)
@test("a ping in one untyped connection is answered to the byte", 2, "<", False, ANY)
def pings(version, order="<", with_checksum=False, ctype=CONTROL):
    with Peer() as peer, caller(version, order=order, with_checksum=with_checksum) as node:
        conn = node.call(peer.nid, peer.where, ctype)
        check_ping(node, conn, peer)
        equal((conn.hello.src_pid, conn.hello.dst_nid if version > 1 else 0, conn.hello.ips,
               conn.hello.dst_pid, conn.hello.dst_incarnation),
              (12345, node.nid if version > 1 else 0, (), 0, 0))
        conn.close()
        peer.is_clean()


@test("a ping gets no more than it has room for")
def small_ping():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        for length in (0, 16, 20, 47, 48, 49):
            check_ping(node, conn, peer, length)


@test("a byte at a time is a ping, too", 1)
@test("a byte at a time is a ping, too (V2)", 2)
def slow_ping(version):
    with Peer() as peer, caller(version) as node:
        conn = node.call(peer.nid, peer.where, slow=True)
        check_ping(node, conn, peer)


@test("a hundred pings in one write have a hundred answers, in order")
def many_pings():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        gets = [node.get_ping(peer.nid) for _ in range(100)]
        conn.send_message(*gets)
        equal([conn.message().handle for _ in gets], [get.handle for get in gets])


@test("a GET that nothing matches has no answer, and harms nobody")
def unmatched_get():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        get = node.get_ping(peer.nid)
        get.portal = 7
        conn.send_message(get)
        check_ping(node, conn, peer)


@test("REPLY and ACK for a handle that nobody knows harm nobody")
def unknown_handles():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        conn.send_message(
            Message(ksock.REPLY, node.nid, peer.nid, b"x" * 5000, handle=bytes(range(16))),
            Message(ksock.ACK, node.nid, peer.nid, handle=bytes(range(16)), mlength=77))
        check_ping(node, conn, peer)
        assert "2 dropped" in peer.figures(), peer.figures()


@test("a NOOP that says nothing, and a keepalive, are ignored")
def idle_noops():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        for _ in range(3):
            conn.noop(0)
            conn.noop(ksock.KEEPALIVE)
        check_ping(node, conn, peer)
        assert "NOOPs received 6" in peer.figures()


@test("messages for another NID, or of another, are dropped, and harm nobody")
def foreign():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        for name, nid in (("dst", peer.nid + 1), ("src", node.nid + 1), ("dst", ksock.NID_ANY)):
            put = node.put(peer.nid, b"x" * 20000)
            setattr(put, name, nid)
            conn.send_message(put)
        check_ping(node, conn, peer)
        assert "3 dropped" in peer.figures()


@test("GETs of the store begin at their offset, and end with it or with their sink")
def store():
    size = 10000
    content = bytes((i * 7 + i // 251) & 0xff for i in range(size))
    with Peer("--store-size", size) as peer, caller() as node:
        conn = node.call(peer.nid, peer.where, ANY)
        put = node.put(peer.nid, content[1000:], portal=52, offset=1000)
        conn.send_message(put)
        equal((conn.message().type, put.handle != ksock.NO_HANDLE), (ksock.ACK, True))
        for offset, sink, length in ((1000, 9000, 9000), (1000, 1, 1), (1001, 200, 200),
                                     (9999, 200, 1), (5000, 100000, 5000), (0, 2000, 2000),
                                     (5000, ksock.MTU + 1, 5000), (5000, 2**32 - 1, 5000),
                                     (5000, 0, 0), (size, 1, 0), (2**32 - 1, 200, 0)):
            get = Message(ksock.GET, node.nid, peer.nid, portal=52, offset=offset,
                          sink_length=sink, handle=node.new_handle())
            conn.send_message(get)
            reply = conn.message()
            equal((reply.type, reply.handle, len(reply.payload)),
                  (ksock.REPLY, get.handle, length), f"{sink} bytes at {offset}")
            kept = bytes(1000) + content[1000:]
            equal(reply.payload.hex(), kept[offset:offset + length].hex(), f"at {offset}")


@test("PUTs to the store end with it; the LNet ACK tells what was taken")
def store_puts():
    size = 10000
    with Peer("--store-size", size) as peer, caller() as node:
        conn = node.call(peer.nid, peer.where, ANY)
        for offset, length, taken in ((0, size, size), (9000, 2000, 1000), (9999, 1, 1),
                                      (9999, 0, 0), (size, 1, 0), (size, 0, 0),
                                      (2**32 - 1, 5, 0), (1, ksock.MTU, size - 1)):
            put = node.put(peer.nid, b"x" * length, portal=52, offset=offset)
            conn.send_message(put)
            ack = conn.message()
            equal((ack.type, ack.handle, ack.mlength), (ksock.ACK, put.handle, taken),
                  f"{length} bytes at {offset}")
        equal(conn.is_silent(), True)


@test("a handle is none when all of it is ones: half of them are as good as any other")
def half_a_handle():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        for handle in (b"\xff" * 8 + b"\1" * 8, b"\1" * 8 + b"\xff" * 8, bytes(16)):
            put = node.put(peer.nid, b"x", handle=handle, want_ack=False)
            conn.send_message(put)
            ack = conn.message()
            equal((ack.type, ack.handle, ack.mlength), (ksock.ACK, handle, 1))


@test("a GET with a payload and a ZC request: skipped, acknowledged, and answered")
def loaded_get():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        get = node.get_ping(peer.nid)
        get.payload, get.req = b"x" * 20000, 7
        conn.send_message(get)
        reply = conn.message()
        equal((reply.type, reply.handle, reply.ack), (ksock.REPLY, get.handle, 7))
        check_ping(node, conn, peer)


@test("what discovery pushes is dropped and counted, and harms nobody", True)
@test("what discovery pushes is dropped and counted, and its ZC-ACK is given", True, True)
def push(want_ack, zero_copy=False):
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        info = ksock.ping_info(node.nid)
        conn.send_message(node.put(peer.nid, info, zero_copy, want_ack, portal=0,
                                   match_bits=ksock.PING_BITS))
        if zero_copy:
            noop = conn.message()
            equal((noop.type, noop.ack), (None, 2))
        # No LNet ACK comes before the answer to what follows.
        check_ping(node, conn, peer)
        assert "1 dropped" in peer.figures(), peer.figures()


if __name__ == "__main__":
    harness.run()
