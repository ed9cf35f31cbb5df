#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws what ZC-ACKs cost, from the CSV of `zclnd-sim sweep ack-overhead`."""

import argparse
import csv
import sys
import textwrap

sys.dont_write_bytecode = True  # the source folder may be somebody else's
import numpy as np  # noqa: E402

import style  # noqa: E402
from style import plt  # noqa: E402

INTEGERS = (
    "bulk_size bulk_messages acks acks_piggybacked acks_coalesced acks_noop window reverse_size "
    "latency_ns bandwidth_bps tx_delay_ns mtu"
).split()
FLOATS = (
    "reverse_per_bulk ack_messages_per_bulk ack_bytes_per_bulk reverse_wire_bytes_per_bulk"
).split()

# How an ACK travelled: column, label, colour, hatch. From the bottom of the stack to the top.
WAYS = [
    ("acks_noop", "in a message of its own (NOOP, 24 bytes)", style.ORANGE, ""),
    ("acks_coalesced", "taken over from a waiting NOOP by a later message", style.GREEN, "///"),
    ("acks_piggybacked", "put on a message that was queued (piggyback)", style.BLUE, "xxx"),
]

BAR_LABELS = [f"V2: {label}" for _, label, _, _ in WAYS]
V2 = {"color": style.BLUE, "linestyle": "-", "marker": "s", "clip_on": False, "zorder": 3}
V1 = {"color": style.BLACK, "linestyle": "--", "marker": "o", "markerfacecolor": "white",
      "clip_on": False, "zorder": 3}


class Mistake(Exception):
    """The data cannot be drawn; the text says why."""


def convert(name, line, row):
    for column in INTEGERS + FLOATS + ["version", "conns"]:
        if row.get(column) is None:
            raise Mistake(f"{name}:{line}: there is no column {column}")
    try:
        row.update({column: int(row[column]) for column in INTEGERS})
        row.update({column: float(row[column]) for column in FLOATS})
    except ValueError as error:
        raise Mistake(f"{name}:{line}: {error}") from None
    return row


def read(name):
    """Returns the rows of the file, numbers converted."""
    try:
        with open(name, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = [convert(name, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Mistake(f"{name}: {error}") from None
    if not rows:
        raise Mistake(f"{name}: no measurements in it")
    return rows


def series(rows, version, conns):
    """The rows of one curve, by reverse traffic."""
    chosen = [row for row in rows if row["version"] == version and row["conns"] == conns]
    return sorted(chosen, key=lambda row: row["reverse_per_bulk"])


def column(rows, name):
    return np.array([row[name] for row in rows], dtype=float)


def draw_ways(axis, v1, v2):
    """ACKs by the way they travelled, stacked; V1 beside them has none."""
    place = np.arange(len(v2))
    below = np.zeros(len(v2))
    for name, label, colour, hatch in WAYS:
        height = column(v2, name) / column(v2, "bulk_messages")
        axis.bar(place, height, 0.72, below, label=f"V2: {label}", color=colour, hatch=hatch,
                 edgecolor="black", linewidth=0.7)
        below += height
    if v1:
        axis.plot(column(v1, "acks") / column(v1, "bulk_messages"), label="V1: has no ACKs", **V1)
    axis.set_ylim(0, 1.02)
    axis.set_ylabel("ACKs per bulk message")
    axis.set_title("a  How ACKs travel")


def draw_ack_bytes(axis, v1, v2):
    axis.plot(column(v2, "ack_bytes_per_bulk"), label="V2: NOOPs and carried cookies", **V2)
    if v1:
        axis.plot(column(v1, "ack_bytes_per_bulk"), label="V1: none", **V1)
    axis.set_ylim(0, 26)
    axis.set_ylabel("bytes per bulk message")
    axis.set_title("b  Bytes of ACKs")


def draw_wire(axis, v1, v2):
    """What the receiver sends in all; the numbers say how far V2 is above V1."""
    top = column(v2, "reverse_wire_bytes_per_bulk")
    axis.plot(top, label="V2 (numbers: bytes above V1)", **V2)
    if v1:
        bottom = column(v1, "reverse_wire_bytes_per_bulk")
        axis.plot(bottom, label="V1", **V1)
        for place, (high, low) in enumerate(zip(top, bottom)):
            axis.annotate(f"{high - low:+.0f}", (place, high), (-7, 8), "data",
                          "offset points", ha="center", fontsize=8)
    axis.set_ylim(0, 1.12 * max(top))
    style.thousands(axis)
    axis.set_ylabel("IP bytes per bulk message")
    axis.set_title("c  All that the receiver sends")


def size(value):
    return (value / 1024, "KiB") if value % 1024 == 0 else (value, "B")


def legend(axis):
    """Above the panel, in the order in which things lie in it."""
    handles, labels = axis.get_legend_handles_labels()
    bars = [i for i, label in enumerate(labels) if label in BAR_LABELS]
    order = bars[::-1] + [i for i in range(len(labels)) if i not in bars]
    axis.legend([handles[i] for i in order], [labels[i] for i in order], loc="lower left",
                bbox_to_anchor=(-0.02, 1.01), borderaxespad=0)


def describe(rows, conns):
    """The conditions of the measurement, in words."""
    first = rows[0]
    count = max(row["bulk_messages"] for row in rows)
    text = (
        "Simulated: bulk PUTs of {:g} {}, {} under way, {} a point, {} connections; reverse PUTs "
        "of {:g} {}, at random times; path of {:g} Gbit/s, {:g} \u00b5s one way, MTU {}; a node "
        "gets to what it has queued after {:g} \u00b5s. c counts TCP's own ACKs, too, and the 24 "
        "bytes of header that every V2 message has more than one of V1."
    ).format(
        *size(first["bulk_size"]), first["window"], count, conns, *size(first["reverse_size"]),
        first["bandwidth_bps"] / 1e9, first["latency_ns"] / 1e3, first["mtu"],
        first["tx_delay_ns"] / 1e3,
    )
    return textwrap.fill(text, 170)


def draw(rows, conns, title):
    """Returns the figure."""
    v1, v2 = series(rows, "v1", conns), series(rows, "v2", conns)
    rates = [row["reverse_per_bulk"] for row in v2]
    if not v2:
        raise Mistake(f"no measurements of v2 with {conns} connections")
    if v1 and [row["reverse_per_bulk"] for row in v1] != rates:
        raise Mistake("v1 and v2 were not measured with the same reverse traffic")
    style.apply()
    figure, axes = plt.subplots(1, 3, figsize=(12.8, 5.4))
    figure.subplots_adjust(left=0.055, right=0.985, top=0.73, bottom=0.21, wspace=0.24)
    for axis, fill in zip(axes, (draw_ways, draw_ack_bytes, draw_wire)):
        fill(axis, v1, v2)
        style.category_axis(axis, rates, "reverse messages per bulk message")
        axis.set_xlim(-0.6, len(rates) - 0.4)
        axis.set_title(axis.get_title(loc="left"), pad=66)
        legend(axis)
    figure.suptitle(title, x=0.012, y=0.975, ha="left", fontsize=13, fontweight="bold")
    figure.text(0.012, 0.03, describe(v1 + v2, conns), fontsize=9, linespacing=1.5)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", metavar="FILE.csv", help="what the sweep wrote")
    parser.add_argument("--output", required=True, metavar="BASE",
                        help="writes BASE.svg and BASE.png")
    parser.add_argument("--title", default="What zero-copy ACKs cost, by reverse traffic")
    parser.add_argument("--conns", choices=("typed", "untyped"), default="typed",
                        help="the connections to draw (typed)")
    options = parser.parse_args()
    try:
        figure = draw(read(options.file), options.conns, options.title)
        names = style.save(figure, options.output)
    except (Mistake, OSError) as error:
        sys.exit(f"ack_overhead.py: {error}")
    print("\n".join(names))


if __name__ == "__main__":
    main()
