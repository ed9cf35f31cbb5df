#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmark beside plain TCP: one small round of each group ends with a table; what is missing is
# left out and said so. No figure counts here.

set -u
echo 1..3
if ! command -v python3 >/dev/null; then
	for n in 1 2 3; do echo "ok $n - skipped # SKIP no python3"; done
	exit 0
fi
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
cd "$top_builddir" || exit 1

# beside N TEXT ARG...: a run with these arguments prints a line for each contender.
beside()
{
	number=$1
	text=$2
	shift 2
	if PYTHONDONTWRITEBYTECODE=1 python3 "$top_srcdir/bench/beside.py" --no-veth --rounds 1 \
		--scale 0.005 --own "$@" >"$out" 2>&1 && grep -q '^  plain' "$out" &&
		grep -q '^  zclnd, .*[0-9]' "$out" && ! grep -q 'left out' "$out"; then
		echo "ok $number - $text"
	else
		sed 's/^/# /' "$out"
		echo "not ok $number - $text"
	fi
}

beside 1 "bulk beside a plain stream" --only bulk --only bulk64
beside 2 "round trips beside a plain ping-pong" --only blocking
beside 3 "small messages" --only rate
