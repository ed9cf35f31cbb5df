#!/bin/sh
# SPDX-License-Identifier: MIT
# Every script of scenarios/ passes in the world in memory, whether its time is exact or not, and
# fixes the same events in both.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
cd "$top_srcdir/scenarios" || exit 1
plan $(($(ls -- *.race | wc -l) * 3 + 1))
for script in *.race; do
	"$race" -q "$script" >"$scratch/out" 2>&1 || echo "exit status $?" >>"$scratch/out"
	check "$script" "$scratch/out"
	"$race" --loose -q "$script" >"$scratch/out" 2>&1 || echo "exit status $?" >>"$scratch/out"
	check "$script, time not exact" "$scratch/out"
	"$race" --events "$script" >"$scratch/strict"
	"$race" --loose --events "$script" >"$scratch/loose"
	diff -u "$scratch/strict" "$scratch/loose" >"$scratch/out"
	check "$script, the same events" "$scratch/out"
done
sed -n 's|^	scenarios/\(.*[.]race\).*|\1|p' scenarios.am | sort >"$scratch/listed"
ls -- *.race | sort | diff - "$scratch/listed" >"$scratch/out"
check "all are installed" "$scratch/out"
