#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the goals that bench/beside.py --json wrote: how far each is reached, best and median of the
runs, as a part of what is wanted (1 is reached, above 1 better than that)."""

import argparse
import json

import style

style.apply()
# Imported here so that the look is set before the first figure.
import matplotlib.pyplot as plt  # noqa: E402


def part(goal, value):
    """Of what is wanted; None: nothing to divide by, as with "at most 0"."""
    if goal["least"] is not None:
        return value / goal["least"]
    return goal["most"] / value if value and goal["most"] else None


def wanted(goal):
    sign, bound = (">=", goal["least"]) if goal["least"] is not None else ("<=", goal["most"])
    text = f"{bound / 1e6:g} M" if bound >= 1e6 else f"{bound:g}"
    place = f", {goal['place']}" if goal["place"] in ("loopback", "veth") else ""
    return f"{goal['row']}{place} ({sign} {text})".replace(">=", "≥").replace("<=", "≤")


def read(names):
    parts = []
    for name in names:
        with open(name, encoding="utf-8") as file:
            parts.append(json.load(file))
    goals = [goal for each in parts for goal in each["goals"] if part(goal, goal["best"])]
    return goals, parts[0]["machine"]


def draw(goals, machine):
    figure, axis = plt.subplots(figsize=(9, 1.2 + 0.3 * len(goals)), layout="constrained")
    rows = range(len(goals))
    best = [part(goal, goal["best"]) for goal in goals]
    colours = [style.BLUE if goal["reached"] else style.ORANGE for goal in goals]
    axis.barh(rows, best, height=0.6, color=colours,
              hatch=["" if goal["reached"] else "///" for goal in goals], edgecolor="white")
    axis.plot([part(goal, goal["median"]) for goal in goals], rows, "d", color=style.BLACK,
              markersize=4, linestyle="none", label="median of the runs")
    axis.axvline(1, color=style.BLACK, linewidth=1)
    axis.set_yticks(rows, [wanted(goal) for goal in goals])
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.grid(axis="x", visible=True)
    axis.set_xlabel("part of what is wanted (best of the runs): 1 and above is reached")
    axis.set_title(f"{machine['cores']} cores, {machine['cpu']}, Linux {machine['kernel']}, "
                   f"{machine['date'].split()[0]}")
    axis.legend(loc="lower right")
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE",
                        help="of beside.py --json: parts of a run on one machine")
    parser.add_argument("--output", default="bench-table", metavar="BASE",
                        help="writes BASE.svg and BASE.png (bench-table)")
    args = parser.parse_args()
    goals, machine = read(args.files)
    if not goals:
        parser.error("these files have no goals")
    for name in style.save(draw(goals, machine), args.output):
        print(name)


if __name__ == "__main__":
    main()
