#!/bin/sh
# SPDX-License-Identifier: MIT
# Copies of the scripts with one wrong line each fail, at that line, with status 1.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
cd "$top_srcdir/tests/scenarios/wrong" || exit 1
# fails WORLD SCRIPT: where time is exact, and where only the order counts
fails()
{
	world=$1 script=$2
	line=$(sed -n '1s/.*line \([0-9]*\) must fail.*/\1/p' "$script")
	"$race" $world "$script" >"$scratch/said" 2>&1
	status=$?
	: >"$scratch/out"
	[ "$status" -eq 1 ] || echo "exit status $status" >"$scratch/out"
	grep -qE "$script:$line:[0-9]+: .*expected " "$scratch/said" || {
		echo "line $line is not blamed:"
		cat "$scratch/said"
	} >>"$scratch/out"
	check "$script: line $line fails${world:+ ($world)}" "$scratch/out"
}

plan $(($(ls -- *.race | wc -l) * 2))
for script in *.race; do
	fails "" "$script"
	fails --loose "$script"
done
