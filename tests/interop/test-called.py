#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zclnd peer is called: versions, types, refusals, restarts, doors."""
import struct

import harness
import ksock
from callers import caller, check_ping, hello
from harness import Peer, Skip, equal, test
from ksock import ANY, BULK_IN, BULK_OUT, CONTROL, NONE, Hello
from node import Closed, Refused

V3 = harness.understands("--speaks", "v3")


def refused(function, *arguments):
    try:
        function(*arguments)
    except Refused as error:
        return error
    raise AssertionError("accepted")


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


if __name__ == "__main__":
    harness.run()
