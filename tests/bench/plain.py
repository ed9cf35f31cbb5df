#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The plain program, which zclnd is measured against: it takes what comes in any pieces, and says what
went wrong."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.environ["top_srcdir"], "tests"))
import tap  # noqa: E402

PLAIN = os.path.join(os.environ["top_builddir"], "bench/plain")
ADDRESS = "127.83.1.1"
PATIENCE = 20  # seconds until something is called stuck
SIZE = 192 << 10


class Listener:
    """plain listen, for one message of SIZE."""

    def __init__(self):
        self.process = subprocess.Popen(
            [PLAIN, "listen", ADDRESS, "stream", str(SIZE), "1"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        match = re.fullmatch(r"ready: (\S+):(\d+)\n", self.process.stdout.readline())
        self.address = (match.group(1), int(match.group(2)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


def as_in_proc(address):
    return f"{socket.htonl(int.from_bytes(socket.inet_aton(address[0]), 'big')):08X}:{address[1]:04X}"


def unread(client):
    """Bytes that have come to the other end of this connection and are not read; None: none yet."""
    ends = [as_in_proc(client.getpeername()), as_in_proc(client.getsockname())]
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[1:3] == ends:
                return int(words[4].split(":")[1], 16)
    return None


def wait_until_unread(client, size):
    """Looks again and again: the kernel has no event for it."""
    stuck = time.monotonic() + PATIENCE
    while unread(client) != size:
        assert time.monotonic() < stuck, f"{unread(client)} bytes stay unread"
        os.sched_yield()


def connect(address):
    client = socket.socket()
    client.settimeout(PATIENCE)
    # As over a network: a window that is full of one packet would wake the receiver by itself.
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
    client.connect(address)
    return client


@tap.test("a message is received whole, whatever pieces it comes in")
def takes_pieces():
    """recv sleeps in the midst of a message, of which fewer bytes than it once waited for are left."""
    pieces = [bytes(100000), bytes(50000), bytes(SIZE - 150000)]
    with Listener() as listener:
        # What comes first is there before recv is called, so that it is taken at once.
        listener.stop()
        with connect(listener.address) as client:
            client.sendall(pieces[0])
            wait_until_unread(client, len(pieces[0]))
            listener.go_on()
            wait_until_unread(client, 0)
            client.sendall(pieces[1])
            client.sendall(pieces[2])
            assert client.recv(2) == b"\0", "no answer"
        _, errors = listener.process.communicate(timeout=PATIENCE)
        assert (listener.process.returncode, errors) == (0, ""), errors


@tap.test("a connection that ends early is called that")
def says_early_end():
    with Listener() as listener:
        with connect(listener.address) as client:
            client.sendall(bytes(1000))
        _, errors = listener.process.communicate(timeout=PATIENCE)
        assert listener.process.returncode == 1
        assert errors == "plain: the other side closed early\n", errors


if __name__ == "__main__":
    # What hangs dies of it, and is seen as a test that failed.
    signal.alarm(3 * PATIENCE)
    tap.run()
