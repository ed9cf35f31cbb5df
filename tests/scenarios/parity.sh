#!/bin/sh
# SPDX-License-Identifier: MIT
# The same script gives the same verdicts and, without times, the same protocol events in simulation
# and on real sockets, where the script fixes their order.
set -u
: "${top_srcdir:=.}" "${top_builddir:=.}"

if [ "${HAVE_NS3:-no}" != yes ]; then
	echo "1..0 # SKIP zclnd-sim is not built: configure found no ns-3"
	exit 0
fi
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
n=0
for script in "$top_srcdir"/scenarios/*.race; do
	n=$((n + 1))
	name=$(basename "$script" .race)
	"$top_builddir/zclnd-sim" race --events "$script" >"$dir/sim" 2>"$dir/sim.err"
	sim=$?
	"$top_builddir/zclnd" race --events "$script" >"$dir/real" 2>"$dir/real.err"
	real=$?
	if [ $sim -eq 0 ] && [ $real -eq 0 ] && [ -s "$dir/sim" ] && diff "$dir/sim" "$dir/real" >"$dir/diff"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: simulation exit $sim, real sockets exit $real"
		sed 's/^/# /' "$dir/diff" "$dir/sim.err" "$dir/real.err" 2>/dev/null | head -40
	fi
done
echo "1..$n"
