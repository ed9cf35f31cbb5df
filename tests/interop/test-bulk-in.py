#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bulk to the sink of zclnd peer: when its ZC-ACKs come, how often, and what stands in them."""
import itertools
import re
import struct

import harness
import ksock
from harness import Peer, equal, host, test
from ksock import ANY, BULK_IN, BULK_OUT, CONTROL, Message
from node import Node, Refused

ADDRESSES = itertools.cycle(range(10, 250))
TYPED = (CONTROL, BULK_IN, BULK_OUT)


def caller(best=2, **options):
    return Node(host(next(ADDRESSES)), best, **options)


def pattern(n, seed=1):
    prime = bytes((i * 7 + seed) & 0xff for i in range(251))
    return (prime * (n // 251 + 1))[:n]


def figure(text, name):
    return int(re.search(name + r" (\d+)", text).group(1))


def settle(node, conn, peer):
    """Everything that was sent before on conn is seen to: what it caused is here as well."""
    before = len(node.received)
    conn.send_message(node.get_ping(peer.nid))
    node.wait("a REPLY", lambda: any(m.type == ksock.REPLY
                                     for _, m in node.received[before:]))


def lnet_acks(node):
    return {m.handle: m for _, m in node.received if m.type == ksock.ACK}


def bulk(peer, node, ctypes, count, size, want_ack, version=2, slow=False):
    conns = node.connect(peer.nid, peer.where, ctypes)
    out = conns.get(BULK_OUT) or conns[ANY]
    puts = [node.put(peer.nid, pattern(size, i), version > 1, want_ack, hdr_data=i,
                     match_bits=i) for i in range(count)]
    out.slow = slow
    out.send_message(*puts)
    out.slow = False
    node.wait("all ZC-ACKs", lambda: not node.asked)
    settle(node, out, peer)
    equal(sorted(node.acks), [p.req for p in puts if p.req], "cookies")
    acks = lnet_acks(node)
    equal(len(acks), count if want_ack else 0, "LNet ACKs")
    for put in puts if want_ack else ():
        ack = acks[put.handle]
        equal((ack.mlength, ack.match_bits, ack.src, ack.dst, ack.req),
              (size, put.match_bits, peer.nid, node.nid, 0))
    figures = peer.figures()
    equal(figure(figures, "payload .* sent,"), count * size, "bytes received")
    node.close()
    peer.is_clean()


@test("V2, typed, LNet ACKs wanted: each cookie is ACKed once", TYPED, 40, 1 << 20, True)
@test("V2, typed, no LNet ACKs: each cookie is ACKed once", TYPED, 40, 1 << 20, False)
@test("V2, untyped: each cookie is ACKed once", (ANY,), 100, 20000, True)
@test("V2, small ones in one write: each cookie is ACKed once", TYPED, 500, 300, False)
@test("V2, ZC requests of one byte", TYPED, 50, 1, True)
@test("V2, ZC requests of no byte at all", TYPED, 5, 0, True)
@test("V2, checksums: each cookie is ACKed once", TYPED, 20, 100000, True, 2, "<", True)
@test("V2, the other byte order: each cookie is ACKed once", TYPED, 20, 100000, True, 2, ">")
@test("V2, other byte order and checksums", TYPED, 20, 100000, True, 2, ">", True)
@test("V1: LNet ACKs, and no cookies", TYPED, 20, 100000, True, 1)
@test("V1, untyped", (ANY,), 20, 100000, True, 1)
@test("a byte at a time", TYPED, 3, 1500, True, 2, "<", False, True)
@test("a byte at a time, V1", TYPED, 3, 1500, True, 1, "<", False, True)
def whole_bulk(ctypes, count, size, want_ack, version=2, order="<", with_checksum=False,
               slow=False):
    with Peer() as peer, caller(version, order=order, with_checksum=with_checksum) as node:
        bulk(peer, node, ctypes, count, size, want_ack, version, slow)


@test("the peer sends checksums when it is told to: in NOOPs, too", True)
@test("the peer sends checksums when it is told to: in LNet ACKs, too", False)
def checksums(want_ack):
    with Peer("--checksum") as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        seen = []
        # handle() sees each message after the check of its checksum.
        plain = node.handle
        node.handle = lambda conn, m: (seen.append(m.csum), plain(conn, m))
        puts = [node.put(peer.nid, pattern(30000), True, want_ack) for _ in range(10)]
        conns[BULK_OUT].send_message(*puts)
        node.wait("all ZC-ACKs", lambda: not node.asked)
        settle(node, conns[BULK_OUT], peer)
        assert seen and all(seen), seen


@test("no ACK before the last byte of the payload is there", True)
@test("no ACK before the last byte of the payload is there (no LNet ACK)", False)
def last_byte(want_ack):
    with Peer() as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        out = conns[BULK_OUT]
        for size in (1, 4000, 65536, 1 << 20):
            before = len(lnet_acks(node)), len(node.acks)
            data = out.pack(node.put(peer.nid, pattern(size), True, want_ack))
            out.send(data[:-1])
            # What was sent is received when the figures say so: then nothing may have come.
            harness.until("all bytes but one", lambda s=size: inq(out) == 0)
            settle(node, conns[CONTROL], peer)
            equal((len(lnet_acks(node)), len(node.acks)), before, f"ACKs of {size} bytes")
            out.send(data[-1:])
            node.wait("the ZC-ACK", lambda: not node.asked)


def inq(conn):
    """Bytes that we have sent and that the other side's kernel has not acknowledged."""
    import fcntl
    import termios
    return struct.unpack("i", fcntl.ioctl(conn.sock, termios.TIOCOUTQ, bytes(4)))[0]


@test("no ACK when the checksum is wrong, and the connection ends")
def wrong_checksum():
    with Peer() as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        put = node.put(peer.nid, pattern(65536), True, csum=1234)
        conns[BULK_OUT].send_message(put)
        node.wait("the end", lambda: any(c is conns[BULK_OUT] for c, _ in node.ended))
        equal((node.acks, lnet_acks(node)), ([], {}))
        node.close()
        peer.is_clean()


@test("a PUT that nobody wants is skipped; its ZC request is ACKed all the same")
def unwanted():
    with Peer() as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        puts = [node.put(peer.nid, pattern(size), True, True, portal=51)
                for size in (1, 70000, 1 << 20)]
        wanted = node.put(peer.nid, pattern(70000), True, True)
        conns[BULK_OUT].send_message(*puts, wanted)
        node.wait("all ZC-ACKs", lambda: not node.asked)
        settle(node, conns[BULK_OUT], peer)
        equal(sorted(node.acks), [2, 3, 4, 5])
        equal(list(lnet_acks(node)), [wanted.handle])
        equal(figure(peer.figures(), "received,"), 3, "dropped")


@test("a PUT beyond the end of the buffer is cut; mlength tells")
def truncated():
    with Peer() as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        puts = [node.put(peer.nid, pattern(5000), True, True, offset=offset)
                for offset in (0, ksock.MTU - 5000, ksock.MTU - 4999, ksock.MTU - 1, ksock.MTU,
                               2**32 - 1)]
        conns[BULK_OUT].send_message(*puts)
        node.wait("all ZC-ACKs", lambda: not node.asked)
        settle(node, conns[BULK_OUT], peer)
        acks = lnet_acks(node)
        equal([acks[p.handle].mlength for p in puts], [5000, 5000, 4999, 1, 0, 0])


@test("cookies may be any number: large, falling, the same again after its ACK")
def odd_cookies():
    with Peer() as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        for cookie in (2**64 - 1, 1000, 999, 2, 2, 2**63, 3):
            node.asked.add(cookie)
            put = node.put(peer.nid, pattern(20000), want_ack=False, req=cookie)
            conns[BULK_OUT].send_message(put)
            node.wait(f"the ACK of {cookie}", lambda: not node.asked)
        equal(node.acks, [2**64 - 1, 1000, 999, 2, 2, 2**63, 3])


@test("ZC requests on every connection of the set")
def everywhere():
    with Peer() as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        for conn in conns.values():
            conn.send_message(*[node.put(peer.nid, pattern(9000), True, False)
                                for _ in range(20)])
        node.wait("all ZC-ACKs", lambda: not node.asked)
        equal(sorted(node.acks), list(range(2, 62)))


@test("cookies count on over a reconnect")
def reconnect():
    with Peer() as peer, caller() as node:
        for _ in range(3):
            conns = node.connect(peer.nid, peer.where)
            conns[BULK_OUT].send_message(*[node.put(peer.nid, pattern(20000), True)
                                           for _ in range(5)])
            node.wait("all ZC-ACKs", lambda: not node.asked)
            for conn in conns.values():
                conn.close()
            peer.is_clean()
        equal(sorted(node.acks), list(range(2, 17)))


@test("a connection that dies inside a payload: the rest lives, nothing is left")
def dies():
    with Peer() as peer, caller() as node:
        conns = node.connect(peer.nid, peer.where)
        for size in (1, 30000, 600000):
            out = conns[BULK_OUT]
            out.send(out.pack(node.put(peer.nid, pattern(1 << 20), True))[:size])
            out.close(reset=size % 2 == 0)
            settle(node, conns[CONTROL], peer)
            equal(node.acks, [])

            def again():
                # Until the peer has heard of the end, this is a duplicate.
                try:
                    conns[BULK_OUT] = node.call(peer.nid, peer.where, BULK_OUT)
                    return True
                except Refused:
                    return False
            harness.until("a new connection", again)
        node.serve(conns[BULK_OUT])
        node.asked.clear()
        conns[BULK_OUT].send_message(node.put(peer.nid, pattern(1 << 20), True))
        node.wait("the ZC-ACK", lambda: not node.asked)
        conns[CONTROL].close()
        node.close()
        peer.is_clean()


@test("a caller that reads nothing while it sends: nothing is lost")
def reads_late():
    with Peer() as peer, caller() as node:
        conns = {c: node.call(peer.nid, peer.where, c) for c in TYPED}
        # Those that are not served are not read.
        puts = [node.put(peer.nid, pattern(20000), True, True) for _ in range(2000)]
        for at in range(0, len(puts), 50):
            conns[BULK_OUT].send_message(*puts[at:at + 50])
        for conn in conns.values():
            node.serve(conn)
        node.wait("all ZC-ACKs", lambda: not node.asked)
        settle(node, conns[BULK_OUT], peer)
        equal(sorted(node.acks), [p.req for p in puts])
        equal(len(lnet_acks(node)), len(puts))


if __name__ == "__main__":
    harness.run()
