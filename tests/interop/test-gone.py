#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Peers that are gone without a word: half-open connections, keepalive, who comes back as whom."""
import itertools
import time

import harness
import ksock
from harness import Peer, Skip, equal, host, ping, test
from ksock import ANY, BULK_IN, BULK_OUT, CONTROL, NONE
from node import Node, Refused

ADDRESSES = itertools.cycle(range(10, 250))
TYPED = (CONTROL, BULK_IN, BULK_OUT)


def caller(best=2, **options):
    return Node(host(next(ADDRESSES)), best, **options)


def vanish(*conns):
    for conn in conns:
        try:
            conn.vanish()
        except PermissionError:
            raise Skip("a connection vanishes only with CAP_NET_ADMIN") from None


def refused(node, peer, ctype=CONTROL):
    try:
        node.call(peer.nid, peer.where, ctype)
    except Refused as error:
        return error.hello
    raise AssertionError("accepted")


def persist(node, peer, ctype=CONTROL):
    """Calls as a deployed node does that is told of a lost race: again after a second."""
    for attempt in itertools.count(1):
        try:
            return node.call(peer.nid, peer.where, ctype), attempt
        except Refused as error:
            equal((error.hello.version, error.hello.ctype), (2, NONE))
            # Three such retries, and a deployed node takes it that the peer wants no more.
            assert attempt <= 3, "refused too often"
            time.sleep(1)


def check_ping(node, conn, peer):
    conn.send_message(node.get_ping(peer.nid))
    equal(conn.message().type, ksock.REPLY)


def timers(address):
    """{(local, remote): (kind, seconds)} of the established TCP sockets of an address."""
    def text(word):
        number, port = word.split(":")
        return ".".join(str(b) for b in reversed(bytes.fromhex(number))) + f":{int(port, 16)}"
    found = {}
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            words = line.split()
            local = text(words[1])
            if words[3] == "01" and local.startswith(address + ":"):
                kind, when = words[5].split(":")
                found[local, text(words[2])] = int(kind), int(when, 16) / 100
    return found


@test("a caller that lost all its ends and calls again is taken, after a refusal", TYPED)
@test("a caller that lost its only end and calls again is taken, after a refusal", (ANY,))
def same_incarnation(ctypes):
    with Peer() as peer, caller() as node:
        vanish(*[node.call(peer.nid, peer.where, c) for c in ctypes])
        for ctype in ctypes:
            conn, attempts = persist(node, peer, ctype)
            # The first makes the peer ask after all of them.
            assert ctype != ctypes[0] or attempts > 1, "taken, with the old one still there"
            check_ping(node, conn, peer)
            conn.close()
        peer.is_clean()


@test("a caller that lost one end of three gets that one again; the others live on")
def one_of_three():
    with Peer() as peer, caller() as node:
        conns = {c: node.call(peer.nid, peer.where, c) for c in TYPED}
        vanish(conns[BULK_OUT])
        again, _ = persist(node, peer, BULK_OUT)
        again.send_message(node.get_ping(peer.nid))
        equal(conns[CONTROL].message().type, ksock.REPLY)
        # What lives is refused for ever, and asked in vain.
        for ctype in (CONTROL, BULK_IN):
            equal(refused(node, peer, ctype).ctype, NONE)
            equal(refused(node, peer, ctype).ctype, NONE)
        check_ping(node, conns[CONTROL], peer)


@test("a caller that vanished and has restarted is taken after one refusal")
def new_incarnation():
    with Peer() as peer, caller(incarnation=1000) as node:
        vanish(*[node.call(peer.nid, peer.where, c) for c in TYPED])
        node.incarnation = 2000
        equal(refused(node, peer).ctype, NONE)
        for ctype in TYPED:
            conn = node.call(peer.nid, peer.where, ctype)
        conn.send_message(node.get_ping(peer.nid))


@test("a caller that vanished while it was idle is noticed by keepalive")
def idle():
    with Peer("--keepalive", "1") as peer, caller() as node:
        vanish(*[node.call(peer.nid, peer.where, c) for c in TYPED])
        # is_clean: each descriptor is closed, though nobody says anything.
        peer.is_clean()


@test("connections of both directions have TCP's keepalive, at 30 seconds")
def keepalive():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        check_ping(node, conn, peer)
        # An ACK that is still due has a timer of its own.
        harness.until("keepalive timers", lambda: [
            kind for kind, _ in timers(peer.address).values()] == [2])
        ((_, left),) = timers(peer.address).values()
        assert 0 < left <= 30, left
        with ping(node.nid, node.where(), host(2), "--count", "100", "--interval", "3000"):
            node.wait("the set", lambda: len(node.conns) == 3)
            harness.until("keepalive timers of the caller", lambda: sorted(
                kind for kind, _ in timers(host(2)).values()) == [2, 2, 2])


@test("--keepalive 0 asks never")
def no_keepalive():
    with Peer("--keepalive", "0") as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        check_ping(node, conn, peer)
        harness.until("no timer", lambda: [
            kind for kind, _ in timers(peer.address).values()] == [0])


@test("zclnd's own calls: a node that vanished and is back is pinged again")
def target_vanishes():
    with caller() as node, ping(node.nid, node.where(), host(3), "--count", "1000", "--interval",
                                "100", "--timeout", "2") as process:
        node.wait("the set", lambda: len(node.conns) == 3)
        harness.until("an answer", lambda: "answer 1" in process.output())
        with node.changed:
            conns = list(node.conns)
        vanish(*conns)
        answers = process.output().count("answer ")
        node.incarnation += 1
        harness.until("answers of the one that is back",
                      lambda: process.output().count("answer ") > answers + 1)


if __name__ == "__main__":
    harness.run()
