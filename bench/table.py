#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the goals, and what was reached, of files that beside.py --json has written."""

import argparse
import json

import goals
import machine


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("files", nargs="+", metavar="FILE",
                        help="of beside.py --json: parts of a run on one machine")
    args = parser.parse_args()
    parts = []
    for name in args.files:
        with open(name, encoding="utf-8") as file:
            parts.append(json.load(file))
    found = [goal for part in parts for goal in part["goals"]]
    if args.markdown:
        goals.print_markdown(found)
        return
    machine.show(parts[-1]["machine"])
    goals.print_table(found)


if __name__ == "__main__":
    main()
