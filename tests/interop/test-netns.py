#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two hosts: port 988, reserved source ports and accept=secure as they are deployed; a cable that is
pulled and plugged in again."""
import netns

netns.enter()

# pylint: disable=wrong-import-position
import subprocess

import harness
import ksock
from harness import Process, equal, test
from ksock import BULK_IN, BULK_OUT, CONTROL, NONE
from netns import FAR, NEAR, UNPRIVILEGED, Cable, FarPeer
from node import Closed, Node, Refused

CABLE = Cable()
FAR_NID, NEAR_NID = ksock.nid(FAR), ksock.nid(NEAR)
NEAR_TEXT = f"{NEAR}@tcp"
FOR_EVER = ("--count", "100000", "--interval", "50", "--timeout", "1")


def from_port(node, port, ctype=CONTROL):
    """A connection that is up, from this source port (0: an ordinary one)."""
    conn = node.open(f"{FAR}:988", port=port)
    conn.send(ksock.accept_request(FAR_NID) + node.hello(2, ctype, FAR_NID).pack())
    conn.hello = ksock.read_hello(conn.recv)
    if conn.hello.ctype == NONE:
        raise Refused(conn.hello, conn.end())
    return conn


def check_ping(node, conn):
    conn.send_message(node.get_ping(FAR_NID))
    equal(conn.message().type, ksock.REPLY)


def answers(process):
    return process.output().count("answer ") - process.output().count("no answer ")


# ---- the door ------------------------------------------------------------------------------

@test("as deployed: port 988; a caller from a reserved port is served, others are closed")
def door():
    with FarPeer(CABLE) as peer, Node(NEAR) as node:
        assert f"listens at {FAR}:988" in peer.output(), peer.output()
        first = from_port(node, 1023)
        check_ping(node, first)
        second = from_port(node, 512, BULK_OUT)
        second.send_message(node.get_ping(FAR_NID))
        equal(first.message().type, ksock.REPLY)
        for port in (1024, 0):
            try:
                from_port(node, port, BULK_IN)
            except Closed as closed:
                equal(closed.data, b"")
            else:
                raise AssertionError(f"port {port} accepted")
        assert "unreserved ports closed (accept=secure) 2" in peer.figures(), peer.figures()
        check_ping(node, first)


@test("accept=all: everybody is served")
def open_door():
    with FarPeer(CABLE, "--accept", "all") as peer, Node(NEAR) as node:
        check_ping(node, from_port(node, 0))
        equal("unreserved" in peer.figures(), False)


@test("as deployed: a NID is enough to ping, and a secure node answers")
def call():
    with Node(NEAR, port=988, secure=True) as node, \
            CABLE.zclnd("ping", NEAR_TEXT, *FOR_EVER) as process:
        node.wait("the set", lambda: len(node.conns) == 3)
        harness.until("answers", lambda: answers(process) > 2)
        assert all(512 <= port <= 1023 for port in node.sources), node.sources
        equal(node.sources[0], 1023)
        equal(node.conns[0].hello.src_nid, FAR_NID)


@test("reserved ports that are in use are passed over")
def ports_in_use():
    squatter = subprocess.Popen(
        CABLE.there("python3", "-c", "import socket,sys\n"
                    "a = [socket.create_server((sys.argv[1], p), reuse_port=False)"
                    " for p in range(1020, 1024)]\nprint('there', flush=True)\ninput()", FAR),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        squatter.stdout.readline()
        with Node(NEAR, port=988, secure=True) as node:
            status, text = CABLE.zclnd("ping", NEAR_TEXT).finish()
            equal((status, node.sources[0]), (0, 1019), text)
    finally:
        squatter.communicate(b"\n")


@test("without CAP_NET_BIND_SERVICE: port 988 is refused with the remedy")
def no_listening():
    status, text = CABLE.zclnd("peer", "--nid", f"{FAR}@tcp", before=UNPRIVILEGED).finish()
    equal((status, "CAP_NET_BIND_SERVICE" in text, "988" in text), (1, True, True), text)


@test("without CAP_NET_BIND_SERVICE: a node with accept=all is pinged from an ordinary port")
def ordinary_port():
    with Node(NEAR, port=988) as node:
        status, text = CABLE.zclnd("ping", NEAR_TEXT, before=UNPRIVILEGED).finish()
        equal((status, node.sources[0] > 1023), (0, True), text)


@test("without CAP_NET_BIND_SERVICE: a secure node closes")
def closed_door():
    with Node(NEAR, port=988, secure=True) as node:
        status, text = CABLE.zclnd("ping", NEAR_TEXT, "--timeout", "5",
                                   before=UNPRIVILEGED).finish()
        equal((status, "no answer 1" in text), (1, True), text)
        equal(text.count("calls leave from ports above 1023"), 1, text)
        assert "give zclnd CAP_NET_BIND_SERVICE, or set accept=all" in text, text
        assert all(port > 1023 for port in node.sources), node.sources


# ---- two hosts of zclnd --------------------------------------------------------------------

@test("zclnd on both hosts: pings and bulk", "v2", [])
@test("zclnd on both hosts: pings and bulk, V1", "v1", [])
@test("zclnd on both hosts: pings and bulk, untyped", "v2", ["--untyped"])
@test("zclnd on both hosts: pings and bulk with checksums", "v2", ["--checksum"])
def both_hosts(speaks, options):
    with Process("peer", "--nid", NEAR_TEXT, *options) as peer:
        harness.ready(peer)
        status, text = CABLE.zclnd("ping", NEAR_TEXT, "--count", "3", "--interval", "1",
                                   "--speaks", speaks, *options).finish()
        equal((status, "3 sent, 3 answered" in text), (0, True), text)
        for way in ("copy", "zerocopy", "auto"):
            status, text = CABLE.zclnd("bench", "bw", NEAR_TEXT, "--count", "100", "--speaks",
                                       speaks, "--way", way, *options).finish()
            equal((status, " 100 messages, 0 failed" in text), (0, True), text)


# ---- the cable -----------------------------------------------------------------------------

@test("the cable is pulled while zclnd pings: no answers; plugged in: answers again")
def pull_under_pings():
    with Node(NEAR, port=988) as node, CABLE.zclnd("ping", NEAR_TEXT, *FOR_EVER) as process:
        node.wait("the set", lambda: len(node.conns) == 3)
        harness.until("answers", lambda: answers(process) > 2)
        with CABLE.pulled():
            harness.until("no answers", lambda: "no answer " in process.output())
        before = answers(process)
        harness.until("answers", lambda: answers(process) > before + 2)


@test("the cable is pulled under bulk: the messages fail after the socket timeout")
def pull_under_bulk():
    with Node(NEAR, port=988) as node, \
            CABLE.zclnd("bench", "bw", NEAR_TEXT, "--seconds", "60", "--socket-timeout",
                        "1.5") as process:
        node.wait("bulk", lambda: len(node.received) > 20)
        with CABLE.pulled():
            status, text = process.finish()
        equal(status, 1, text)
        assert "failed" in text, text
        # It is all over, and both are well again.
        status, text = CABLE.zclnd("ping", NEAR_TEXT, "--timeout", "20").finish()
        equal(status, 0, text)


@test("the cable is pulled while nothing is said: both ends are noticed, and meet again")
def pull_while_idle():
    with FarPeer(CABLE, "--keepalive", "1", "--socket-timeout", "2") as peer, \
            Node(NEAR) as node:
        conns = [from_port(node, port, ctype) for port, ctype in
                 ((1023, CONTROL), (1022, BULK_IN), (1021, BULK_OUT))]
        check_ping(node, conns[0])
        with CABLE.pulled():
            peer.is_clean()
            # Our end does not hear of it: the RST is lost.
            for conn in conns:
                conn.close(reset=True)
        check_ping(node, from_port(node, 1020))


@test("a node that gave up while the cable was out calls again as the same: taken")
def same_node_again():
    with FarPeer(CABLE) as peer, Node(NEAR) as node:
        for port, ctype in ((1023, CONTROL), (1022, BULK_IN), (1021, BULK_OUT)):
            conn = from_port(node, port, ctype)
            with CABLE.pulled():
                conn.close(reset=True)
        equal(peer.fds(), peer.first_fds + 3)
        try:
            from_port(node, 1020)
        except Refused as refused:
            equal(refused.hello.ctype, NONE)
        else:
            raise AssertionError("accepted beside the old one")
        # What was asked has no socket there any more.
        peer.is_clean()
        check_ping(node, from_port(node, 1019))


@test("a caller that lost its power calls again from the same port: taken")
def power():
    with Node(NEAR, port=988) as node:
        with CABLE.zclnd("ping", NEAR_TEXT, *FOR_EVER) as process:
            node.wait("the set", lambda: len(node.conns) == 3)
            with CABLE.pulled():
                process.kill()
                CABLE.silence()
        # Nothing of it arrived: these ends are up, and the ports will be the same again.
        equal(len(node.conns), 3)
        old = {conn.hello.incarnation for conn in node.conns}
        sources = len(node.sources)
        status, text = CABLE.zclnd("ping", NEAR_TEXT, "--timeout", "20").finish()
        equal(status, 0, text)
        equal(node.sources[sources], 1023)
        assert node.incarnations[FAR_NID] not in old


@test("zclnd peer loses its power: a node's call finds out, and the next is taken")
def peer_power():
    with Node(NEAR) as node:
        with FarPeer(CABLE, "--socket-timeout", "1") as peer:
            old = from_port(node, 1023)
            check_ping(node, old)
            peer.power_off(CABLE)
        with FarPeer(CABLE):
            old.send_message(node.get_ping(FAR_NID))
            equal(old.end(), "reset")
            new = from_port(node, 1022)
            check_ping(node, new)
            assert new.hello.incarnation > old.hello.incarnation


if __name__ == "__main__":
    harness.run()
