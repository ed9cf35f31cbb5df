#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zclnd calls: zclnd ping to a node of each version, with its refusals, resets and races."""
import itertools
import socket

import harness
import ksock
from harness import Skip, equal, host, ping, test
from ksock import ANY, BULK_IN, BULK_OUT, CONTROL, NONE, PID
from node import Closed, Node, Refused

FOR_EVER = ("--count", "100000", "--interval", "50")    # until it is killed
V3 = harness.understands("--speaks", "v3")
ADDRESSES = itertools.cycle(range(10, 250, 2))


def answered(process, node, count=1):
    status, text = process.finish()
    equal(status, 0, text)
    equal(text.count("answer "), count, text)
    assert f"pid={PID} features=0x3 nis: 0@lo, {node.text()} up" in text, text


def accepted(version, *ctypes):
    return [(version, ctype, "accepted") for ctype in ctypes]


class Caller:
    """zclnd ping, whose NID is one above or below the node's. `more`: its other options."""

    def __init__(self, node, *more, higher=True, speaks="v2"):
        address = node.address.rpartition(".")
        self.address = f"{address[0]}.{int(address[2]) + (1 if higher else -1)}"
        self.nid = ksock.nid(self.address)
        self.process = ping(node.nid, node.where(), self.address, *more, speaks=speaks)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()


def target(best=2, **options):
    return Node(host(next(ADDRESSES)), best, **options)


@test("a node of V1 is pinged by one of V1", "v1", 1, "reply", [])
@test("a node of V2 is pinged by one of V2", "v2", 2, "reply", [])
@test("a node of V2 is pinged by one of V1", "v1", 2, "reply", [])
@test("a node of V3 is pinged by one of V2", "v2", 3, "reply", [])
@test("a node of V1 refuses V2 with its HELLO, and is pinged with V1", "v2", 1, "reply",
      [(2, None, "version")])
@test("a node of V1 resets V2 (before 2007), and is pinged with V1", "v2", 1, "abort",
      [(2, None, "version")])
def versions(speaks, best, refuses, refusals):
    with target(best, refuses=refuses) as node, Caller(node, speaks=speaks) as caller:
        answered(caller.process, node)
        equal(node.calls[:len(refusals)], refusals)
        version = min(int(speaks[1]), best)
        # The ping is over before the last connections are, if it is quick.
        rest = node.calls[len(refusals):]
        equal(rest, accepted(version, CONTROL, BULK_IN, BULK_OUT)[:len(rest)])
        assert rest, "nothing accepted"


@test("a V3 node is pinged by one of V3", 3)
@test("a V2 node is pinged by one of V3", 2)
@test("a V1 node is pinged by one of V3", 1)
def from_v3(best):
    if not V3:
        raise Skip("this zclnd does not speak V3")
    with target(best) as node, Caller(node, speaks="v3") as caller:
        answered(caller.process, node)
        equal(node.calls[0], (3, CONTROL, "accepted") if best == 3 else (3, None, "version"))


@test("the fallback is remembered: one refusal for many pings", "reply")
@test("the fallback is remembered: one reset for many pings", "abort")
def remembered(refuses):
    with target(1, refuses=refuses) as node, \
            Caller(node, "--count", "5", "--interval", "20") as caller:
        answered(caller.process, node, 5)
        equal(node.calls[:2], [(2, None, "version")] + accepted(1, CONTROL))
        equal({c[0] for c in node.calls[1:]}, {1})


@test("a node that is restarted with a better version is called with one version")
def upgraded():
    first = target(1)
    with Caller(first, *FOR_EVER) as caller:
        harness.until("an answer", lambda: "answer 1" in caller.process.output())
        first.close()
        with Node(first.address, 2, port=first.port) as second:
            second.wait("the set", lambda: len(second.conns) == 3)
            equal(len({conn.version for conn in second.conns}), 1)
            equal([c for c in second.calls if c[2] != "accepted"], [])


@test("a big-endian node is pinged", ">", False)
@test("a node that sends checksums is pinged", "<", True)
@test("a big-endian node that sends checksums is pinged", ">", True)
def orders(order, with_checksum):
    with target(order=order, with_checksum=with_checksum) as node, \
            Caller(node, "--count", "3", "--interval", "1") as caller:
        answered(caller.process, node, 3)


@test("checksums are sent when asked for")
def checksum():
    with target() as node, Caller(node, "--checksum") as caller:
        answered(caller.process, node)
        node.wait("the GET", lambda: node.received)
        equal([m.csum != 0 for _, m in node.received], [True])


@test("the GET of a ping is what deployed nodes send")
def get():
    with target() as node, Caller(node) as caller:
        answered(caller.process, node)
        node.wait("the GET", lambda: node.received)
        (_, message), = node.received
        equal((message.type, message.portal, message.match_bits, message.offset, message.src,
               message.dst, message.req, message.ack, message.payload),
              (ksock.GET, 0, ksock.PING_BITS, 0, caller.nid, node.nid, 0, 0, b""))
        assert message.sink_length >= 48, message.sink_length
        assert message.handle != ksock.NO_HANDLE


@test("the HELLO is what deployed nodes send")
def hello():
    with target() as node, Caller(node, *FOR_EVER) as caller:
        node.wait("the set", lambda: len(node.conns) == 3)
        hellos = [conn.hello for conn in node.conns]
        equal([h.ctype for h in hellos], [CONTROL, BULK_IN, BULK_OUT])
        for h in hellos:
            equal((h.version, h.src_nid, h.dst_nid, h.src_pid, h.dst_pid, h.dst_incarnation,
                   h.ips, h.order),
                  (2, caller.nid, node.nid, PID, 0, 0, (), hellos[0].order))
        equal(len({h.incarnation for h in hellos}), 1)


@test("--untyped opens one connection")
def untyped():
    with target() as node, \
            Caller(node, "--untyped", "--count", "3", "--interval", "1") as caller:
        answered(caller.process, node, 3)
        equal(node.calls, accepted(2, ANY))


@test("the node's own pings are answered while it is pinged")
def both_ways():
    with target() as node, Caller(node, *FOR_EVER) as caller:
        node.wait("the set", lambda: len(node.conns) == 3)
        node.conns[0].send_message(*[node.get_ping(caller.nid) for _ in range(50)])
        node.wait("its REPLYs", lambda: sum(m.type == ksock.REPLY
                                            for _, m in node.received) == 50)
        gets = sum(m.type == ksock.GET for _, m in node.received)
        node.wait("more pings", lambda: sum(m.type == ksock.GET
                                            for _, m in node.received) > gets + 1)


# ---- races -------------------------------------------------------------------------------

class Refuser(Node):
    """Loses nobody a race, but says so: the first `left` callers are refused."""
    left = 1

    def decide(self, hello):
        if self.left > 0:
            self.left -= 1
            return "race"
        return super().decide(hello)


@test("a lost race is tried again, and won")
def lost_race():
    with Refuser(host(next(ADDRESSES))) as node, Caller(node) as caller:
        answered(caller.process, node)
        equal(node.calls[:2], [(2, CONTROL, "race"), (2, CONTROL, "accepted")])


@test("a race that is always lost is given up, and the ping fails")
def always_lost():
    with Refuser(host(next(ADDRESSES))) as node:
        node.left = 1000
        with Caller(node) as caller:
            status, text = caller.process.finish()
            equal((status, "no answer 1" in text), (1, True), text)
            equal(node.calls, [(2, CONTROL, "race")] * 4)


class Winner(Node):
    """Refuses the first caller, and calls it back: it has won the race."""
    where_to = None
    refused_once = False

    def decide(self, hello):
        if not self.refused_once:
            self.refused_once = True
            return "race"
        return super().decide(hello)

    def refuse(self, conn, hello, why):
        super().refuse(conn, hello, why)
        self.connect(hello.src_nid, self.where_to)


def race_setup(kind, higher):
    """A node, and a zclnd ping that listens, too. (node, caller)"""
    node = kind(host(next(ADDRESSES)))
    prefix, _, last = node.address.rpartition(".")
    port = harness.free_port(f"{prefix}.{int(last) + (1 if higher else -1)}")
    node.where_to = f"{prefix}.{int(last) + (1 if higher else -1)}:{port}"
    return node, Caller(node, "--accept", "all", "--listen", f":{port}", *FOR_EVER,
                        higher=higher)


@test("a lost race: the winner's connections carry the ping")
def winner_carries():
    node, caller = race_setup(Winner, False)
    with node, caller:
        node.wait("the set", lambda: len(node.conns) == 3)
        harness.until("an answer", lambda: "answer 1" in caller.process.output())
        equal(node.calls, [(2, CONTROL, "race")])


class Holder(Node):
    """Holds the answer to its first caller until it has called the caller itself."""
    where_to = None
    outcome = None

    def decide(self, hello):
        if self.outcome is None:
            self.outcome = "trying"
            try:
                self.serve(self.call(hello.src_nid, self.where_to))
                self.outcome = "accepted"
            except Refused as refused:
                self.outcome = (refused.hello.version, refused.hello.ctype)
            if self.outcome == "accepted":
                return "race"
        return super().decide(hello)


@test("two call at once, zclnd has the higher NID: it refuses, and its call wins", True)
@test("two call at once, zclnd has the lower NID: it accepts, and its call loses", False)
def race(zclnd_is_higher):
    node, caller = race_setup(Holder, zclnd_is_higher)
    with node, caller:
        node.wait("the outcome", lambda: node.calls)
        equal(node.outcome, (2, NONE) if zclnd_is_higher else "accepted")
        equal(node.calls[0], (2, CONTROL, "accepted" if zclnd_is_higher else "race"))
        node.wait("the set", lambda: len(node.conns) == 3)
        harness.until("an answer", lambda: "answer 1" in caller.process.output())
        # One connection of each type, whoever has opened it.
        equal((sorted(c.ctype for c in node.conns), node.ended),
              ([CONTROL, BULK_IN, BULK_OUT], []))


# ---- failures ----------------------------------------------------------------------------

class Answers(Node):
    """Answers the first HELLO with bytes of the test's choice, and closes."""

    def __init__(self, make, **options):
        self.make = make
        super().__init__(host(next(ADDRESSES)), **options)

    def answer(self, conn):
        conn.recv(16)
        hello_ = ksock.read_hello(conn.recv)
        self.note(self.calls, hello_.version)
        conn.send(self.make(self, hello_))
        conn.close()


BAD_ANSWERS = {
    "another node's NID": lambda n, h: ksock.Hello(2, n.nid + 1, CONTROL, 1).pack(),
    "a type that is not the inverse": lambda n, h: n.hello(2, BULK_IN, h.src_nid).pack(),
    "garbage": lambda n, h: b"\xa5" * 100,
    "too many IPs": lambda n, h: ksock.Hello(2, n.nid, CONTROL, 1, ips=(1,) * 17).pack(),
    "an IP of 0": lambda n, h: ksock.Hello(2, n.nid, CONTROL, 1, ips=(0,)).pack(),
    "a refusal with a version that is not spoken here":
        lambda n, h: ksock.Hello(3, n.nid, NONE, 1, n.nid).pack(),
    "a refusal with a version that nobody speaks":
        lambda n, h: ksock.Hello(3, n.nid, NONE, 1, n.nid).pack().replace(b"\3", b"\x4d", 1),
    "a refusal with V4": lambda n, h: ksock.Hello(4, n.nid, NONE, 1, n.nid).pack(),
    "an acceptance with a version that is not spoken here":
        lambda n, h: ksock.Hello(3, n.nid, CONTROL, 1, n.nid).pack(),
    "another node's refusal": lambda n, h: ksock.Hello(2, n.nid + 1, NONE, 1, n.nid).pack(),
    "the caller's own HELLO": lambda n, h: h.pack(),
    "an acceptor's answer": lambda n, h: ksock.accept_request(0),
}


@test("an answer that is none: the ping fails, and says so")
def bad_answers():
    for what, make in BAD_ANSWERS.items():
        with Answers(make) as node, Caller(node, "--timeout", "5") as caller:
            status, text = caller.process.finish()
            equal((status, "no answer 1" in text), (1, True), f"{what}: {text}")
            equal(node.calls, [2], what)


@test("a node that names another version at each call is called again later, not at once")
def fickle():
    def contradict(node, call):
        return ksock.Hello(3 - call.version, node.nid, NONE, node.incarnation, node.nid).pack()

    # Refused for good, a ping fails with the first attempt; its next ones wait out the interval.
    with Answers(contradict) as node, \
            Caller(node, "--count", "3", "--interval", "1", "--timeout", "5") as caller:
        status, text = caller.process.finish()
        equal((status, text.count("no answer ")), (1, 3), text)
        assert "the peer names another version at each call" in text, text
        equal(node.calls, [2, 1, 2, 1] * 3)


@test("half an answer is no answer of a node of before 2007, yet V1 is tried")
def half_answer():
    with Answers(lambda n, h: n.hello(h.version, CONTROL, h.src_nid).pack()[:30]) as node, \
            Caller(node, "--timeout", "5") as caller:
        status, text = caller.process.finish()
        equal((status, "no answer 1" in text), (1, True), text)


@test("a node that accepts and says nothing: the ping ends in its time")
def mute():
    with socket.create_server((host(9), 0)) as sock:
        where = f"{host(9)}:{sock.getsockname()[1]}"
        process = ping(ksock.nid(host(9)), where, host(8), "--timeout", "0.5")
        status, text = process.finish()
        equal((status, "no answer 1" in text), (1, True), text)


@test("a node that resets everybody: the ping ends")
def resets():
    with target(0, refuses="abort") as node, Caller(node, "--timeout", "5") as caller:
        status, text = caller.process.finish()
        equal((status, "no answer 1" in text), (1, True), text)
        equal(node.calls[:2], [(2, None, "version"), (1, None, "version")])


@test("a node that restarts between two pings is pinged again")
def restarts():
    first = target(incarnation=1000)
    with Caller(first, "--count", "2", "--interval", "1200") as caller:
        harness.until("an answer", lambda: "answer 1" in caller.process.output())
        first.close()
        with Node(first.address, 2, port=first.port, incarnation=2000) as second:
            status, text = caller.process.finish()
            equal((status, text.count("answer ")), (0, 2), text)
            # CONTROL first, or one of the others whose call was under way when the first went.
            assert any(call[2] == "accepted" for call in second.calls), second.calls


@test("zclnd calls from a reserved port where it may: a secure node answers")
def secure():
    try:
        node = Node(host(next(ADDRESSES)), port=988, secure=True)
    except PermissionError:
        raise Skip("reserved ports are not for this user") from None
    with node, Caller(node) as caller:
        answered(caller.process, node)
        assert all(512 <= port <= 1023 for port in node.sources), node.sources


def may_reserve():
    with socket.socket() as sock:
        try:
            sock.bind((host(9), 1023))
        except PermissionError:
            return False
    return True


@test("--reserved-ports=always: a secure node that does not listen at 988 answers", "always", True)
@test("--reserved-ports=never: a secure node closes", "never", False)
@test("by default a call to another port than 988 leaves from any", None, False)
def reserved_ports(when, answers):
    if answers and not may_reserve():
        raise Skip("reserved ports are not for this user")
    more = ("--reserved-ports", when) if when else ()
    with target(secure=True) as node, Caller(node, "--timeout", "5", *more) as caller:
        if answers:
            answered(caller.process, node)
        else:
            status, text = caller.process.finish()
            equal(status, 1, text)
        equal({port <= 1023 for port in node.sources}, {answers})


if __name__ == "__main__":
    harness.run()
