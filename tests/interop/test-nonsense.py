#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zclnd peer hears nonsense: calls and messages that are wrong, cut off, or damaged."""
import random
import socket
import struct

import harness
import ksock
from callers import caller, check_ping, hello
from harness import Peer, test
from ksock import NONE, Message
from node import Closed, Conn


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
