#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""zclnd's bulk messages beside a plain TCP stream of the same sizes and socket options, interleaved
in one run. Prints ratios of bests and of medians: the machine's own speed drops out of them."""

import argparse
import json
import statistics
import subprocess
import sys

SIZES = (1 << 20, 64 << 10)
WAYS = {
    "copy": ["--way", "copy"],
    "copy, no ZC-ACKs": ["--way", "copy", "--no-zc-ack"],
    "auto": ["--way", "auto"],
    "zerocopy": ["--way", "zerocopy"],
}


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"stream.py: {' '.join(command)}: exit status {done.returncode}")
    return json.loads(done.stdout)


def plain(args, size, count):
    got = run([args.plain, str(size), str(count)])
    return got["mib_per_s"], got["cpu_s_per_gb"]


def zclnd(args, size, count, options):
    here = run([args.zclnd, "bench", "bw", "--self", "--json", "--size", str(size),
                "--count", str(count), *options])["here"]
    return here["mib_per_s"], here["run_cpu_ns"] / here["bytes"]


def measure(args, size):
    count = args.bytes // size
    results = {name: [] for name in ("plain stream", *WAYS)}
    for _ in range(args.rounds):
        results["plain stream"].append(plain(args, size, count))
        for name, options in WAYS.items():
            results[name].append(zclnd(args, size, count, options))
    return results


def report(size, results):
    rates = {name: [rate for rate, _ in runs] for name, runs in results.items()}
    base_best = max(rates["plain stream"])
    base_median = statistics.median(rates["plain stream"])
    print(f"{size >> 10} KiB messages, window 8; ratios against the plain stream")
    print(f"  {'':20}{'best MiB/s':>12}{'best':>8}{'median':>8}{'sender CPU s/GB':>18}")
    for name, runs in results.items():
        cpu = statistics.median(c for _, c in runs)
        print(f"  {name:20}{max(rates[name]):12.0f}{max(rates[name]) / base_best:8.2f}"
              f"{statistics.median(rates[name]) / base_median:8.2f}{cpu:18.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zclnd", default="./zclnd")
    parser.add_argument("--plain", default="bench/plain")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--bytes", type=int, default=2 << 30, help="moved by each run")
    args = parser.parse_args()
    for size in SIZES:
        report(size, measure(args, size))


if __name__ == "__main__":
    main()
