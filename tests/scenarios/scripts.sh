#!/bin/sh
# SPDX-License-Identifier: MIT
# Every script of scenarios/ passes in the world in memory, whether its time is exact or not, and
# fixes the same events in both.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
cd "$top_srcdir/scenarios" || exit 1
plan $(($(ls -- *.race | wc -l) * 3 + 4))
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
awk '/^[.]TP/ { getline; gsub(/\\/, ""); print $2 ".race" }' ../doc/zclnd-scenarios.7 | sort >"$scratch/told"
ls -- *.race | sort | diff - "$scratch/told" >"$scratch/out"
check "zclnd-scenarios(7) tells of each" "$scratch/out"
for script in *.race; do
	[ "$(sed -n '1,2s/^# [A-Z].*/comment/p;2s/^# .*/comment/p;3s/^race 1$/race/p' "$script" | uniq | tr '\n' ' ')" = "comment race " ] ||
		echo "$script"
done >"$scratch/out"
check "two lines at the head of each say what it shows" "$scratch/out"
for script in *.race; do
	name=${script%.race}
	ls ../tests/scenarios/wrong | grep -q "^$name\(-[a-z]*\)*[.]race$" || echo "$script"
done >"$scratch/out"
check "each has a wrong copy among the tests" "$scratch/out"
