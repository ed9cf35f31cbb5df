# SPDX-License-Identifier: MIT
"""What the project wants to reach, as ratios or figures; and the table of what was reached. Goals are
judged by the best of all runs. Nothing fails when one is missed."""


class Goal:
    """Of contenders that are measured beside each other: `of` (against `against`) is at least, or at
    most, so much. what: "rate" (or the time of a round trip), "client CPU" (per byte), "messages/s"."""

    def __init__(self, row, of, against=None, least=None, most=None, what="rate", at=None,
                 cores=None):
        self.row = row
        self.of = of
        self.against = against
        self.least = least
        self.most = most
        self.what = what
        self.at = at  # only there; None: everywhere
        self.cores = cores  # on so many, CPU time bounds what `of` can reach

    def names(self):
        return {self.of, self.against} - {None}

    def value(self, group, results, pick):
        """pick: "best" or "median"."""
        ours = self.figure(group, results[self.of], pick)
        if self.against is None:
            return ours
        return ours / self.figure(group, results[self.against], pick)

    def figure(self, group, result, pick):
        if self.what == "client CPU":
            return result.client_cpu(pick)
        value = result.pick(pick, group.roundtrip)
        return value / group.size if self.what == "messages/s" else value

    def judge(self, group, where, results):
        """A line of the table, or None when this was not measured."""
        if (self.at and where.name != self.at) or not self.names() <= set(results):
            return None
        judged = line(self.row, where.name, *(self.value(group, results, pick)
                                              for pick in ("best", "median")),
                      least=self.least, most=self.most)
        if self.cores:
            judged["bound"] = self.bound(group, results)
        return judged

    def bound(self, group, results):
        """What all cores could do with nothing but the least work that `of` and its other side
        were seen to take, against the best of `against`."""
        work = min(map(sum, zip(*results[self.of].cpu)))
        rate = self.cores * group.size * group.count / work
        return rate / self.figure(group, results[self.against], "best")


def line(row, place, best, median, least=None, most=None):
    reached = best >= least if least is not None else best <= most
    return {"row": row, "place": place, "best": best, "median": median, "least": least,
            "most": most, "reached": reached}


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def wanted(goal):
    if goal["least"] is not None:
        return f"at least {goal['least'] / 1e6:g} M" if goal["least"] >= 1e6 else (
            f"at least {goal['least']:g}")
    return f"at most {goal['most']:g}"


def verdict(goal):
    text = "reached" if goal["reached"] else "not reached"
    return f"{text}; the CPU time of both sides allows about {goal['bound']:.1f}" if "bound" in goal else text


def print_table(goals):
    if not goals:
        return
    width = max(len(goal["row"]) for goal in goals)
    print(f"\n{'goals':{width}}  {'place':8}{'best':>9}{'median':>9}  wanted")
    for goal in goals:
        print(f"{goal['row']:{width}}  {goal['place']:8}{number(goal['best']):>9}"
              f"{number(goal['median']):>9}  {wanted(goal):15} {verdict(goal)}")


def print_markdown(goals):
    print("| what | place | best | median | wanted | |")
    print("|---|---|---:|---:|---|---|")
    for goal in goals:
        print(f"| {goal['row']} | {goal['place']} | {number(goal['best'])} | "
              f"{number(goal['median'])} | {wanted(goal)} | {verdict(goal)} |")
