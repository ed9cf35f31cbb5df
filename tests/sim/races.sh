#!/bin/sh
# SPDX-License-Identifier: MIT
# Every script of scenarios/ passes in simulation, with the same events as in the world in memory; a
# script that expects what does not happen fails.
. "$top_srcdir/tests/sim/lib.sh"

memory=$build/tests/scenarios/zrace-mem
cd "$source/scenarios" || exit 1
plan $(($(ls -- *.race | wc -l) * 2 + 2))
for script in *.race; do
	: >"$scratch/out"
	"$sim" race --events "$script" >"$scratch/sim" 2>&1 || echo "exit status $?" >"$scratch/out"
	check "$script" "$scratch/out"
	"$memory" --events "$script" >"$scratch/memory" 2>&1
	diff -u "$scratch/memory" "$scratch/sim" >"$scratch/out"
	check "$script, the same events as in memory" "$scratch/out"
done

sed 's/initiator=higher/initiator=lower/' c.race >"$scratch/wrong.race"
"$sim" race -q "$scratch/wrong.race" >"$scratch/said" 2>&1
check_equal "a wrong script fails" "1" "$?"
check_equal "and it is said where" yes \
	"$(grep -q 'wrong[.]race:[0-9]*: ' "$scratch/said" && echo yes)"
