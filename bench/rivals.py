# SPDX-License-Identifier: MIT
"""What is measured beside each other: zclnd, plain TCP, and the tools that are installed. A contender
names the two commands of a run and reads the rate out of what they print. Rates: bytes a second for
streams, seconds a round trip for ping-pongs."""

import json
import os
import re
import shutil

import goals

PORT = 23400  # of the tools that cannot say which port they got


def parse_json(text):
    return json.loads(text[text.index("{"):])


def first_cpus(n):
    """The first that this process may use, for taskset."""
    return ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0))[:n])


class Contender:
    """server and client are commands; ready: what the server prints when it can be called."""

    name = ""
    own = False  # one of the project's own
    share = 1.0  # of the group's messages, for one that is slow: rates and CPU are per message
    busy = False  # polls: its CPU time says nothing

    def missing(self):
        """Why it cannot run here; None: it can."""
        return None

    def server(self, addr, size, count):
        raise NotImplementedError

    def client(self, addr, ready, size, count):
        raise NotImplementedError

    ready = None  # pattern in the server's output; None: try to call until it answers
    settle = 0  # seconds: it says that it is ready before it is
    ends = True  # the server ends with the client; else it gets SIGTERM

    def environment(self):
        return {}

    def read(self, client_out, size, count):
        """(value, remark): bytes a second, or seconds a round trip."""
        raise NotImplementedError


class Tool(Contender):
    program = ""
    package = ""  # Debian's

    def missing(self):
        return None if shutil.which(self.program) else (
            f"{self.program} is not installed (Debian package {self.package})")


class Plain(Contender):
    own = True
    ready = re.compile(r"ready: (\S+)")

    def __init__(self, program, kind, busy=False, share=1.0):
        self.program = program
        self.share = share
        self.kind = kind
        self.busy = busy
        self.name = {"stream": "plain stream", "pingpong": "plain ping-pong"}[kind]
        if busy:
            self.name += ", busy"

    def tail(self, size, count):
        return [self.kind, str(size), str(count)] + (["busy"] if self.busy else [])

    def server(self, addr, size, count):
        return [self.program, "listen", addr, *self.tail(size, count)]

    def client(self, addr, ready, size, count):
        return [self.program, "call", ready, *self.tail(size, count)]

    def read(self, client_out, size, count):
        seconds = parse_json(client_out)["seconds"]
        if self.kind == "pingpong":
            return seconds / count, ""
        return size * count / seconds, ""


def ways_in_words(ways):
    """How many messages went which way, and why; small ones go without a way."""
    for way in ("copy", "zerocopy", "splice"):
        for why, messages in ways[way]["messages_because"].items():
            yield f"{way} {messages} ({why})"


class Zclnd(Contender):
    """PUTs to a peer's sink; a round trip is a PUT and its LNet ACK."""

    own = True
    ready = re.compile(r"ready: \S+ listens at (\S+)")
    ends = False

    def __init__(self, program, name, options=(), window=8, roundtrip=False, busy=False):
        self.program = program
        self.name = "zclnd, " + name
        self.options = list(options)
        self.window = 1 if roundtrip else window
        self.roundtrip = roundtrip
        self.busy = busy

    def poll(self):
        return ["--busy-poll"] if self.busy else []

    def server(self, addr, size, count):
        return [self.program, "peer", "--nid", f"{addr}@tcp", "--listen", f"{addr}:0", "--accept",
                "all", *self.poll()]

    def client(self, addr, ready, size, count):
        return [self.program, "bench", "bw", f"{addr}@tcp", "--peer", f"{addr}@tcp={ready}",
                "--json", "--size", str(size), "--count", str(count), "--window",
                str(self.window), *self.poll(), *self.options]

    def read(self, client_out, size, count):
        here = parse_json(client_out)["here"]
        if here["failed"]:
            raise ValueError(f"{here['failed']} messages failed: {here['error']}")
        seconds = here["elapsed_ns"] / 1e9
        remark = ", ".join(ways_in_words(here["ways"]))
        if self.roundtrip:
            return seconds / count, remark
        return here["bytes"] / seconds, remark


class Threads(Contender):
    """zclnd and two peers in a second process, which it starts itself."""

    own = True

    def __init__(self, program, threads, way, cores=None):
        self.program = program
        self.threads = threads
        self.way = way
        self.cores = cores
        self.name = f"zclnd, {way}, threads {threads}"
        if cores:
            self.name += f", {'one core' if cores == 1 else f'{cores} cores'}"

    def server(self, addr, size, count):
        return None

    def client(self, addr, ready, size, count):
        pinned = ["taskset", "--cpu-list", first_cpus(self.cores)] if self.cores else []
        return [*pinned, self.program, "bench", "bw", "--self", "--json", "--no-ack", "--peers",
                "2", "--threads", str(self.threads), "--way", self.way, "--size", str(size),
                "--count", str(max(1, count // 2))]

    def cpu(self, client_out):
        """The child's time is the parent's when it has ended; they tell it themselves. Of the
        parent, that of the run alone: it measures from when all are connected."""
        both = parse_json(client_out)
        return both["here"]["run_cpu_ns"] / 1e9, both["there"]["cpu_ns"] / 1e9

    def read(self, client_out, size, count):
        both = parse_json(client_out)
        here, there = both["here"], both["there"]
        if here["failed"]:
            raise ValueError(f"{here['failed']} messages failed: {here['error']}")
        seconds = here["elapsed_ns"] / 1e9
        remark = (f"cores busy: {here['run_cpu_ns'] / 1e9 / seconds:.2f} sending, "
                  f"{there['cpu_ns'] / 1e9 / seconds:.2f} receiving, by {self.threads} "
                  f"thread{'s' if self.threads > 1 else ''} each")
        return here["bytes"] / seconds, remark


class Iperf3(Tool):
    program = "iperf3"
    package = "iperf3"
    ready = re.compile(r"(listening)")

    def __init__(self, zerocopy=False):
        self.zerocopy = zerocopy
        self.name = "iperf3 -Z" if zerocopy else "iperf3"

    def server(self, addr, size, count):
        return [self.program, "-s", "-1", "-p", str(PORT), "-B", addr, "--forceflush"]

    def client(self, addr, ready, size, count):
        return [self.program, "-c", addr, "-p", str(PORT), "-n", str(size * count), "-l",
                str(size), "-C", "cubic", "-J"] + (["-Z"] if self.zerocopy else [])

    def read(self, client_out, size, count):
        return parse_json(client_out)["end"]["sum_received"]["bits_per_second"] / 8, ""


class Ucx(Tool):
    """UCX over TCP; it polls."""

    program = "ucx_perftest"
    package = "ucx-utils"
    ready = re.compile(r"(Waiting for connection)")
    settle = 0.5
    busy = True

    def __init__(self, device, roundtrip=False):
        self.device = device
        self.test = "tag_lat" if roundtrip else "tag_bw"
        self.name = f"UCX {self.test}"

    def environment(self):
        return {"UCX_TLS": "tcp", "UCX_NET_DEVICES": self.device, "UCX_WARN_UNUSED_ENV_VARS": "n"}

    def server(self, addr, size, count):
        return ["stdbuf", "-oL", self.program, "-p", str(PORT)]

    def client(self, addr, ready, size, count):
        return [self.program, addr, "-p", str(PORT), "-t", self.test, "-s", str(size), "-n",
                str(count), "-w", str(max(1, count // 50)), "-f", "-v"]

    def read(self, client_out, size, count):
        lines = [line.split(",") for line in client_out.splitlines() if "," in line]
        row = dict(zip(lines[-2], lines[-1]))
        if self.test == "tag_lat":
            # Half a round trip, in microseconds.
            return 2 * float(row["overall_lat"]) / 1e6, ""
        return float(row["overall_bw"]) * 1048576, ""


class Qperf(Tool):
    program = "qperf"
    package = "qperf"
    ends = False

    def __init__(self, roundtrip=False):
        self.test = "tcp_lat" if roundtrip else "tcp_bw"
        self.name = f"qperf {self.test}"

    def server(self, addr, size, count):
        return [self.program, "--listen_port", str(PORT)]

    def client(self, addr, ready, size, count):
        # No processor is left idle for its control process on two cores: a time, not a count.
        return [self.program, addr, "--listen_port", str(PORT), "--wait_server", "5", "-t", "1",
                "-m", str(size), "-uu", self.test]

    def read(self, client_out, size, count):
        match = re.search(r"(bw|latency)\s*=\s*([0-9.]+)\s*(\S+)", client_out)
        value = float(match.group(2))
        scale = {"us": 1e-6, "ns": 1e-9, "ms": 1e-3}
        if match.group(1) == "latency":
            return 2 * value * scale[match.group(3)], ""
        return value, ""


class FiPingpong(Tool):
    """libfabric's tcp provider."""

    program = "fi_pingpong"
    package = "libfabric-bin"
    name = "fi_pingpong tcp"

    def server(self, addr, size, count):
        return [self.program, "-p", "tcp", "-e", "msg", "-B", str(PORT), "-S", str(size), "-I",
                str(count)]

    def client(self, addr, ready, size, count):
        return [self.program, "-p", "tcp", "-e", "msg", "-P", str(PORT), "-S", str(size), "-I",
                str(count), addr]

    def read(self, client_out, size, count):
        # bytes, #sent, #ack, total, time, MB/sec, usec/xfer: a transfer is one way.
        return 2 * float(client_out.split()[-2]) / 1e6, ""


class Zmq(Contender):
    """ZeroMQ: PUSH to PULL for streams, REQ to REP for round trips."""

    ready = re.compile(r"ready: (\S+)")

    def __init__(self, program, roundtrip=False):
        self.program = program
        self.kind = "pingpong" if roundtrip else "stream"
        self.name = f"ZeroMQ {'REQ/REP' if roundtrip else 'PUSH/PULL'}"

    def missing(self):
        return None if shutil.which(self.program) else (
            "built without libzmq (Debian package libzmq3-dev, then configure again)")

    def server(self, addr, size, count):
        return [self.program, "listen", addr, self.kind, str(size), str(count)]

    def client(self, addr, ready, size, count):
        return [self.program, "call", ready, self.kind, str(size), str(count)]

    def read(self, client_out, size, count):
        seconds = parse_json(client_out)["seconds"]
        return (seconds / count if self.kind == "pingpong" else size * count / seconds), ""


def read_core(text):
    """Of core-bench: a line for each way and window."""
    for match in re.finditer(r"^V2, ZC-ACK for each\s+(\d+)\s+(\S+)\s+(\S+)\s+\S+\s+\S+\s+(.*)$",
                             text, re.MULTILINE):
        window, best, median, allocations = match.groups()
        yield goals.line(f"ns a message in the core, window {window}", "core", float(best),
                         float(median), most=80)
        if allocations != "not counted":
            some = float(allocations != "none")
            yield goals.line(f"allocations a message, window {window}", "core", some, some, most=0)


def read_idle(text):
    """Of idle: memory of each connection, and what pings take."""
    memory = float(re.search(r"(\d+) of the process", text).group(1))
    ratios = [float(re.search(rf"^{name}\s.*\s(\S+)$", text, re.MULTILINE).group(1))
              for name in ("best", "median")]
    return [goals.line("bytes of an idle connection", "idle", memory, memory, most=4096),
            goals.line("ping with 10,000 idle connections / none", "idle", *ratios, most=2)]
