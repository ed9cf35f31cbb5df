#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zclnd bench puts bulk to a node that ACKs its ZC requests in every way that there is, the wrong
ones too."""
import itertools
import json
import re
import threading

import harness
import ksock
from harness import Skip, bench, equal, host, test, test_each_way
from ksock import BULK_OUT, CONTROL, Message
from node import Closed, Node

V3 = harness.understands("--speaks", "v3")
ADDRESSES = itertools.cycle(range(10, 250, 2))
FILL = b"\x5a"      # what bench sends
SIZE = 65536


class Sink(Node):
    """Takes PUTs. Cookies are ACKed by `policy`, in batches of `batch`."""

    def __init__(self, policy, batch=1, best=2, **options):
        self.policy, self.batch = policy, batch
        self.cookies, self.unacked, self.puts, self.wrong = [], [], [], []
        super().__init__(host(next(ADDRESSES)), best, **options)

    def answer_put(self, conn, put):
        if put.payload != FILL * len(put.payload) or put.portal != 50:
            self.note(self.wrong, put)
        if put.req:
            self.cookies.append(put.req)
        self.note(self.puts, (put.hdr_data, len(put.payload)))
        self.policy(self, conn, put)


# ---- ways to ACK -------------------------------------------------------------------------

def in_noops(node, conn, put):
    node.unacked.append(put.req)
    if len(node.unacked) >= node.batch:
        node.acknowledge(conn, node.unacked)
        node.unacked = []
    node.lnet_ack(conn, put)


def on_lnet_acks(node, conn, put):
    node.lnet_ack(conn, put, put.req)


def after_the_lnet_ack(node, conn, put):
    node.lnet_ack(conn, put)
    node.acknowledge(conn, [put.req])


def on_the_same_connection(node, conn, put):
    conn.send_message(Message(ack=put.req))
    node.lnet_ack(conn, put)


def on_a_get(node, conn, put):
    get = node.get_ping(put.src)
    get.ack = put.req
    node.put_on_wire(conn, get)
    node.lnet_ack(conn, put)


def backwards(node, conn, put):
    """All of a batch at once, the last first."""
    node.unacked.insert(0, put.req)
    if len(node.unacked) == node.batch:
        conn.send_message(*[Message(ack=c) for c in node.unacked])
        node.unacked = []
    node.lnet_ack(conn, put)


def byte_by_byte(node, conn, put):
    control = node.sibling(conn, CONTROL)
    for byte in control.pack(Message(ack=put.req)):
        control.send(bytes([byte]))
    node.lnet_ack(conn, put)


def never(node, conn, put):
    node.lnet_ack(conn, put)


def nothing_at_all(node, conn, put):
    pass


def twice(node, conn, put):
    conn.send_message(Message(ack=put.req), Message(ack=put.req))


def twice_on_two(node, conn, put):
    node.acknowledge(conn, [put.req])
    node.lnet_ack(conn, put, put.req)


def one_too_many(node, conn, put):
    conn.send_message(Message(ack=put.req + 1000))


def with_the_last(node, conn, put):
    """The right one, and the highest that there is."""
    conn.send_message(Message(ack=put.req), Message(ack=2**64 - 1))


def dies(node, conn, put):
    if len(node.puts) == 5:
        conn.close(reset=True)
        raise Closed("closed here")
    node.acknowledge(conn, [put.req])
    node.lnet_ack(conn, put)


# ---- running it --------------------------------------------------------------------------

def start(node, *more, speaks="v2"):
    prefix, _, last = node.address.rpartition(".")
    return bench(node.nid, node.where(), f"{prefix}.{int(last) + 1}", "--size", SIZE, "--json",
                 "--count", "100", *more, speaks=speaks)


def result(process):
    status, text = process.finish()
    match = re.search(r"^\{.*\}$", text, re.M)
    assert match, text
    return status, json.loads(match.group(0)), text


def complete(node, process, count=100, zc=True):
    status, figures, text = result(process)
    if node.errors:
        raise node.errors[0]
    equal(status, 0, text)
    equal(node.wrong, [], "payloads")
    equal(sorted(node.puts), [(i, SIZE) for i in range(count)])
    here = figures["here"]
    expected = count if zc else 0
    equal((here["zc_requests"], here["acks_received"], here["protocol_errors"]),
          (expected, expected, 0), text)
    equal(here["buffers_released"] >= expected, True, text)
    equal(node.cookies, list(range(2, 2 + expected)), "cookies")


@test_each_way("ACKs in NOOPs on CONTROL, as deployed nodes send them", in_noops)
@test_each_way("ACKs in NOOPs, eight in one write", in_noops, 4)
@test_each_way("ACKs on LNet ACKs", on_lnet_acks)
@test_each_way("ACKs after the LNet ACKs", after_the_lnet_ack)
@test_each_way("ACKs on the connection of the request", on_the_same_connection)
@test_each_way("ACKs on GETs of the other side", on_a_get)
@test_each_way("ACKs in backward order, late", backwards, 4)
@test_each_way("ACKs byte by byte", byte_by_byte)
def acked(policy, *more):
    *batch, way = more
    with Sink(policy, *batch) as node, start(node, "--way", way) as process:
        complete(node, process)


@test_each_way("ACKs in NOOPs, no LNet ACKs but the last", in_noops, "--no-ack")
@test_each_way("ACKs in NOOPs, untyped", in_noops, "--untyped")
@test_each_way("ACKs in NOOPs, one message under way", in_noops, "--window", "1")
@test_each_way("ACKs in NOOPs, with checksums", in_noops, "--checksum")
@test_each_way("ACKs on LNet ACKs, with checksums, untyped", on_lnet_acks, "--checksum", "--untyped")
def acked_with(policy, *more):
    *more, way = more
    with Sink(policy) as node, start(node, *more, "--way", way) as process:
        status, figures, text = result(process)
        equal((status, node.wrong, sorted(node.puts)),
              (0, [], [(i, SIZE) for i in range(100)]), text)
        equal(figures["here"]["acks_received"], len(node.cookies))


@test_each_way("a big-endian sink", in_noops, ">", False)
@test_each_way("a sink that sends checksums", in_noops, "<", True)
@test_each_way("a big-endian sink that sends checksums, on LNet ACKs", on_lnet_acks, ">", True)
def orders(policy, order, with_checksum, way):
    with Sink(policy, order=order, with_checksum=with_checksum) as node, \
            start(node, "--way", way) as process:
        complete(node, process)


@test("a sink of V1 is asked for no ACKs", "reply")
@test("a sink of before 2007 is asked for no ACKs", "abort")
def v1(refuses):
    def only_lnet(node, conn, put):
        node.lnet_ack(conn, put)

    with Sink(only_lnet, best=1, refuses=refuses) as node, start(node) as process:
        complete(node, process, zc=False)


@test("a sink of V3 gets V2 from a node that speaks that")
def v3_sink():
    with Sink(in_noops, best=3) as node, start(node) as process:
        complete(node, process)


@test("V3: ACKs in pairs and ranges")
def v3_coalesced():
    if not V3:
        raise Skip("this zclnd does not speak V3")
    with Sink(in_noops, 4, best=3) as node, start(node, speaks="v3") as process:
        complete(node, process)


@test("nothing is asked for with --no-zc-ack")
def no_zc_ack():
    def only_lnet(node, conn, put):
        node.lnet_ack(conn, put)

    with Sink(only_lnet) as node, start(node, "--no-zc-ack") as process:
        complete(node, process, zc=False)


@test("a window waits for its ACKs, and goes on when they come")
def window():
    with Sink(nothing_at_all) as node, start(node, "--no-ack") as process:
        node.wait("a window", lambda: len(node.puts) == 8)
        conn = next(c for c in node.conns if c.ctype == CONTROL)
        # What zclnd had to send before it has read this is here.
        conn.send_message(node.get_ping(conn.hello.src_nid))
        node.wait("a REPLY", lambda: any(m.type == ksock.REPLY for _, m in node.received))
        equal(len(node.puts), 8)
        node.policy = in_noops
        node.acknowledge(conn, node.cookies)
        complete(node, process)


def closes(node, process, is_error=True):
    """zclnd closes the connection, and its messages fail. One error may be seen on each of two
    connections; a message whose LNet ACK was lost with the other fails after the timeout."""
    status, figures, text = result(process)
    equal((status, figures["here"]["protocol_errors"] > 0), (1, is_error), text)
    # What a node of ours complains of would be an ACK or a message that is not allowed.
    equal((node.errors, node.wrong), ([], []))


@test("an ACK twice: zclnd closes", twice)
@test("an ACK twice, on two connections: zclnd closes", twice_on_two)
@test("an ACK of a cookie that was not given: zclnd closes", one_too_many)
@test("an ACK of the last of all cookies: zclnd closes", with_the_last)
def wrong_acks(policy):
    with Sink(policy) as node, start(node, "--socket-timeout", "1") as process:
        closes(node, process)
        node.wait("the ends", lambda: len(node.ended) == 3)


@test("no ACK ever: the messages fail after the socket timeout", never)
@test("no answer at all: the messages fail after the socket timeout", nothing_at_all)
def timeout(policy):
    with Sink(policy) as node, start(node, "--socket-timeout", "0.5") as process:
        closes(node, process, False)
        equal(len(node.puts), 8)


@test("a sink that reads nothing: the messages fail after the socket timeout")
def deaf():
    over = threading.Event()

    def stop_reading(_node, _conn, _put):
        over.wait()

    with Sink(stop_reading) as node, \
            start(node, "--socket-timeout", "0.5", "--size", "1048576") as process:
        closes(node, process, False)
        over.set()


@test_each_way("a sink that dies in the middle: the messages fail, none hangs")
def dying(way):
    with Sink(dies) as node, start(node, "--socket-timeout", "5", "--way", way) as process:
        status, _, text = result(process)
        equal(status, 1, text)


@test_each_way("a connection that ends inside a message from zclnd")
def cut(way):
    class Cutter(Sink):
        def answer(self, conn):
            plain = conn.recv

            def recv(n):
                if n == SIZE:
                    plain(n // 2)
                    conn.close(reset=True)
                    raise Closed("closed here")
                return plain(n)
            conn.recv = recv
            super().answer(conn)

    with Cutter(in_noops) as node, \
            start(node, "--socket-timeout", "5", "--way", way) as process:
        status, _, text = result(process)
        equal(status, 1, text)


if __name__ == "__main__":
    harness.run()
