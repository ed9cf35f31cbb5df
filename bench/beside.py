#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures zclnd beside plain TCP and beside other tools that are installed: every contender once a
round, another one first in each, on loopback and, for root, over a veth pair between two network
namespaces. Prints ratios of bests and of medians against the plain program, the CPU seconds that both
sides took per GB, and what of the project's goals is reached. A machine's own speed drops out of
ratios; its noise drops out of bests. Exit status 1: a run of zclnd or of the plain program failed;
goals that are missed fail nothing."""

import argparse
import json
import os
import signal
import sys

import goals
import groups
import hosts
import machine
import results

PLACES = {place.name: place for place in (hosts.Loopback, hosts.Veth)}
KEYS = ("bulk", "bulk64", "busy", "blocking", "onecore", "rate", "threads", "core", "idle")
GROUPS = """groups:
  bulk      1 MiB messages, window 8
  bulk64    64 KiB messages, window 8
  busy      64 B round trips, busy poll
  blocking  64 B round trips, waiting in the kernel
  onecore   the same, with both sides on one core
  rate      64 B PUTs on one connection, window 512
  threads   bulk to two peers, with one thread and with two
  core      the protocol core alone (a program of its own)
  idle      what 10,000 idle connections cost (a program of its own)

Debian packages of the tools: iperf3, ucx-utils, qperf, libfabric-bin; libzmq3-dev before configure.
`table.py FILE...` in the same folder prints the goals of files of --json, also as Markdown."""


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=GROUPS, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="about three minutes: three rounds, only what a goal names")
    parser.add_argument("--only", action="append", choices=KEYS, metavar="GROUP",
                        help="this group; may be repeated (all)")
    parser.add_argument("--place", action="append", choices=sorted(PLACES), metavar="PLACE",
                        help="loopback or veth, which needs root; may be repeated (loopback, and "
                        "veth as root)")
    parser.add_argument("--no-veth", dest="place", action="store_const", const=["loopback"],
                        help="as --place loopback")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help="of each contender (7; 3 with --quick)")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X",
                        help="X times as many messages (1)")
    parser.add_argument("--own", action="store_true", help="no tools but the project's own")
    parser.add_argument("--json", metavar="FILE", help="writes all that was measured")
    parser.add_argument("--zclnd", default="./zclnd", metavar="PROGRAM", help="(./zclnd)")
    for name in ("plain", "zmq", "core", "idle"):
        default = "bench/core-bench" if name == "core" else f"bench/{name}"
        parser.add_argument(f"--{name}", default=default, metavar="PROGRAM", help=f"({default})")
    args = parser.parse_args()
    if args.rounds is None:
        args.rounds = 3 if args.quick else 7
    if args.rounds < 1 or args.scale <= 0:
        parser.error("--rounds and --scale are above 0")
    if not args.place:
        args.place = ["loopback"] + (["veth"] if os.geteuid() == 0 else [])
    return args


class Session:
    def __init__(self, args):
        self.args = args
        self.failed = 0
        self.data = {"machine": machine.describe(args.zclnd), "rounds": args.rounds,
                     "scale": args.scale, "groups": [], "goals": []}

    def save(self):
        """After each group: what is interrupted keeps what it has."""
        if not self.args.json:
            return
        with open(self.args.json, "w", encoding="utf-8") as file:
            json.dump(self.data, file, indent=1)
            file.write("\n")

    def program(self, group):
        reached = results.run_program(group)
        if reached is None:
            self.failed += 1
        else:
            self.data["goals"] += reached

    def compare(self, group, where):
        group.narrow(self.args.quick, self.args.own)
        got, left_out = results.measure(group, where, self.args.rounds)
        results.show(group, where, got, left_out)
        self.failed += results.own_failures(group, got, left_out)
        self.data["groups"].append(results.as_json(group, where, got, left_out))
        judged = (goal.judge(group, where, got) for goal in group.goals)
        self.data["goals"] += [goal for goal in judged if goal]

    def at(self, where):
        for group in groups.every(self.args, where.device):
            if self.args.only and group.key not in self.args.only:
                continue
            if group.places and where.name not in group.places:
                continue
            if group.program:
                self.program(group)
            else:
                self.compare(group, where)
            sys.stdout.flush()
            self.save()


def main():
    # Namespaces are taken down also when this is ended from outside.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    session = Session(parse())
    machine.show(session.data["machine"])
    for name in session.args.place:
        try:
            where = PLACES[name]()
        except (hosts.Failed, FileNotFoundError) as error:
            print(f"\n{name}: left out: {error}")
            continue
        try:
            session.at(where)
        finally:
            where.close()
    goals.print_table(session.data["goals"])
    if session.failed:
        sys.exit(f"{session.failed} runs of the project's own programs failed")


if __name__ == "__main__":
    main()
