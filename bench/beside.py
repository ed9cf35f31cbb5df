#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures zclnd beside plain TCP and beside other tools that are installed: every contender once a
round, round after round, on loopback and, for root, over a veth pair between two network namespaces.
Prints ratios of bests and of medians against the plain program, and the CPU seconds that both sides
took per GB. A machine's own speed drops out of ratios; its noise drops out of bests. The goals are
ratios of bests that the project wants to reach; nothing fails when they are missed."""

import argparse
import os
import statistics
import sys

import hosts
import rivals


class Goal:
    """ratio >= least (or <= most) of this contender against that one."""

    def __init__(self, of, against, least=None, most=None, what="rate", at=None):
        self.of = of
        self.against = against
        self.least = least
        self.most = most
        self.what = what
        self.at = at  # only there: "loopback"


class Group:
    def __init__(self, key, title, size, count, contenders, goals, roundtrip=False):
        self.key = key
        self.title = title
        self.size = size
        self.count = count
        self.contenders = contenders
        self.goals = goals
        self.roundtrip = roundtrip
        self.small = size < 1024  # messages count, not bytes


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


def trips(args, device, busy):
    mine = rivals.Zclnd(args.zclnd, "busy poll" if busy else "blocking", ["--way", "copy"],
                        roundtrip=True, busy=busy)
    others = [rivals.Ucx(device, roundtrip=True)] if busy else [
        rivals.Zmq(args.zmq, roundtrip=True), rivals.Qperf(roundtrip=True), rivals.FiPingpong()]
    return [rivals.Plain(args.plain, "pingpong", busy), mine, *others]


def groups(args, device):
    scale = args.scale
    mib, kib64 = 1 << 20, 64 << 10
    bulk_goals = [
        Goal("zclnd, copy", "plain stream", least=0.97),
        Goal("zclnd, auto", "plain stream", least=1.25),
        Goal("zclnd, auto", "UCX tag_bw", least=1.0),
        Goal("zclnd, auto", "iperf3 -Z", least=0.9),
        Goal("zclnd, splice", "zclnd, copy", most=0.5, what="client CPU"),
        Goal("zclnd, copy", "zclnd, copy, no ZC-ACKs", least=0.99),
    ]
    rate = rivals.Zclnd(args.zclnd, "window 512", ["--no-ack", "--untyped"], window=512)
    return [
        Group("bulk", "1 MiB messages, window 8", mib, int(2048 * scale),
              bulk(args, mib, device), bulk_goals),
        Group("bulk64", "64 KiB messages, window 8", kib64, int(16384 * scale),
              bulk(args, kib64, device), [Goal("zclnd, auto", "plain stream", least=1.2)]),
        Group("blocking", "64 B round trips, blocking", 64, int(20000 * scale),
              trips(args, device, False),
              [Goal("zclnd, blocking", "plain ping-pong", most=1.15)], roundtrip=True),
        Group("busy", "64 B round trips, busy poll", 64, int(50000 * scale),
              trips(args, device, True),
              [Goal("zclnd, busy poll", "plain ping-pong, busy", most=1.15)], roundtrip=True),
        Group("rate", "64 B PUTs on one connection, window 512", 64, int(2000000 * scale),
              [rivals.Plain(args.plain, "stream"), rate], []),
    ]


class Results:
    """What the rounds of one contender brought."""

    def __init__(self):
        self.values = []
        self.cpu = ([], [])
        self.remark = ""

    def add(self, value, remark, client_cpu, server_cpu):
        self.values.append(value)
        self.cpu[0].append(client_cpu)
        self.cpu[1].append(server_cpu)
        self.remark = remark

    def best(self, roundtrip):
        return min(self.values) if roundtrip else max(self.values)

    def median(self):
        return statistics.median(self.values)


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(group, where, rounds, own):
    """Results by name; contenders that cannot run here are left out, and said so."""
    if own:
        group.contenders = [c for c in group.contenders
                            if isinstance(c, (rivals.Plain, rivals.Zclnd))]
    left_out = {c.name: c.missing() for c in group.contenders if c.missing()}
    runners = [c for c in group.contenders if not c.missing()]
    results = {c.name: Results() for c in runners}
    for at in range(rounds):
        for contender in list(runners):
            show_progress(f"{group.title} ({where.name}): round {at + 1} of {rounds}, "
                          f"{contender.name}")
            try:
                results[contender.name].add(
                    *hosts.run(contender, where, group.size, group.count))
            except hosts.Failed as error:
                left_out[contender.name] = str(error)
                runners.remove(contender)
                del results[contender.name]
    show_progress("")
    return results, left_out


def cpu_text(results, index, group, contender):
    if contender.busy:
        return f"{'polls':>9}"
    share = group.count / 1e6 if group.small else group.size * group.count / 1e9
    return f"{statistics.median(results.cpu[index]) / share:9.3f}"


def report(group, where, results, left_out):
    unit, scale = (("us a trip", 1e6) if group.roundtrip else
                   ("1000/s", 1 / group.size / 1e3) if group.small else ("MiB/s", 1 / 1048576))
    base = results.get(group.contenders[0].name)
    print(f"\n{group.title}; {where.name}; {group.count} messages a run")
    print(f"  {'':26}{'best ' + unit:>16}{'best':>8}{'median':>8}  "
          f"CPU {'us each' if group.small else 's/GB'}: client   server")
    for contender in group.contenders:
        if contender.name in left_out:
            print(f"  {contender.name:26}  left out: {left_out[contender.name]}")
            continue
        got = results[contender.name]
        best, median = got.best(group.roundtrip), got.median()
        ratios = (f"{best / base.best(group.roundtrip):8.2f}{median / base.median():8.2f}"
                  if base else " " * 16)
        print(f"  {contender.name:26}{best * scale:16.1f}{ratios}  "
              f"{cpu_text(got, 0, group, contender):>15}{cpu_text(got, 1, group, contender)}"
              f"  {got.remark}")


def goal_value(goal, group, results):
    if goal.what == "client CPU":
        return min(results[goal.of].cpu[0]) / min(results[goal.against].cpu[0])
    return (results[goal.of].best(group.roundtrip) /
            results[goal.against].best(group.roundtrip))


def report_goals(group, results):
    for goal in group.goals:
        if goal.of not in results or goal.against not in results:
            continue
        value = goal_value(goal, group, results)
        wanted = f"at least {goal.least}" if goal.least else f"at most {goal.most}"
        there = value >= goal.least if goal.least else value <= goal.most
        print(f"  goal: {goal.of} against {goal.against}, {goal.what} {wanted}: "
              f"{value:.3f}, {'reached' if there else 'not reached'}")


def setting(path):
    try:
        with open(path, encoding="ascii") as file:
            return " ".join(file.read().split())
    except OSError:
        return "?"


def report_machine():
    model = "?"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    print(f"machine: {os.cpu_count()} cores, {model}, Linux {os.uname().release}")
    for name in ("net.ipv4.tcp_congestion_control", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
                 "net.core.rmem_max", "net.core.wmem_max", "net.core.optmem_max"):
        print(f"  {name} = {setting('/proc/sys/' + name.replace('.', '/'))}")
    print(f"  load average {setting('/proc/loadavg').split()[0]}: "
          "ratios of a loaded machine are blurred")


def places(args):
    yield hosts.Loopback
    if args.veth:
        yield hosts.Veth


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zclnd", default="./zclnd")
    parser.add_argument("--plain", default="bench/plain")
    parser.add_argument("--zmq", default="bench/zmq")
    parser.add_argument("--rounds", type=int, default=7, help="of each contender (7)")
    parser.add_argument("--scale", type=float, default=1.0, help="times as many messages (1)")
    parser.add_argument("--only", action="append",
                        help="this group: bulk, bulk64, blocking, busy, rate")
    parser.add_argument("--own", action="store_true", help="no tools but the project's own")
    parser.add_argument("--veth", action="store_true", default=os.geteuid() == 0,
                        help="over a veth pair too (as root)")
    parser.add_argument("--no-veth", dest="veth", action="store_false")
    args = parser.parse_args()
    report_machine()
    for place in places(args):
        try:
            where = place()
        except (hosts.Failed, FileNotFoundError) as error:
            print(f"\n{place.name}: left out: {error}")
            continue
        try:
            for group in groups(args, where.device):
                if args.only and group.key not in args.only:
                    continue
                results, left_out = measure(group, where, args.rounds, args.own)
                report(group, where, results, left_out)
                report_goals(group, results)
        finally:
            where.close()


if __name__ == "__main__":
    main()
