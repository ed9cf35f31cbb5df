# SPDX-License-Identifier: MIT
"""Measures a group, round after round, and shows what came of it."""

import statistics
import subprocess
import sys

import hosts


class Results:
    """What the rounds of one contender brought: rates or times, and CPU seconds of both sides."""

    def __init__(self):
        self.values = []
        self.cpu = ([], [])
        self.remark = ""
        self.failures = []

    def add(self, value, remark, client_cpu, server_cpu):
        self.values.append(value)
        self.cpu[0].append(client_cpu)
        self.cpu[1].append(server_cpu)
        self.remark = remark

    def pick(self, pick, roundtrip):
        if pick == "median":
            return statistics.median(self.values)
        return min(self.values) if roundtrip else max(self.values)

    def client_cpu(self, pick):
        return statistics.median(self.cpu[0]) if pick == "median" else min(self.cpu[0])


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def messages(group, contender):
    return max(1, int(group.count * contender.share))


def in_turn(contenders, at):
    """Another one is first in each round."""
    first = at % len(contenders) if contenders else 0
    return contenders[first:] + contenders[:first]


def measure(group, where, rounds):
    """Results by name. One that cannot run here, or never ran to its end, has none but a reason."""
    left_out = {c.name: c.missing() for c in group.contenders if c.missing()}
    runners = [c for c in group.contenders if c.name not in left_out]
    results = {c.name: Results() for c in runners}
    if group.apart is not None:
        where = hosts.Held(where, group.apart)
    for at in range(rounds):
        for contender in in_turn(runners, at):
            show_progress(f"{group.title} ({where.name}): round {at + 1} of {rounds}, "
                          f"{contender.name}")
            try:
                results[contender.name].add(
                    *hosts.run(contender, where, group.size, messages(group, contender)))
            except hosts.Failed as error:
                results[contender.name].failures.append(str(error))
    show_progress("")
    for name, result in list(results.items()):
        if not result.values:
            left_out[name] = result.failures[0]
            del results[name]
    return results, left_out


def own_failures(group, results, left_out):
    """How many runs of zclnd and the plain program failed."""
    return sum(len(results[c.name].failures) if c.name in results else c.name in left_out
               for c in group.contenders if c.own)


def cpu_text(results, index, group, contender):
    if contender.busy:
        return f"{'polls':>9}"
    count = messages(group, contender)
    share = count / 1e6 if group.small else group.size * count / 1e9
    return f"{statistics.median(results.cpu[index]) / share:9.3f}"


def show_contender(group, contender, got, base):
    best, median = (got.pick(pick, group.roundtrip) for pick in ("best", "median"))
    scale = (1e6 if group.roundtrip else 1 / group.size / 1e3 if group.small else 1 / 1048576)
    ratios = (f"{best / base.pick('best', group.roundtrip):8.2f}"
              f"{median / base.pick('median', group.roundtrip):8.2f}" if base else " " * 16)
    print(f"  {contender.name:29}{best * scale:16.1f}{ratios}  "
          f"{cpu_text(got, 0, group, contender):>15}{cpu_text(got, 1, group, contender)}"
          f"  {got.remark}")
    if got.failures:
        print(f"    {len(got.failures)} runs failed, first: {got.failures[0]}")


def show(group, where, results, left_out):
    unit = "us a trip" if group.roundtrip else "1000/s" if group.small else "MiB/s"
    base = results.get(group.contenders[0].name)
    print(f"\n{group.title}; {where.name}; {group.count} messages a run")
    print(f"  {'':29}{'best ' + unit:>16}{'best':>8}{'median':>8}  "
          f"CPU {'us each' if group.small else 's/GB'}: client   server")
    for contender in group.contenders:
        if contender.name in left_out:
            print(f"  {contender.name:29}  left out: {left_out[contender.name]}")
        else:
            show_contender(group, contender, results[contender.name], base)


def as_json(group, where, results, left_out):
    return {
        "key": group.key, "title": group.title, "place": where.name, "size": group.size,
        "count": group.count, "unit": "s/trip" if group.roundtrip else "B/s",
        "contenders": [
            {"name": c.name, "left_out": left_out[c.name]} if c.name in left_out else
            {"name": c.name, "count": messages(group, c), "values": results[c.name].values,
             "client_cpu_s": results[c.name].cpu[0], "server_cpu_s": results[c.name].cpu[1],
             "remark": results[c.name].remark, "failures": results[c.name].failures}
            for c in group.contenders],
    }


def run_program(program):
    """Lines of the table of goals, None when it fails."""
    print(f"\n{program.title}", flush=True)
    try:
        done = subprocess.run(program.program, capture_output=True, text=True, check=False,
                              timeout=4 * hosts.PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  failed: {error}")
        return None
    print("".join(f"  {line}\n" for line in (done.stdout + done.stderr).splitlines()), end="")
    return program.read(done.stdout) if done.returncode == 0 else None
