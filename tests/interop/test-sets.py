#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Connection sets that both sides make, and races across versions: zclnd ping calls a node that calls
zclnd meanwhile."""
import itertools

import harness
import ksock
from harness import equal, host, ping, test
from ksock import BULK_IN, BULK_OUT, CONTROL, NONE
from node import Node, Refused

FOR_EVER = ("--count", "100000", "--interval", "50")
NUMBERS = itertools.cycle(range(10, 250, 2))
SET = [CONTROL, BULK_IN, BULK_OUT]


class Setting:
    """A node of some kind, and a zclnd ping that listens and has a higher or lower NID."""

    def __init__(self, kind, higher, *options, **more):
        number = next(NUMBERS)
        self.node = kind(host(number), **more)
        self.address = host(number + (1 if higher else -1))
        self.nid = ksock.nid(self.address)
        self.node.caller = self.nid
        port = harness.free_port(self.address)
        self.node.where_to = f"{self.address}:{port}"
        self.process = ping(self.node.nid, self.node.where(), self.address, "--accept", "all",
                            "--listen", f":{port}", *FOR_EVER, *options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.node.close()

    def answers(self):
        return self.process.output().count("answer ")

    def has_one_set(self, version=2):
        """One connection of each type, of one version, and pings go on."""
        node = self.node
        node.wait("the set", lambda: sorted(c.ctype for c in node.conns) == SET)
        before = self.answers()
        harness.until("answers", lambda: self.answers() > before + 1)
        equal(sorted(c.ctype for c in node.conns), SET)
        equal({c.version for c in node.conns}, {version})


class Later(Node):
    """Leaves CONTROL to its caller, and calls for the other types itself before it answers."""
    where_to = None
    outcomes = None

    def decide(self, hello):
        self.outcomes = self.outcomes or {}
        own = ksock.INVERSE[hello.ctype]
        if hello.ctype != CONTROL and own not in self.outcomes:
            try:
                self.serve(self.call(hello.src_nid, self.where_to, own))
                self.outcomes[own] = "accepted"
                return "race"
            except Refused as refused:
                self.outcomes[own] = (refused.hello.version, refused.hello.ctype)
        return super().decide(hello)


@test("each side opens some of the set; zclnd has the higher NID", True)
@test("each side opens some of the set; zclnd has the lower NID", False)
def both_open(higher):
    with Setting(Later, higher) as setting:
        setting.has_one_set()
        opened_here = {c.ctype for c in setting.node.conns if c.active}
        equal(opened_here, set() if higher else {BULK_IN, BULK_OUT})
        assert (2, NONE) in setting.node.outcomes.values() if higher else True


class Versed(Node):
    """Of version 1: calls its first caller before or after it refuses that one's version."""
    where_to = None
    first = "call"
    caller = outcome = None

    def call_it(self, peer):
        try:
            self.serve(self.call(peer, self.where_to, version=1))
            self.outcome = "accepted"
        except Refused as refused:
            self.outcome = (refused.hello.version, refused.hello.ctype)

    def refuse_version(self, conn, version):
        if self.outcome is not None:
            super().refuse_version(conn, version)
            return
        self.outcome = "trying"
        if self.first == "call":
            self.call_it(self.caller)
            super().refuse_version(conn, version)
        else:
            super().refuse_version(conn, version)
            self.call_it(self.caller)


class RefusesFirst(Versed):
    first = "refuse"


class Blunt(Versed):
    """Of before 2007."""

    def __init__(self, address, **options):
        super().__init__(address, refuses="abort", **options)


@test("a V1 node calls, then refuses V2; zclnd has the higher NID and wins", Versed, True)
@test("a V1 node calls, then refuses V2; zclnd has the lower NID and takes its call", Versed, False)
@test("a V1 node refuses V2, then calls; zclnd has the lower NID", RefusesFirst, False)
@test("a V1 node refuses V2, then calls; zclnd has the higher NID", RefusesFirst, True)
@test("a node of before 2007 calls, then resets V2; zclnd has the higher NID", Blunt, True)
@test("a node of before 2007 calls, then resets V2; zclnd has the lower NID", Blunt, False)
def across_versions(kind, higher):
    with Setting(kind, higher, best=1) as setting:
        node = setting.node
        node.wait("the outcome", lambda: node.outcome not in (None, "trying"))
        # Called first, zclnd's mark is up: the higher NID wins, whatever the versions are. Refused
        # first, its call with V1 may be over before ours comes.
        if kind is not RefusesFirst:
            equal(node.outcome, (1, NONE) if higher else "accepted")
        setting.has_one_set(version=1)


class Answers3(Node):
    """Of version 3: calls back with V3 before it answers its first caller."""
    where_to = None
    outcome = None

    def decide(self, hello):
        if self.outcome is None:
            self.outcome = "trying"
            try:
                self.call(hello.src_nid, self.where_to, version=3)
                self.outcome = "accepted"
            except Refused as refused:
                self.outcome = (refused.hello.version, refused.hello.ctype)
        return super().decide(hello)


@test("a V3 node calls while it is called: told V2 whoever is higher, and takes the call", True)
@test("a V3 node calls while it is called: told V2 whoever is higher, zclnd lower", False)
def v3_meets_v2(higher):
    with Setting(Answers3, higher, best=3) as setting:
        setting.node.wait("the outcome", lambda: setting.node.outcome not in (None, "trying"))
        equal(setting.node.outcome, (2, NONE))
        setting.has_one_set()


class Changeling(Node):
    """Has another incarnation after its first connection."""

    def note(self, where, what):
        super().note(where, what)
        if where is self.conns and len(self.calls) == 1:
            self.incarnation += 1


@test("a node that restarts between two connections of a set: the old one goes")
def between():
    with Setting(Changeling, True) as setting:
        node = setting.node
        node.wait("the end of the first", lambda: CONTROL in {c.ctype for c, _ in node.ended})
        setting.has_one_set()


class Slow(Node):
    """Answers byte by byte."""

    def answer(self, conn):
        conn.slow = True
        super().answer(conn)


@test("a node that answers byte by byte", 2)
@test("a node of V1 that refuses and answers byte by byte", 1)
def slow(best):
    with Setting(Slow, True, best=best) as setting:
        setting.has_one_set(best)


class Namer(Node):
    """Takes callers from unreserved ports as deployed nodes do: by source address and port, and the
    pid in what it sends is made of the port."""

    def put_on_wire(self, conn, message):
        message.dst_pid = conn.sock.getpeername()[1] | 0x80000000
        conn.send_message(message)      # each connection is a peer of its own


@test("a node that names zclnd by its port")
def named_by_port():
    with Setting(Namer, True) as setting:
        setting.has_one_set()


if __name__ == "__main__":
    harness.run()
