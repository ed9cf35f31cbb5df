#!/bin/sh
# SPDX-License-Identifier: MIT
# Each script of bad/ is refused with exactly the words beside it, and nothing runs.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
cd "$top_srcdir/tests/scenarios/bad" || exit 1
plan "$(ls -- *.race | wc -l)"
for script in *.race; do
	"$race" "$script" >"$scratch/out" 2>"$scratch/err"
	[ $? -eq 2 ] || echo "exit status is not 2" >>"$scratch/out"
	diff -u "${script%.race}.err" "$scratch/err" >>"$scratch/out"
	check "$script" "$scratch/out"
done
