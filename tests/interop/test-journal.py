#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What zclnd peer and zclnd ping tell an operator: peer, reason, remedy; not too often."""
import itertools
import json
import os
import re
import subprocess
import tempfile

import harness
import ksock
from harness import Peer, equal, host, ping, test
from ksock import CONTROL
from node import Closed, Node, Refused

ADDRESSES = itertools.cycle(range(10, 250))


def caller(best=2, **options):
    return Node(host(next(ADDRESSES)), best, **options)


def tells(process, *patterns):
    """A line for each pattern, in this order."""
    def found():
        lines = iter(process.journal())
        return all(any(re.search(pattern, line) for line in lines) for pattern in patterns)
    try:
        harness.until("a line of the journal", found)
    except AssertionError:
        raise AssertionError(f"expected {patterns}, got:\n" + "\n".join(process.journal()))


def refused(node, peer):
    try:
        node.call(peer.nid, peer.where)
    except (Refused, Closed):
        return
    raise AssertionError("accepted")


@test("--verbose: a V3 node that comes, restarts, and goes, one line each")
def life():
    with Peer("--verbose") as peer, caller(3) as node:
        refused(node, peer)
        conns = node.connect(peer.nid, peer.where)
        who = rf"^{node.text()} \({node.address}:\d+\) "
        tells(peer, rf"^{node.address}:\d+ calls with a version .* told v2",
              who + "CONTROL is up with v2, opened by peer$",
              who + "BULK_OUT is up", who + "BULK_IN is up")
        try:
            node.call(peer.nid, peer.where)
        except Refused:
            pass
        tells(peer, who + "calls for a connection that is there already")
        node.incarnation += 1
        refused(node, peer)
        tells(peer, who + "calls after a restart", rf"^{node.text()} .*has restarted",
              who + r"CONTROL is down \(stale\)")
        node.call(peer.nid, peer.where).close()
        tells(peer, who + r"CONTROL is down \(eof\)")
        for conn in conns.values():
            conn.close()


@test("without --verbose a node comes and goes in silence")
def silence():
    with Peer() as peer, caller(3) as node:
        node.connect(peer.nid, peer.where)
        node.close()
        peer.is_clean()
        equal(peer.messages(), "")


WRONG = {
    "no LNet node": (lambda n, p: b"GET / HTTP/1.0\r\n\r\n", "is closed .bad_magic."),
    "large NIDs": (lambda n, p: ksock.accept_request(p.nid, version=2) + bytes(80),
                   "is refused .bad_acceptor_version.: .*IPv4 NID"),
    "another NID": (lambda n, p: ksock.accept_request(p.nid + 1),
                    "is closed .wrong_nid.: .* compare .* --nid"),
    "nonsense": (lambda n, p: ksock.accept_request(p.nid) +
                 ksock.Hello(2, n.nid, 9, 1, p.nid).pack(), "is closed .bad_ctype."),
}


@test("what is wrong with a caller is told with its address")
def wrong_callers():
    with Peer() as peer:
        for what, (make, words) in WRONG.items():
            with caller() as node:
                conn = node.open(peer.where)
                conn.send(make(node, peer))
                # The answer to large NIDs comes first.
                try:
                    while True:
                        conn.recv(1)
                except Closed:
                    pass
                tells(peer, rf"^warning: .*{re.escape(node.address)}:\d+\)? {words}")
                conn.close()


@test("what is wrong with a connection is told with its peer")
def wrong_messages():
    with Peer() as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        conn.noop(77)
        tells(peer, rf"^warning: {node.text()} \({node.address}:\d+\) is closed \(bad_cookie\)")


@test("accept=secure: the caller is told, and ten times a minute at most")
def secure():
    with Peer(accept="secure") as peer, caller() as node:
        for _ in range(30):
            refused(node, peer)
        assert "(accept=secure) 30" in peer.figures()
        lines = peer.journal()
        equal(len(lines), 10, lines)
        assert re.match(rf"warning: {node.address}:\d+ calls from a port above 1023 .*"
                        "CAP_NET_BIND_SERVICE there, or --accept all here$", lines[0]), lines[0]


@test("a caller that says nothing is told with --verbose", 1, b"")
@test("a caller that says nothing is told with --verbose (two loops)", 2, b"")
@test("a caller that does not say all is told with --verbose", 1, b"\0\x71\xce\xac\1")
@test("a caller that does not say all is told with --verbose (two loops)", 2,
      b"\0\x71\xce\xac\1")
def mute(threads, said):
    with Peer("--verbose", "--accept-timeout", "0.1", "--threads", threads) as peer, \
            caller() as node:
        conn = node.open(peer.where)
        conn.send(said)
        conn.end()
        tells(peer, rf"^{node.address}:\d+ called and did not say who it is \(timedout\)")


@test("who asks and does not read is cut off, and told (--max-answers)", "--max-answers", 20)
@test("who asks and does not read is cut off, and told (--max-answer-bytes)",
      "--max-answer-bytes", 2000)
def cut_off(option, limit):
    with Peer(option, limit) as peer, caller() as node:
        conn = node.call(peer.nid, peer.where)
        try:
            for _ in range(1000):
                conn.send_message(*[node.get_ping(peer.nid) for _ in range(100)])
        except Closed:
            pass
        tells(peer, rf"^warning: {node.text()} .*is cut off: it asks and does not read")
        conn.close()


@test("under systemd a line has a priority, and no date")
def systemd():
    with tempfile.TemporaryFile("w+") as log:
        stat = os.fstat(log.fileno())
        process = subprocess.Popen(
            [harness.ZCLND, "peer", "--nid", f"{host(2)}@tcp", "--listen", ":0"],
            stdout=subprocess.PIPE, stderr=log, text=True,
            env={**os.environ, "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"})
        try:
            where = process.stdout.readline().split()[-1]
            with caller() as node:
                conn = node.open(where)
                conn.end()
        finally:
            process.terminate()
            process.communicate()
        log.seek(0)
        assert re.match(r"^<4>[\d.]+:\d+ calls from a port above 1023", log.read())


def says(process, *patterns):
    status, text = process.finish()
    equal(status, 1, text)
    for pattern in patterns:
        assert re.search(pattern, text, re.M), f"no {pattern!r} in: {text}"


@test("zclnd ping says why not: nobody listens")
def nobody():
    with caller() as node:
        where = node.where()
    says(ping(node.nid, where, host(2)),
         rf"^zclnd: warning: {node.text()} \({where}\) cannot be connected to \(refused\): nobody")


@test("zclnd ping says why not: closed without a word")
def closed():
    with caller(0, refuses="abort") as node:
        says(ping(node.nid, node.where(), host(2)),
             r"^zclnd: warning: .* cannot be connected to \((reset|eof)\): it closes before it says "
             "a word. Lustre nodes do so when they are called by a NID that they do not have")


@test("zclnd ping says why not: another node")
def another():
    with caller() as node:
        node.nid += 1
        node.answer = lambda conn: (conn.recv(16), ksock.read_hello(conn.recv),
                                    conn.send(node.hello(2, CONTROL, 0).pack()))
        says(ping(node.nid - 1, node.where(), host(2)), r"cannot be connected to \(wrong_nid\)")


@test("a peer that never acknowledges is told with the remedy")
def overdue():
    class Mute(Node):
        def answer_put(self, conn, put):
            self.lnet_ack(conn, put)
    # bench has no journal: the trace says it.
    with Mute(host(next(ADDRESSES))) as node, tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace.jsonl")
        process = harness.bench(node.nid, node.where(), host(2), "--count", "3", "--trace", trace,
                                "--socket-timeout", "0.5")
        status, text = process.finish()
        equal(status, 1, text)
        with open(trace, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        overdue_cookies = [event["data"]["cookie"] for event in events
                           if event.get("name", "").endswith(":overdue")]
        equal(overdue_cookies[:1], [2], text)


if __name__ == "__main__":
    harness.run()
