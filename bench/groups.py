# SPDX-License-Identifier: MIT
"""What is measured beside what, in which sizes, and what is wanted of it."""

import os

import rivals
from goals import Goal

MIB, KIB64 = 1 << 20, 64 << 10


class Group:
    """Contenders that do the same; the first is what the others are held against."""

    program = None

    def __init__(self, key, title, size, count, contenders, goals, roundtrip=False, places=None,
                 apart=None):
        self.key = key
        self.title = title
        self.size = size
        self.count = count
        self.contenders = contenders
        self.goals = goals
        self.roundtrip = roundtrip
        self.places = places  # None: all
        self.apart = apart  # a core for each side; False: both on one; None: as the system likes
        self.small = size < 1024  # messages count, not bytes

    def narrow(self, quick, own):
        """quick: only what a goal names. own: only what is the project's own."""
        if quick:
            named = {self.contenders[0].name}.union(*(goal.names() for goal in self.goals))
            self.contenders = [c for c in self.contenders if c.name in named]
        if own:
            self.contenders = [c for c in self.contenders if c.own]


class Program:
    """One of the project's own benchmarks, which interleaves by itself. read: what it printed ->
    lines of the table of goals."""

    places = ("loopback",)

    def __init__(self, key, title, program, read):
        self.key = key
        self.title = title
        self.program = program
        self.read = read


def bulk(args, size, device):
    """Streams of messages of one size, window 8."""

    def z(name, *options):
        return rivals.Zclnd(args.zclnd, name, ["--no-ack", *options])

    return [
        rivals.Plain(args.plain, "stream"),
        z("copy", "--way", "copy"),
        z("copy, no ZC-ACKs", "--way", "copy", "--no-zc-ack"),
        z("auto"),
        z("splice", "--way", "splice"),
        z("zerocopy", "--way", "zerocopy"),
        rivals.Ucx(device),
        rivals.Iperf3(),
        rivals.Iperf3(zerocopy=True),
        rivals.Zmq(args.zmq),
        rivals.Qperf(),
    ]


def bulk_goals():
    return [
        Goal("1 MiB, copy way / plain stream", "zclnd, copy", "plain stream", least=0.97),
        Goal("1 MiB, auto / plain stream", "zclnd, auto", "plain stream", least=1.25),
        Goal("1 MiB, auto / UCX tag_bw", "zclnd, auto", "UCX tag_bw", least=1.0),
        Goal("1 MiB, auto / iperf3 -Z", "zclnd, auto", "iperf3 -Z", least=0.9),
        Goal("sender CPU per GB, splice / copy", "zclnd, splice", "zclnd, copy", most=0.5,
             what="client CPU"),
        Goal("1 MiB, copy way with ZC-ACKs / without", "zclnd, copy", "zclnd, copy, no ZC-ACKs",
             least=0.99),
    ]


def trips(args, device, busy, alone=False):
    mine = rivals.Zclnd(args.zclnd, "busy poll" if busy else "blocking", ["--way", "copy"],
                        roundtrip=True, busy=busy)
    if alone:
        return [rivals.Plain(args.plain, "pingpong", busy), mine]
    others = [rivals.Ucx(device, roundtrip=True)] if busy else [
        rivals.Zmq(args.zmq, roundtrip=True), rivals.Qperf(roundtrip=True), rivals.FiPingpong()]
    return [rivals.Plain(args.plain, "pingpong", busy), mine, *others]


def threads(args):
    """Two peers in a process of their own, each side with one thread or two. A side of one thread
    and its peer's fill two cores together; on one core they share it."""
    return [rivals.Threads(args.zclnd, n, way, cores)
            for way in ("auto", "copy") for n, cores in ((1, None), (2, None), (1, 1))]


def thread_goals():
    cores = len(os.sched_getaffinity(0))
    return [
        Goal(f"two bulk peers, {way}, two threads / one", f"zclnd, {way}, threads 2",
             f"zclnd, {way}, threads 1", least=1.7, cores=cores) for way in ("auto", "copy")
    ] + [
        Goal(f"the same, {way}, on two cores / one", f"zclnd, {way}, threads 2",
             f"zclnd, {way}, threads 1, one core", least=1.7) for way in ("auto", "copy")
    ]


def compared(args, device):
    scale = args.scale
    rate = rivals.Zclnd(args.zclnd, "window 512", ["--no-ack", "--untyped"], window=512)
    return [
        Group("bulk", "1 MiB messages, window 8", MIB, int(2048 * scale),
              bulk(args, MIB, device), bulk_goals(), apart=True),
        Group("bulk64", "64 KiB messages, window 8", KIB64, int(16384 * scale),
              bulk(args, KIB64, device),
              [Goal("64 KiB, auto / plain stream", "zclnd, auto", "plain stream", least=1.2)],
              apart=True),
        Group("busy", "64 B round trips, busy poll", 64, int(50000 * scale),
              trips(args, device, True),
              [Goal("64 B round trip, busy poll / plain", "zclnd, busy poll",
                    "plain ping-pong, busy", most=1.15)], roundtrip=True, apart=True),
        Group("blocking", "64 B round trips, blocking", 64, int(20000 * scale),
              trips(args, device, False),
              [Goal("64 B round trip, blocking / plain", "zclnd, blocking", "plain ping-pong",
                    most=1.15)], roundtrip=True, apart=True),
        Group("onecore", "64 B round trips, blocking, both sides on one core", 64,
              int(20000 * scale), trips(args, device, False, alone=True),
              [Goal("the same, both sides on one core", "zclnd, blocking", "plain ping-pong",
                    most=1.15)], roundtrip=True, apart=False),
        Group("rate", "64 B PUTs on one connection, window 512", 64, int(2000000 * scale),
              [rivals.Plain(args.plain, "stream", share=0.1), rate],
              [Goal("64 B PUTs a second, window 512", "zclnd, window 512", least=4e6,
                    what="messages/s")], apart=True),
        Group("threads", "1 MiB messages to two peers, window 8", MIB, int(3000 * scale),
              threads(args), thread_goals(), places=("loopback",)),
    ]


def every(args, device):
    messages = max(1024, int((51200 if args.quick else 204800) * args.scale))
    return compared(args, device) + [
        Program("core", "the core alone", [args.core, str(messages)], rivals.read_core),
        Program("idle", "idle connections", [args.idle], rivals.read_idle),
    ]
