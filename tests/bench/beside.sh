#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmark beside plain TCP: one small round of each group ends with a table; what is missing is
# left out and said so. No figure counts here.

set -u
echo 1..7
if ! command -v python3 >/dev/null; then
	for n in 1 2 3 4 5 6 7; do echo "ok $n - skipped # SKIP no python3"; done
	exit 0
fi
out=$(mktemp) || exit 1
json=$(mktemp) || exit 1
trap 'rm -f "$out" "$json"' EXIT
cd "$top_builddir" || exit 1
export PYTHONDONTWRITEBYTECODE=1

verdict()
{
	if [ "$1" = good ]; then
		echo "ok $2 - $3"
	else
		sed 's/^/# /' "$out"
		echo "not ok $2 - $3"
	fi
}

run() { python3 "$top_srcdir/bench/beside.py" --place loopback --rounds 1 --scale 0.005 "$@"; }

# beside N TEXT ARG...: a run with these arguments prints a line for each contender.
beside()
{
	number=$1
	text=$2
	shift 2
	is=bad
	if run --own "$@" >"$out" 2>&1 && grep -q '  best \(MiB/s\|us a trip\|1000/s\)' "$out" &&
		grep -q '^  zclnd, .*[0-9]' "$out" && ! grep -q 'left out\|failed' "$out"; then
		is=good
	fi
	verdict $is "$number" "$text"
}

beside 1 "bulk beside a plain stream" --only bulk --only bulk64
beside 2 "round trips beside a plain ping-pong" --only blocking --only onecore --quick
beside 3 "small messages" --only rate --json "$json"
is=bad
python3 "$top_srcdir/bench/table.py" "$json" >"$out" 2>&1 &&
	grep -q '^64 B PUTs a second, window 512  *loopback .* at least 4 M  *\(not \)\?reached' "$out" &&
	is=good
verdict $is 4 "what --json wrote is a table of goals again"
beside 5 "two threads beside one" --only threads
# A program that ends at once is told, and makes the exit status 1.
is=good
run --own --only blocking --plain /bin/false >"$out" 2>&1 && is=bad
grep -q 'plain ping-pong .*left out: .*not ready' "$out" || is=bad
verdict $is 6 "a run that fails is told, and fails"
# The same figure, byte for byte, from the same data.
if ! "${PYTHON:-python3}" -c 'import matplotlib' 2>/dev/null; then
	echo "ok 7 - skipped # SKIP no Python with matplotlib"
	exit 0
fi
plots=$(mktemp -d) || exit 1
trap 'rm -rf "$out" "$json" "$plots"' EXIT
is=bad
for name in a b; do
	"${PYTHON:-python3}" "$top_srcdir/plots/bench_table.py" "$json" --output "$plots/$name"
done >"$out" 2>&1
cmp "$plots/a.svg" "$plots/b.svg" >>"$out" 2>&1 && grep -q '</svg>' "$plots/a.svg" && is=good
verdict $is 7 "the table is drawn"
