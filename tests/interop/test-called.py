#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zclnd peer is called: versions, types, refusals, restarts, doors."""
import itertools
import random
import socket
import struct

import harness
import ksock
from harness import Peer, Skip, equal, host, test
from ksock import ANY, BULK_IN, BULK_OUT, CONTROL, NONE, Hello, Message
from node import Closed, Conn, Node, Refused

V3 = harness.understands("--speaks", "v3")
ADDRESSES = itertools.cycle(range(10, 250))


def caller(best=2, **options):
    """A node that has an address of its own, so that no test meets another's peer."""
    return Node(host(next(ADDRESSES)), best, **options)


def refused(function, *arguments):
    try:
        function(*arguments)
    except Refused as error:
        return error
    raise AssertionError("accepted")


def ping_info(nid):
    """What the wire notes say that a ping is answered with, of the machine's own byte order."""
    return struct.pack("=IIII", 0x70696e67, 3, 12345, 2) + \
        struct.pack("=Q8x", 9 << 48) + struct.pack("=QII", nid, 0x15aac0de, 0)


def check_ping(node, conn, peer, sink_length=0xf78):
    get = node.get_ping(peer.nid, sink_length)
    conn.send_message(get)
    reply = conn.message()
    equal((reply.type, reply.src, reply.dst, reply.handle, reply.req, reply.ack),
          (ksock.REPLY, peer.nid, node.nid, get.handle, 0, 0))
    expected = ping_info(peer.nid)
    # What stands beside 0@lo is no status.
    got = reply.payload[:24] + expected[24:32][:max(len(reply.payload) - 24, 0)] + \
        reply.payload[32:]
    equal(got.hex(), expected[:sink_length].hex(), "ping")


# ---- pings -------------------------------------------------------------------------------

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


# ---- versions ----------------------------------------------------------------------------

@test("a V3 caller is told V2, and comes back with it")
def v3_first():
    with Peer() as peer, caller(3) as node:
        answer = refused(node.call, peer.nid, peer.where)
        equal((answer.hello.version, answer.hello.ctype, answer.hello.src_nid,
               answer.hello.dst_nid, answer.how), (2, NONE, peer.nid, peer.nid, "eof"))
        conns = node.connect(peer.nid, peer.where)
        equal(node.versions, {peer.nid: 2})
        conns[CONTROL].send_message(node.get_ping(peer.nid))
        node.wait("a REPLY", lambda: node.received)
        equal({c.version for c in node.conns}, {2})


@test("a V2 caller of a V1 peer is told V1, and comes back with it", 2)
@test("a V3 caller of a V1 peer is told V1, and comes back with it", 3)
def v1_peer(best):
    with Peer(speaks="v1") as peer, caller(best) as node:
        answer = refused(node.call, peer.nid, peer.where)
        equal((answer.hello.version, answer.hello.ctype, answer.hello.src_nid),
              (1, NONE, peer.nid))
        conns = node.connect(peer.nid, peer.where)
        conns[CONTROL].send_message(node.get_ping(peer.nid))
        node.wait("a REPLY", lambda: node.received)


@test("a V3 peer is pinged with V3")
def v3_peer():
    if not V3:
        raise Skip("this zclnd does not speak V3")
    with Peer(speaks="v3") as peer, caller(3) as node:
        check_ping(node, node.call(peer.nid, peer.where), peer)


@test("a V4 caller is refused in order", "<")
@test("a V4 caller is refused in order, in the other byte order", ">")
def v4_caller(order):
    with Peer() as peer, caller() as node:
        for version in (4, 5, 77):
            conn = node.open(peer.where)
            conn.send(ksock.accept_request(peer.nid, order) +
                      Hello(4, node.nid, CONTROL, 1, peer.nid, order=order).pack().replace(
                          struct.pack(order + "I", 4), struct.pack(order + "I", version), 1))
            hello = ksock.read_hello(conn.recv)
            equal((hello.version, hello.ctype, hello.src_nid), (2, NONE, peer.nid))
            assert conn.end() in ("eof", "reset")
            conn.close()
        peer.is_clean()


@test("an acceptor request of version 2 is answered with 16 bytes", "<")
@test("an acceptor request of version 2 is answered with 16 bytes, other order", ">")
def acceptor_version(order):
    with Peer() as peer, caller() as node:
        conn = node.open(peer.where)
        conn.send(struct.pack(order + "II", 0xacce7100, 2) + ksock.large_nid(peer.nid) +
                  Hello(4, node.nid, CONTROL, 1, peer.nid, order=order).pack())
        answer = conn.recv(16)
        assert answer in (struct.pack("<IIQ", 0xacce7100, 1, 0),
                          struct.pack(order + "IIQ", 0xacce7100, 1, 0)), answer.hex()
        assert conn.end() in ("eof", "reset")
        conn.close()
        peer.is_clean()


@test("V1 of a major version that nobody knows is refused in order")
def v1_of_tomorrow():
    with Peer() as peer, caller() as node:
        conn = node.open(peer.where)
        conn.send(ksock.accept_request(peer.nid) + hello(node, peer, version=1).replace(
            b"\1\0\0\0", b"\2\0\0\0", 1))
        answer = ksock.read_hello(conn.recv)
        equal((answer.version, answer.ctype, answer.src_nid), (2, NONE, peer.nid))
        assert conn.end() in ("eof", "reset")
        conn.close()
        peer.is_clean()


# ---- connections -------------------------------------------------------------------------

@test("three typed connections, with V1", 1, (CONTROL, BULK_IN, BULK_OUT))
@test("three typed connections, with V2", 2, (CONTROL, BULK_IN, BULK_OUT))
@test("three typed connections, in another order", 2, (BULK_OUT, BULK_IN, CONTROL))
@test("three typed connections, of a V3 caller", 3, (CONTROL, BULK_IN, BULK_OUT))
def typed(version, ctypes):
    with Peer() as peer, caller(version) as node:
        conns = [node.attempt(peer.nid, peer.where, ctype) for ctype in ctypes]
        # call() checks that the types come back inverted; here: each of them carries.
        for conn in conns:
            conn.send_message(node.get_ping(peer.nid))
            control = conns[ctypes.index(CONTROL)]
            equal(control.message().type, ksock.REPLY)
        equal(len({conn.hello.incarnation for conn in conns}), 1)
        for conn in conns:
            conn.close()
        peer.is_clean()


@test("a duplicate is answered NONE, and the first lives on", CONTROL)
@test("a duplicate is answered NONE, and the first lives on (BULK_OUT)", BULK_OUT)
@test("a duplicate is answered NONE, and the first lives on (untyped)", ANY)
def duplicate(ctype):
    with Peer() as peer, caller() as node:
        first = node.call(peer.nid, peer.where, ctype)
        for _ in range(3):
            answer = refused(node.call, peer.nid, peer.where, ctype)
            # In order: a reset could overtake the HELLO where packets are lost.
            equal((answer.hello.version, answer.hello.ctype, answer.hello.dst_nid, answer.how),
                  (2, NONE, node.nid, "eof"))
        check_ping(node, first, peer)
        first.close()
        peer.is_clean()


@test("--conns-per-peer 3: three of each BULK type, one CONTROL, the next is a duplicate")
def several():
    with Peer("--conns-per-peer", "3") as peer, caller() as node:
        conns = {ctype: [node.call(peer.nid, peer.where, ctype) for _ in range(count)]
                 for ctype, count in ((CONTROL, 1), (BULK_IN, 3), (BULK_OUT, 3))}
        for ctype in conns:
            equal(refused(node.call, peer.nid, peer.where, ctype).hello.ctype, NONE)
        for conn in conns[BULK_OUT] + conns[BULK_IN]:
            conn.send_message(node.get_ping(peer.nid))
            equal(conns[CONTROL][0].message().type, ksock.REPLY)


@test("a refusal arrives whole, however much the caller has sent and whenever it reads", 3)
@test("a refusal arrives whole, however much the caller has sent and whenever it reads (V4)", 4)
def talkative(version):
    with Peer() as peer, caller(3) as node:
        conn = node.open(peer.where)
        call = Hello(version, node.nid, CONTROL, 1, peer.nid).pack()
        conn.sock.settimeout(1)
        try:
            conn.send(ksock.accept_request(peer.nid) + call)
            for _ in range(200):
                conn.send(bytes(100000))
        except (Closed, TimeoutError):
            pass    # it has given up on what we send
        conn.sock.settimeout(30)
        hello_ = ksock.read_hello(conn.recv)
        equal((hello_.version, hello_.ctype, hello_.src_nid), (2, NONE, peer.nid))
        conn.close()
        peer.is_clean()


@test("two callers at once do not disturb each other")
def two_callers():
    with Peer() as peer, caller(1) as one, caller(2) as other:
        first, second = one.call(peer.nid, peer.where), other.call(peer.nid, peer.where)
        check_ping(one, first, peer)
        check_ping(other, second, peer)
        first.close()
        check_ping(other, second, peer)


@test("a HELLO may be for whatever NID and start, from whatever pid, with 16 addresses", 1)
@test("a HELLO may be for whatever NID and start, from whatever pid, with 16 addresses (V2)", 2)
@test("a HELLO may be for whatever NID and start, from whatever pid, with 16 addresses (other order)",
      2, ">")
def whatever(version, order="<"):
    with Peer() as peer, caller(version, order=order) as node:
        conn = node.open(peer.where)
        conn.version = version
        conn.send(ksock.accept_request(peer.nid) + hello(
            node, peer, version=version, order=order, dst_nid=ksock.nid("1.2.3.4", 9), dst_incarnation=77,
            dst_pid=5, src_pid=1 << 31 | 40000, ips=tuple(range(1, 17))))
        conn.hello = ksock.read_hello(conn.recv)
        check_ping(node, conn, peer)


# ---- restarts ----------------------------------------------------------------------------

@test("a caller that has restarted: refused once, old connections closed, then taken", 2000)
@test("a caller that has restarted with its clock set back: refused once, then taken", 999)
@test("a caller that has restarted with its clock lost: refused once, then taken", 1)
def restarted(after):
    with Peer() as peer, caller(incarnation=1000) as node:
        old = [node.call(peer.nid, peer.where, c) for c in (CONTROL, BULK_IN, BULK_OUT)]
        node.incarnation = after
        answer = refused(node.call, peer.nid, peer.where)
        equal((answer.hello.version, answer.hello.ctype, answer.how), (2, NONE, "eof"))
        for conn in old:
            assert conn.end() in ("eof", "reset")
        conn = node.call(peer.nid, peer.where)
        check_ping(node, conn, peer)
        conn.close()
        peer.is_clean()


@test("a caller that has restarted with another version: refused once, then taken", 1, 2)
@test("a caller that has restarted with an older version: refused once, then taken", 2, 1)
def restarted_version(before, after):
    with Peer() as peer, caller(before, incarnation=1000) as node:
        old = node.call(peer.nid, peer.where)
        node.incarnation, node.best = 2000, after
        equal(refused(node.call, peer.nid, peer.where).hello.version, after)
        assert old.end() in ("eof", "reset")
        check_ping(node, node.call(peer.nid, peer.where), peer)


@test("a restart when nothing is connected is nobody's business")
def restarted_alone():
    with Peer() as peer, caller(incarnation=1000) as node:
        for incarnation in (1000, 2000, 1500):
            node.incarnation = incarnation
            conn = node.call(peer.nid, peer.where)
            check_ping(node, conn, peer)
            conn.close()
            peer.is_clean()


@test("a peer that has restarted has another incarnation")
def peer_restarts():
    seen = []
    for _ in range(2):
        with Peer() as peer, caller() as node:
            conn = node.call(peer.nid, peer.where)
            seen.append(conn.hello.incarnation)
            check_ping(node, conn, peer)
    assert seen[0] != seen[1], seen


@test("a peer that ends closes its connections, those that are not made yet, too")
def peer_ends():
    with caller() as node:
        with Peer() as peer:
            conns = [node.call(peer.nid, peer.where), node.open(peer.where),
                     node.open(peer.where)]
            conns[2].send(ksock.accept_request(peer.nid))
            # All of them are with the peer, not with its kernel.
            harness.until("callers", lambda: peer.fds() == peer.first_fds + len(conns))
        for conn in conns:
            assert conn.end() in ("eof", "reset")


# ---- the door ----------------------------------------------------------------------------

@test("accept=secure: a caller from a high port is closed before anything is read")
def secure():
    with Peer(accept="secure") as peer, caller() as node:
        conn = node.open(peer.where)
        assert conn.end() in ("eof", "reset")
        try:
            node.call(peer.nid, peer.where)
        except Closed as closed:
            equal(closed.data, b"")
        else:
            raise AssertionError("accepted")
        assert "callers from unreserved ports closed (accept=secure) 2" in peer.figures()
        peer.is_clean()


@test("accept=secure: a caller from a reserved port is taken")
def secure_reserved():
    with Peer(accept="secure") as peer, caller() as node:
        try:
            conn = node.open(peer.where, port=1023)
        except PermissionError:
            raise Skip("reserved ports are not for this user") from None
        conn.send(ksock.accept_request(peer.nid) +
                  node.hello(2, CONTROL, peer.nid).pack())
        conn.hello = ksock.read_hello(conn.recv)
        check_ping(node, conn, peer)


@test("a caller that says nothing is closed after the accept timeout", b"")
@test("a caller that stops in its request is closed after the accept timeout", b"\0\x71\xce")
def silent(data):
    with Peer("--accept-timeout", "0.2") as peer, caller() as node:
        conn = node.open(peer.where)
        conn.send(data)
        assert conn.end() in ("eof", "reset")
        peer.is_clean()


@test("a caller that drips is closed after the accept timeout, too")
def dripping():
    with Peer("--accept-timeout", "0.3") as peer, caller() as node:
        conn = node.open(peer.where)
        data = ksock.accept_request(peer.nid) + node.hello(2, CONTROL, peer.nid).pack()
        conn.sock.settimeout(0.1)
        for at in range(len(data)):
            try:
                conn.send(data[at:at + 1])
                # The drip's pause is the wait for an end, which is what should come.
                equal(conn.end() in ("eof", "reset"), True)
                return
            except TimeoutError:
                pass
            except Closed:
                return
        raise AssertionError("taken after all")


@test("the accept timeout is not for those who were accepted")
def accepted_stays():
    with Peer("--accept-timeout", "0.1") as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        silent_one = node.open(peer.where)
        assert silent_one.end() in ("eof", "reset")
        check_ping(node, conn, peer)


@test("hundreds of connections, made and closed, leave nothing behind")
def hundreds():
    with Peer() as peer, caller() as node:
        for number in range(300):
            conn = node.call(peer.nid, peer.where, version=1 + number % 2)
            if number % 3:
                conn.send_message(node.get_ping(peer.nid))
            conn.close(reset=number % 2 == 0)
            node.incarnation += 1 if number % 5 == 0 else 0
            # An end that the peer has not heard of yet makes the next a duplicate.
            peer.is_clean()
        conns = [node.open(peer.where) for _ in range(300)]
        check_ping(node, node.call(peer.nid, peer.where), peer)
        for conn in conns:
            conn.close()
        with caller() as other:
            check_ping(other, other.call(peer.nid, peer.where), peer)


@test("a hundred nodes at once")
def crowd():
    nodes = [caller() for _ in range(100)]
    with Peer() as peer:
        conns = [node.call(peer.nid, peer.where, version=1 + i % 2)
                 for i, node in enumerate(nodes)]
        for node, conn in zip(nodes, conns):
            check_ping(node, conn, peer)
        for node, conn in zip(nodes, conns):
            conn.close()
            node.close()
        peer.is_clean()


# ---- nonsense ----------------------------------------------------------------------------

def hello(node, peer, **fields):
    return Hello(**{"version": 2, "src_nid": node.nid, "ctype": CONTROL,
                    "incarnation": node.incarnation, "dst_nid": peer.nid, **fields}).pack()


def request(_, peer):
    return ksock.accept_request(peer.nid)


NONSENSE_CALLS = {
    "garbage": lambda n, p: b"\xde\xad" * 500,
    "text": lambda n, p: b"GET / HTTP/1.0\r\n\r\n",
    "zeros": lambda n, p: bytes(4096),
    "a bad acceptor magic": lambda n, p: ksock.accept_request(p.nid, magic=0xacce7101) +
    hello(n, p),
    "a wrong NID": lambda n, p: ksock.accept_request(p.nid + 1) + hello(n, p),
    "the ANY NID as target": lambda n, p: ksock.accept_request(ksock.NID_ANY) + hello(n, p),
    "a NID of another network": lambda n, p: ksock.accept_request(p.nid + (1 << 32)) +
    hello(n, p),
    "a bad HELLO magic": lambda n, p: request(n, p) + b"\1\2\3\4" + hello(n, p)[4:],
    "too many IPs": lambda n, p: request(n, p) + hello(n, p, ips=(1,) * 17),
    "too many IPs (V1)": lambda n, p: request(n, p) + hello(n, p, version=1, ips=(1,) * 17),
    "four billion IPs": lambda n, p: request(n, p) + hello(n, p, nips=2**32 - 1),
    "an IP of 0": lambda n, p: request(n, p) + hello(n, p, ips=(1, 0, 2)),
    "an IP of 0 (V1)": lambda n, p: request(n, p) + hello(n, p, version=1, ips=(0,)),
    "a HELLO from ANY": lambda n, p: request(n, p) + hello(n, p, src_nid=ksock.NID_ANY),
    "a HELLO from ANY (V1)": lambda n, p: request(n, p) +
    hello(n, p, version=1, src_nid=ksock.NID_ANY),
    "a HELLO from the peer itself": lambda n, p: request(n, p) + hello(n, p, src_nid=p.nid),
    "a HELLO that is none (V1)": lambda n, p: request(n, p) +
    hello(n, p, version=1, msg_type=ksock.PUT),
    "type NONE": lambda n, p: request(n, p) + hello(n, p, ctype=NONE),
    "type 4": lambda n, p: request(n, p) + hello(n, p, ctype=4),
    "type -2": lambda n, p: request(n, p) + hello(n, p, ctype=-2),
    "type 77 (V1)": lambda n, p: request(n, p) + hello(n, p, version=1, ctype=77),
}


def lie(message, **fields):
    for name, value in fields.items():
        setattr(message, name, value)
    return message


NONSENSE_MESSAGES = {
    "a bad ksm_type": lambda n, p, c: struct.pack("<IIQQ", 0xc2, 0, 0, 0),
    "ksm_type 0": lambda n, p, c: bytes(24),
    "the other byte order, in the middle": lambda n, p, c: struct.pack(">IIQQ", 0xc0, 0, 0, 5),
    "a wrong checksum of a NOOP": lambda n, p, c: struct.pack("<IIQQ", 0xc0, 99, 0, 0),
    "a wrong checksum of a GET": lambda n, p, c: c.pack(lie(n.get_ping(p.nid), csum=99)),
    "a wrong checksum of a PUT": lambda n, p, c: c.pack(
        lie(n.put(p.nid, b"x" * 3000), csum=99)),
    "a payload that is too long": lambda n, p, c: c.pack(
        lie(n.put(p.nid, b"x" * 3000), length=ksock.MTU + 1)),
    "a payload of four billion": lambda n, p, c: c.pack(
        lie(n.put(p.nid, b"x" * 3000), length=2**32 - 1)),
    "an LNet message of type 9": lambda n, p, c: c.pack(n.get_ping(p.nid))[:-48] +
    struct.pack("<II", 9, 0) + bytes(40),
    "an LNet message of type HELLO": lambda n, p, c: c.pack(n.get_ping(p.nid))[:-48] +
    struct.pack("<II", ksock.HELLO, 0) + bytes(40),
    "a HELLO of V1 as an LNet message": lambda n, p, c: struct.pack("<IIQQ", 0xc1, 0, 0, 0) +
    hello(n, p, version=1),
    "an LNet header with a wrong checksum, and no payload": lambda n, p, c: c.pack(
        lie(n.put(p.nid, b""), csum=99)),
    "a HELLO in the middle": lambda n, p, c: hello(n, p),
    "garbage as a message": lambda n, p, c: b"\xa5" * 3000,
    "an ACK of a cookie that nobody gave": lambda n, p, c: c.pack(Message(ack=5)),
    "an ACK of a cookie that nobody gave, piggybacked": lambda n, p, c: c.pack(
        lie(n.get_ping(p.nid), ack=5)),
}


def serves_others(peer):
    with caller() as other:
        conn = other.call(peer.nid, peer.where)
        check_ping(other, conn, peer)
        conn.close()


@test("nonsense from callers: each is closed, the next is served, nothing is left")
def nonsense_calls():
    with Peer() as peer:
        for what, make in NONSENSE_CALLS.items():
            with caller() as node:
                conn = node.open(peer.where)
                try:
                    conn.send(make(node, peer))
                    how = conn.end()
                except Closed:
                    how = "reset"
                except AssertionError as error:
                    raise AssertionError(f"{what}: {error}") from None
                assert how in ("eof", "reset"), what
            serves_others(peer)
            peer.is_clean()


@test("nonsense in connections: each is closed, the next is served, nothing is left")
def nonsense_messages():
    with Peer() as peer:
        for what, make in NONSENSE_MESSAGES.items():
            with caller() as node:
                conn = node.call(peer.nid, peer.where)
                conn.send(make(node, peer, conn))
                try:
                    how = conn.end()
                except TimeoutError:
                    raise AssertionError(f"{what}: not closed") from None
                except AssertionError as error:
                    raise AssertionError(f"{what}: {error}") from None
                assert how in ("eof", "reset"), what
            serves_others(peer)
            peer.is_clean()


@test("a stream that ends anywhere: nothing is left", 1)
@test("a stream that ends anywhere: nothing is left (V2)", 2)
def truncated(version):
    with Peer() as peer:
        with caller(version) as node:
            probe = Conn(node.open(peer.where).sock, version)
            data = ksock.accept_request(peer.nid) + \
                hello(node, peer, version=version, ips=(1, 2)) + \
                probe.pack(node.get_ping(peer.nid), node.put(peer.nid, b"x" * 50))
            probe.close()
        for cut in range(0, len(data), 3):
            with caller(version) as node:
                conn = node.open(peer.where)
                conn.send(data[:cut])
                conn.close(reset=cut % 2 == 0)
        peer.is_clean()
        serves_others(peer)


@test("streams with a wrong byte somewhere: the peer survives each", 1)
@test("streams with a wrong byte somewhere: the peer survives each (V2)", 2)
def flipped(version):
    dice = random.Random(version)
    with Peer() as peer:
        for _ in range(300):
            with caller(version) as node:
                conn = Conn(node.open(peer.where).sock, version)
                data = bytearray(ksock.accept_request(peer.nid) +
                                 hello(node, peer, version=version, ips=(1, 2)))
                data += conn.pack(node.put(peer.nid, b"x" * 50, True),
                                  node.put(peer.nid, b"y" * 5000),
                                  *[node.get_ping(peer.nid)] * 3)
                # Not in NIDs: nobody elsewhere is to be called.
                places = [at for at in range(len(data)) if data[at] in b"xy" or
                          not any(struct.pack("<Q", nid) in data[max(at - 7, 0):at + 8]
                                  for nid in (node.nid, peer.nid))]
                for _ in range(dice.choice((1, 1, 1, 5, 50))):
                    data[dice.choice(places[:400])] = dice.randrange(256)
                try:
                    conn.send(data)
                    conn.sock.shutdown(socket.SHUT_WR)
                    while True:
                        conn.recv(1)
                except (Closed, OSError):
                    pass
                conn.close()
        peer.is_clean()
        serves_others(peer)


if __name__ == "__main__":
    harness.run()
