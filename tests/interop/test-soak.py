#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Restarts of one side under traffic, again and again: no descriptor and no memory is left behind.
SOAK is the number of restarts (make check-long: many thousands)."""
import itertools
import os

import harness
import ksock
from harness import Peer, equal, host, ping, test
from ksock import ANY, BULK_IN, BULK_OUT, CONTROL
from node import Closed, Node, Refused

RESTARTS = int(os.environ.get("SOAK", "200"))
# Pages that an allocator may hold on to; a leak of 100 bytes a restart shows from 20,000 on.
SLACK = 2 << 20
TYPED = (CONTROL, BULK_IN, BULK_OUT)


def memory(process):
    """Bytes that are its own."""
    with open(f"/proc/{process.child.pid}/statm", encoding="ascii") as file:
        words = file.read().split()
    return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGESIZE")


def fds(process):
    return len(os.listdir(f"/proc/{process.child.pid}/fd"))


def persist(node, peer, ctype):
    """Calls until it is taken: the peer may not have noticed yet that the last one is gone."""
    for _ in range(1000):
        try:
            return node.call(peer.nid, peer.where, ctype)
        except (Refused, Closed):
            pass
    raise AssertionError("refused a thousand times")


def end(conn, node, peer, how):
    """A life of this caller ends, in one of the ways in which they do."""
    if how == 0:
        conn.close()
    elif how == 1:
        conn.close(reset=True)
    elif how == 2:
        data = conn.pack(node.put(peer.nid, b"x" * 20000))
        conn.send(data[:len(data) // 3])
        conn.close(reset=True)
    else:
        conn.sock.shutdown(1)
        conn.close()


def life(node, peer, number):
    node.incarnation += 1
    node.best = 1 + number % 2
    ctypes = (ANY,) if number % 5 == 0 else TYPED
    conns = [persist(node, peer, ctype) for ctype in ctypes]
    out = conns[-1]
    out.send_message(*[node.put(peer.nid, b"x" * 20000, node.best == 2) for _ in range(3)],
                     node.get_ping(peer.nid))
    if number % 3:
        # An answer to what was sent, of whatever kind.
        conns[0].recv(24)
    for place, conn in enumerate(conns):
        end(conn, node, peer, (number + place) % 4)


def has_not_grown(grown):
    """Under a sanitizer memory that was given back stays away for a while: then it is no sign."""
    if "-fsanitize" not in os.environ.get("TEST_CFLAGS", ""):
        assert grown < SLACK, f"{grown} bytes more than after a quarter"


@test("a caller that restarts under traffic")
def caller():
    with Peer() as peer, Node(host(2)) as node:
        for number in range(RESTARTS):
            if number == RESTARTS // 4:
                before = memory(peer)
            life(node, peer, number)
        peer.is_clean()
        grown = memory(peer) - before
        print(f"# {RESTARTS} restarts: {grown} bytes more")
        has_not_grown(grown)


class Phoenix(Node):
    """Restarts on demand; its door stays open."""

    def restart(self, number):
        with self.changed:
            self.incarnation += 1
            conns = list(self.conns)
            # Nothing of all that is wanted, and it would grow.
            for record in (self.calls, self.ended, self.received, self.acks, self.sources):
                del record[:]
        for conn in conns:
            conn.close(reset=number % 2 == 0)


@test("a called node that restarts under traffic")
def called():
    # Each costs a pause of zclnd's, a second long.
    restarts = max(8, min(RESTARTS // 300, 60))
    with Phoenix(host(3)) as node, \
            ping(node.nid, node.where(), host(4), "--count", "100000000", "--interval", "1",
                 "--timeout", "2") as process:
        for number in range(restarts):
            node.wait("pings", lambda: len(node.received) > 2)
            if number == restarts // 4:
                before = memory(process)
            node.restart(number)
        node.wait("pings", lambda: len(node.received) > 2)
        grown = memory(process) - before
        print(f"# {restarts} restarts: {grown} bytes more")
        has_not_grown(grown)
        # Three connections, and what a process has besides.
        harness.until("descriptors to be closed", lambda: fds(process) < 30)
        equal(process.child.poll(), None)


if __name__ == "__main__":
    harness.run()
