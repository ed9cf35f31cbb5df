# SPDX-License-Identifier: MIT
"""Two hosts on one cable, for tests that need port 988, reserved ports and a link that can fail: two
network namespaces and a veth pair, which are gone with this process.

The tests, and the independent node, run on the near host; zclnd mostly on the far one."""
import contextlib
import os
import subprocess
import sys

import harness
from harness import Process, until

NEAR, FAR = "10.77.0.1", "10.77.0.2"
INSIDE = "INTEROP_NETNS"


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def enter():
    """Runs the test program again, in a namespace of its own."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        skip_all("network namespaces are for root")
    done = subprocess.run(["unshare", "-n", "ip", "link", "add", "type", "veth"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        skip_all(f"no network namespace with a veth pair: {done.stderr.strip()}")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


def run(*words):
    subprocess.run([str(w) for w in words], check=True, capture_output=True)


class Cable:
    """Makes the far host and the cable."""

    def __init__(self):
        # It ends when our end of its input does: with this process.
        self.holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        self.pid = self.holder.pid
        own = os.readlink("/proc/self/ns/net")
        until("a second namespace", lambda: os.readlink(f"/proc/{self.pid}/ns/net") != own)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", self.pid)
        run("ip", "address", "add", f"{NEAR}/24", "dev", "near")
        run("ip", "link", "set", "near", "up")
        for words in (("link", "set", "lo", "up"), ("address", "add", f"{FAR}/24", "dev", "far"),
                      ("link", "set", "far", "up")):
            run(*self.there("ip", *words))

    def there(self, *words):
        """The command, on the far host."""
        return ["nsenter", "-t", str(self.pid), "-n", "--", *words]

    @staticmethod
    @contextlib.contextmanager
    def pulled():
        """Meanwhile the far host sees no carrier; what it sends is lost."""
        run("ip", "link", "set", "near", "down")
        try:
            yield
        finally:
            run("ip", "link", "set", "near", "up")

    def silence(self):
        """The kernel of the far host forgets what ended processes had still to say; the cable is
        out, so nobody hears of it. (They have their socket timeout for it.)"""
        run(*self.there("sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries"))
        until("no connections", lambda: not [line for line in subprocess.run(
            self.there("cat", "/proc/net/tcp"), check=True, capture_output=True,
            text=True).stdout.splitlines()[1:] if line.split()[3] != "06"])
        # What waits for an address to be resolved would still leave when the cable is back.
        run(*self.there("ip", "neighbour", "flush", "dev", "far"))

    def zclnd(self, *arguments, before=()):
        """A command of zclnd on the far host; before: a command that runs it."""
        return Process(*arguments, prefix=self.there(*before))


UNPRIVILEGED = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")


class FarPeer(Process):
    """zclnd peer on the far host, as it comes: port 988, accept=secure. Ends in order."""

    def __init__(self, cable, *arguments):
        super().__init__("peer", "--nid", f"{FAR}@tcp", *arguments, prefix=cable.there())
        self.where = f"{FAR}:988"
        harness.ready(self)
        self.first_fds = self.fds()

    def power_off(self, cable):
        with cable.pulled():
            self.kill()
            cable.silence()

    fds = harness.Peer.fds
    is_clean = harness.Peer.is_clean
    figures = harness.Peer.figures

    def __exit__(self, kind, *_):
        if kind or self.child.poll() is not None:
            self.kill()
            return
        self.child.terminate()
        status, text = self.finish()
        harness.equal(status, 0, text)
