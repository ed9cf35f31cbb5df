#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the benchmark goes round, judges, and reads what the project's own programs print."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "bench"))
sys.path.append(os.path.join(os.environ["top_srcdir"], "tests"))
import goals  # noqa: E402
import groups  # noqa: E402
import hosts  # noqa: E402
import results  # noqa: E402
import rivals  # noqa: E402
import tap  # noqa: E402


class Named(rivals.Contender):
    own = True

    def __init__(self, name):
        self.name = name


class Here:
    name = "here"


def group_of(names, wanted, roundtrip=False):
    return groups.Group("key", "title", 64, 10, [Named(name) for name in names], wanted, roundtrip)


def measured(group, rates, rounds):
    """rates: for each name what its runs bring; an exception fails the run. Also the order."""
    order = []
    real = hosts.run
    rates = {name: iter(values) for name, values in rates.items()}

    def run(contender, *_):
        order.append(contender.name)
        value = next(rates[contender.name])
        if isinstance(value, Exception):
            raise value
        return value, "", value / 100, 0
    hosts.run = run
    try:
        return (*results.measure(group, Here, rounds), order)
    finally:
        hosts.run = real


@tap.test("another contender is first in each round")
def goes_round():
    *_, order = measured(group_of("abc", []), {name: [1, 1, 1, 1] for name in "abc"}, 4)
    assert "".join(order) == "abc" "bca" "cab" "abc", order


@tap.test("goals are judged by the best; what was not measured is not judged")
def judges():
    wanted = [goals.Goal("rate", "a", "b", least=1.0),
              goals.Goal("CPU", "a", "b", most=0.5, what="client CPU"),
              goals.Goal("a second", "a", least=0.2, what="messages/s"),
              goals.Goal("of none", "a", "z", least=1),
              goals.Goal("elsewhere", "a", "b", least=1, at="veth")]
    group = group_of("ab", wanted)
    got, *_ = measured(group, {"a": [10, 2, 4], "b": [8, 4, 8]}, 3)
    lines = [goal.judge(group, Here, got) for goal in wanted]
    assert lines[3:] == [None, None], lines
    assert [(x["best"], x["median"], x["reached"]) for x in lines[:3]] == [
        (1.25, 0.5, True), (0.5, 0.5, True), (10 / 64, 4 / 64, False)], lines


@tap.test("CPU time bounds what can be reached")
def bounds():
    wanted = goals.Goal("threads", "a", "b", least=1.7, cores=2)
    group = group_of("ab", [wanted])
    got, *_ = measured(group, {"a": [600, 500], "b": [400, 390]}, 2)
    # 64 bytes ten times in 5 s of CPU time: 128 a second on one core.
    assert abs(wanted.judge(group, Here, got)["bound"] - 2 * 128 / 400) < 1e-9


@tap.test("of times, the least is the best")
def judges_times():
    group = group_of("ab", [], roundtrip=True)
    got, *_ = measured(group, {"a": [12, 20, 30], "b": [10, 40, 50]}, 3)
    line = goals.Goal("trip", "a", "b", most=1.15).judge(group, Here, got)
    assert (line["best"], line["median"], line["reached"]) == (1.2, 0.5, False), line


@tap.test("a run that fails is counted, and its other runs stand")
def tells_failures():
    group = group_of("ab", [])
    got, left_out, order = measured(
        group, {"a": [1, hosts.Failed("no"), 3], "b": [hosts.Failed("never")] * 3}, 3)
    assert "".join(order) == "ab" "ba" "ab", order
    assert got["a"].values == [1, 3] and got["a"].failures == ["no"]
    assert left_out == {"b": "never"}, left_out
    assert results.own_failures(group, got, left_out) == 2


@tap.test("what the core's and the idle program print is read")
def reads_programs():
    core = ("V2, ZC-ACK for each                8      65.1      70.2   1.33    1.31         none\n"
            "V2, ZC-ACK and checksum            8      99.9      99.9   1.33    1.31         SOME\n"
            "V2, ZC-ACK for each              512      81.1      90.2   1.33    1.31         SOME\n")
    lines = list(rivals.read_core(core))
    assert [(x["best"], x["median"], x["reached"]) for x in lines] == [
        (65.1, 70.2, True), (0, 0, True), (81.1, 90.2, False), (1, 1, False)], lines
    idle = ("10000 idle connections of 10000 peers: 987 bytes each of malloc, 4100 of the process\n"
            "4000 pings of either server, 20 at a time in turns: us with none, with 10000 idle, ratio\n"
            "best         10.0     11.0   1.10\nmedian       10.0     30.0   3.00\n95 %  1 1 1\n")
    memory, ping = rivals.read_idle(idle)
    assert (memory["best"], memory["reached"]) == (4100, False), memory
    assert (ping["best"], ping["median"], ping["reached"]) == (1.1, 3, True), ping


if __name__ == "__main__":
    tap.run()
