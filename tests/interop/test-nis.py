#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several NIs behind one process: who is called, by which NID, at which door."""
import itertools
import tempfile

import harness
import ksock
from harness import Process, equal, host, ping, test
from ksock import BULK_IN, BULK_OUT, CONTROL
from node import Closed, Node

ADDRESSES = itertools.cycle(range(10, 250))
TYPED = (CONTROL, BULK_IN, BULK_OUT)


def caller(best=2, **options):
    return Node(host(next(ADDRESSES)), best, **options)


class Nis(Process):
    """zclnd peer with these NIs: [(nid, "ADDR:PORT")], each on `threads` loops."""

    def __init__(self, nis, threads=1):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".conf")
        self.file.write(f"[node]\naccept=all\nthreads={threads}\n")
        for number, (nid, listen) in enumerate(nis):
            self.file.write(f"[ni {number}]\nnid={ksock.nid_text(nid)}\nlisten={listen}\n")
        self.file.flush()
        super().__init__("peer", "--config", self.file.name)
        harness.until("NIs that are ready", lambda: self.output().count("\n") == len(nis) or
                      self.child.poll() is not None)
        lines = self.output().splitlines()
        equal(len(lines), len(nis), self.output() + self.messages())
        self.where = [line.split()[-1] for line in lines]

    def __exit__(self, kind, *_):
        self.file.close()
        if kind:
            self.kill()
            return
        self.child.terminate()
        status, text = self.finish()
        equal(status, 0, text)


def check_ping(node, conn, nid):
    conn.send_message(node.get_ping(nid))
    reply = conn.message()
    equal((reply.type, reply.src), (ksock.REPLY, nid))
    # It tells of the NI that was asked: second comes its own NID.
    equal(reply.payload[32:40], nid.to_bytes(8, "little"))


def one_door():
    """Two NIDs of one network, and one of another, at one address and port."""
    port = harness.free_port(host(1))
    nids = [ksock.nid(host(1)), ksock.nid(host(2)), ksock.nid(host(1), 3)]
    return nids, [(nid, f"{host(1)}:{port}") for nid in nids]


def two_doors():
    nids = [ksock.nid(host(1)), ksock.nid(host(2))]
    return nids, [(nid, f"{host(i + 1)}:0") for i, nid in enumerate(nids)]


@test("one address and port: the acceptor request says who is called", one_door)
@test("one address and port, two threads: the acceptor request says who is called", one_door, 2)
@test("each NI at its own address", two_doors)
@test("each NI at its own address, two threads", two_doors, 2)
def called(doors, threads=1):
    nids, nis = doors()
    with Nis(nis, threads) as peer, caller() as node:
        conns = [[node.call(nid, where, ctype) for ctype in TYPED]
                 for nid, where in zip(nids, peer.where)]
        for nid, conn in zip(nids, conns):
            equal({c.hello.src_nid for c in conn}, {nid})
            check_ping(node, conn[0], nid)


@test("one node calls all NIs, and each is a peer of its own")
def restarts():
    nids, nis = one_door()
    with Nis(nis) as peer, caller(incarnation=1000) as node:
        first, second = (node.call(nid, where) for nid, where in zip(nids[:2], peer.where))
        # What closes one NI's connections leaves the others' alone.
        first.noop(99)
        assert first.end() in ("eof", "reset")
        check_ping(node, second, nids[1])
        check_ping(node, node.call(nids[0], peer.where[0]), nids[0])


@test("a NID that is not there is closed without a word", one_door)
@test("a NID that listens elsewhere is closed without a word", two_doors)
def wrong(doors):
    nids, nis = doors()
    stranger = ksock.nid(host(9)) if doors is one_door else nids[1]
    with Nis(nis) as peer, caller() as node:
        try:
            node.call(stranger, peer.where[0])
        except Closed as closed:
            equal(closed.data, b"")
        else:
            raise AssertionError("accepted")
        check_ping(node, node.call(nids[0], peer.where[0]), nids[0])


@test("zclnd ping asks each NI")
def pings():
    nids, nis = one_door()
    with Nis(nis) as peer:
        for nid, where in zip(nids[:2], peer.where):
            status, text = ping(nid, where, host(5)).finish()
            equal((status, f"{ksock.nid_text(nid)} up" in text), (0, True), text)


@test("V3 is refused in the name of the NI that was called")
def version():
    nids, nis = one_door()
    with Nis(nis) as peer, caller(3) as node:
        for nid, where in zip(nids, peer.where):
            conn = node.open(where)
            conn.send(ksock.accept_request(nid) + node.hello(3, CONTROL, nid).pack())
            hello = ksock.read_hello(conn.recv)
            equal((hello.version, hello.ctype, hello.src_nid, hello.dst_nid),
                  (2, ksock.NONE, nid, nid))
            conn.close()


@test("a slow caller at a shared door keeps nobody waiting")
def slow():
    nids, nis = one_door()
    with Nis(nis) as peer, caller() as node, caller() as other:
        silent = node.open(peer.where[0])
        half = node.open(peer.where[0])
        half.send(ksock.accept_request(nids[1])[:9])
        check_ping(other, other.call(nids[1], peer.where[1]), nids[1])
        half.send(ksock.accept_request(nids[1])[9:] +
                  node.hello(2, CONTROL, nids[1]).pack())
        half.hello = ksock.read_hello(half.recv)
        check_ping(node, half, nids[1])
        silent.close()


@test("an acceptor request of version 2 at a shared door is told version 1")
def acceptor_version():
    nids, nis = one_door()
    with Nis(nis) as peer, caller() as node:
        conn = node.open(peer.where[0])
        conn.send(ksock.accept_request(nids[0], version=2) + bytes(84))
        equal(conn.recv(16), ksock.accept_request(0))
        assert conn.end() in ("eof", "reset")


if __name__ == "__main__":
    harness.run()
