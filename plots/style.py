#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What all figures have in common: a look that survives a black-and-white printer, and files that
are the same, byte for byte, whenever they are made from the same data."""

import matplotlib

matplotlib.use("Agg")
# Imported here so that the backend is chosen first.
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

# Okabe and Ito's colours: told apart by colour-blind people; with a hatch and a marker each.
BLUE, ORANGE, GREEN, BLACK = "#0072b2", "#e69f00", "#009e73", "#000000"


def apply():
    """Sets matplotlib up; call before the first figure."""
    plt.rcParams.update(
        {
            "svg.hashsalt": "zclnd",
            "svg.fonttype": "path",
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "grid.color": "#d0d0d0",
            "grid.linewidth": 0.6,
            "hatch.linewidth": 0.8,
            "legend.frameon": False,
            "legend.fontsize": 9,
            "lines.linewidth": 1.6,
            "lines.markersize": 6,
            "figure.dpi": 100,
            "savefig.dpi": 150,
        }
    )


def category_axis(axis, values, label):
    """Gives values that double from step to step, and a 0, one place each at equal distances."""
    axis.set_xticks(range(len(values)))
    axis.set_xticklabels([fraction(value) for value in values])
    axis.set_xlabel(label)


def fraction(value):
    """0.125 as people write it: 1/8."""
    if 0 < value < 1 and (1 / value).is_integer():
        return f"1/{round(1 / value)}"
    return f"{value:g}"


def thousands(axis):
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def save(figure, base):
    """Writes base.svg and base.png; returns their names."""
    names = [f"{base}.svg", f"{base}.png"]
    figure.savefig(names[0], metadata={"Date": None, "Creator": None})
    figure.savefig(names[1], metadata={"Software": None})
    plt.close(figure)
    return names
