# SPDX-License-Identifier: MIT
"""Addresses of this run, and processes of zclnd, for the tests of this folder."""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import ksock
from node import PATIENCE

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from tap import TESTS, Skip, equal, run, test  # noqa: E402, F401

TOP_SRC = pathlib.Path(os.environ.get("top_srcdir", pathlib.Path(__file__).resolve().parents[2]))
TOP_BUILD = pathlib.Path(os.environ.get("top_builddir", TOP_SRC / "build"))
ZCLND = str(TOP_BUILD / "zclnd")
NET = f"127.{os.getpid() % 253 + 1}.{os.getpid() // 253 % 256}."


def host(number):
    """An address that no other test uses. Ports are the kernel's choice."""
    return NET + str(number)


# A line of the peer's journal: date, level, words.
JOURNAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} zclnd: (warning: )?(\S.*)")


def test_each_way(title, *arguments):
    """As test, for each way of sending, which is the last argument."""
    def add(function):
        for way in ("copy", "zerocopy", "splice"):
            TESTS.append((f"{title} (by {way})", function, (*arguments, way)))
        return function
    return add


def until(what, condition):
    """For what no event tells: looks until it is so, which it must become."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


def free_port(address):
    with socket.create_server((address, 0)) as sock:
        return sock.getsockname()[1]


def understands(option, value):
    """Whether this zclnd has a value for an option."""
    done = subprocess.run([ZCLND, "peer", option, value, "--listen", "nowhere"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return "--listen" in done.stderr


class Process:
    """A zclnd command; its output goes to files, so that it never waits for us."""

    def __init__(self, *arguments, prefix=()):
        self.out = tempfile.TemporaryFile("w+")
        self.err = tempfile.TemporaryFile("w+")
        self.child = subprocess.Popen([*prefix, ZCLND, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                      stdout=self.out, stderr=self.err, text=True)

    @staticmethod
    def _text(file):
        # A reader of its own: the position of ours is the child's, too.
        return os.pread(file.fileno(), 1 << 24, 0).decode()

    def output(self):
        return self._text(self.out)

    def messages(self):
        return self._text(self.err)

    def journal(self):
        """The lines of its journal, without dates."""
        return [(match.group(1) or "") + match.group(2)
                for match in map(JOURNAL.match, self.messages().splitlines()) if match]

    def finish(self):
        """(status, output) when it ends by itself."""
        try:
            status = self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"does not end: {self.output()}{self.messages()}") from None
        return status, self.output() + self.messages()

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def ready(peer):
    until("a peer that is ready", lambda: "\n" in peer.output() or peer.child.poll() is not None)
    assert peer.output().startswith("ready: "), peer.output() + peer.messages()


class Peer(Process):
    """zclnd peer at an address of its own. As a context: it must end in order, and silently."""

    def __init__(self, *arguments, address=None, accept="all", speaks="v2"):
        self.address = address or host(1)
        self.nid = ksock.nid(self.address)
        super().__init__("peer", "--nid", f"{self.address}@tcp", "--listen", ":0", "--accept",
                         accept, "--speaks", speaks, *arguments)
        ready(self)
        self.where = self.output().split()[-1]
        self.first_fds = self.fds()

    def fds(self):
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))

    def is_clean(self):
        """Each connection is over, and none has left a descriptor behind."""
        until("descriptors to be closed", lambda: self.fds() == self.first_fds)

    def figures(self):
        """Its statistics, a text."""
        before = self.output().count("statistics of")
        self.child.send_signal(10)
        until("statistics", lambda: self.output().count("statistics of") > before and
              self.output().endswith("\n") and "connections" in
              self.output().rpartition("statistics of")[2])
        return self.output().rpartition("statistics of")[2]

    def __exit__(self, kind, *_):
        if kind:
            self.kill()
            return
        self.child.terminate()
        status, text = self.finish()
        equal(status, 0, text)
        for line in self.messages().splitlines():
            assert JOURNAL.match(line), f"message of the peer: {line}"


def ping(target, where, address, *arguments, speaks="v2"):
    """zclnd ping from `address`."""
    return Process("ping", ksock.nid_text(target), "--from", f"{address}@tcp", "--speaks", speaks,
                   "--peer", f"{ksock.nid_text(target)}={where}", *arguments)


def bench(target, where, address, *arguments, speaks="v2"):
    """zclnd bench bw from `address`; auto would ask for no ACKs after the first on loopback."""
    return Process("bench", "bw", ksock.nid_text(target), "--nid", f"{address}@tcp", "--speaks",
                   speaks, "--way", "zerocopy", "--peer", f"{ksock.nid_text(target)}={where}",
                   *arguments)
