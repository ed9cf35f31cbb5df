# SPDX-License-Identifier: MIT
"""Where a run takes place: two processes on loopback, or in two network namespaces with a veth pair
between them. Runs a contender there once and says what it took."""

import os
import re
import select
import signal
import subprocess
import threading
import time

PATIENCE = 60  # seconds for one run; what hangs ends


UNREADABLE = (ValueError, KeyError, IndexError, AttributeError)  # what a contender printed


class Failed(Exception):
    pass


class Loopback:
    name = "loopback"
    device = "lo"
    server_prefix = ()
    client_prefix = ()

    def __init__(self):
        # An address of this program's own, so that two of them do not meet.
        pid = os.getpid()
        self.addr = f"127.{77 + pid % 100}.{pid // 256 % 250 + 1}.{pid % 250 + 2}"

    def close(self):
        pass


class Veth:
    """Two namespaces; needs root."""

    name = "veth"
    device = "zb0"
    addr = "192.0.2.2"

    def __init__(self):
        tag = f"zclnd-bench-{os.getpid()}"
        self.spaces = (f"{tag}-a", f"{tag}-b")
        self.client_prefix = ("ip", "netns", "exec", self.spaces[0])
        self.server_prefix = ("ip", "netns", "exec", self.spaces[1])
        for space in self.spaces:
            self.ip("netns", "add", space)
        self.ip("-n", self.spaces[0], "link", "add", "zb0", "type", "veth", "peer", "name", "zb0",
                "netns", self.spaces[1])
        for space, addr in zip(self.spaces, ("192.0.2.1/24", "192.0.2.2/24")):
            self.ip("-n", space, "addr", "add", addr, "dev", "zb0")
            self.ip("-n", space, "link", "set", "zb0", "up")
            self.ip("-n", space, "link", "set", "lo", "up")

    @staticmethod
    def ip(*args):
        done = subprocess.run(["ip", *args], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"ip {' '.join(args)}: {done.stderr.strip()}")

    def close(self):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], check=False)


class Held:
    """A place whose two sides are held to a core each (apart), or both to the first. Left to the
    scheduler, one contender's sides would share a core, and another's wake each other across two:
    for a small message the more time of both."""

    def __init__(self, where, apart):
        cores = sorted(os.sched_getaffinity(0))
        server, client = cores[0], cores[-1] if apart else cores[0]
        self.name, self.addr = where.name, where.addr
        self.server_prefix = (*where.server_prefix, "taskset", "--cpu-list", str(server))
        self.client_prefix = (*where.client_prefix, "taskset", "--cpu-list", str(client))


class Process:
    """A command whose output is kept, and whose CPU time is known when it has ended."""

    def __init__(self, command, environment):
        self.command = command
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL,
                                        env={**os.environ, **environment})
        self.output = b""
        self.cpu = None
        self.late = False
        self.watchdog = threading.Timer(PATIENCE, self.give_up)
        self.watchdog.daemon = True
        self.watchdog.start()

    def give_up(self):
        self.late = True
        os.kill(self.process.pid, signal.SIGKILL)

    def read_some(self, seconds):
        """False at the end of the output."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            return True
        part = os.read(self.process.stdout.fileno(), 65536)
        self.output += part
        return bool(part)

    def wait_for(self, pattern):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            match = re.search(pattern, self.output.decode(errors="replace"))
            if match:
                return match.group(1)
            if not self.read_some(0.1):
                break
        raise Failed(f"{' '.join(self.command)}: not ready: {self.text()}")

    def text(self):
        return self.output.decode(errors="replace").strip()

    def fate(self):
        """Of one that failed, in words."""
        if self.late:
            return f"killed after {PATIENCE} s: {self.text()}"
        return f"exit status {self.process.returncode}: {self.text()}"

    def end(self, sig=None):
        """Waits for the end, after a signal when one is given; the exit status."""
        if sig:
            os.kill(self.process.pid, sig)
        while self.read_some(PATIENCE):
            pass
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.watchdog.cancel()
        self.process.stdout.close()
        self.cpu = usage.ru_utime + usage.ru_stime
        return self.process.returncode


def call(contender, where, ready, size, count):
    """A client that is turned away because the server is not ready yet calls again."""
    command = [*where.client_prefix, *contender.client(where.addr, ready, size, count)]
    for attempt in range(20):
        client = Process(command, contender.environment())
        status = client.end()
        if status == 0:
            return client
        if contender.ready is not None or attempt == 19:
            break
        time.sleep(0.1)
    raise Failed(f"{' '.join(command)}: {client.fate()}")


def run(contender, where, size, count):
    """(value, remark, CPU seconds of both sides: client, server)."""
    command = contender.server(where.addr, size, count)
    if command is None:
        return run_alone(contender, where, size, count)
    server = Process([*where.server_prefix, *command], contender.environment())
    try:
        ready = server.wait_for(contender.ready) if contender.ready else None
        time.sleep(contender.settle)
        client = call(contender, where, ready, size, count)
        value, remark = contender.read(client.text(), size, count)
    except (Failed, *UNREADABLE) as error:
        server.end(signal.SIGKILL)
        late = f"; its server was killed after {PATIENCE} s" if server.late else ""
        raise Failed(f"{error}{late}") from error
    server.end(None if contender.ends else signal.SIGTERM)
    return value, remark, client.cpu, server.cpu


def run_alone(contender, where, size, count):
    """One that starts its other side by itself."""
    client = Process(contender.client(where.addr, None, size, count), contender.environment())
    if client.end() != 0:
        raise Failed(f"{' '.join(client.command)}: {client.fate()}")
    try:
        return (*contender.read(client.text(), size, count), *contender.cpu(client.text()))
    except UNREADABLE as error:
        raise Failed(f"{error!r}: {client.text()}") from error
