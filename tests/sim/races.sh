#!/bin/sh
# SPDX-License-Identifier: MIT
# A race script passes in simulation, and one that expects what does not happen fails. (That all
# scripts pass here, with the same events as elsewhere, is tests/scenarios/parity.sh.)
. "$top_srcdir/tests/sim/lib.sh"

cd "$source/scenarios" || exit 1
plan 4
for script in c.race typed.race; do
	"$sim" race -q "$script" >"$scratch/out" 2>&1 || echo "exit status $?" >>"$scratch/out"
	check "$script" "$scratch/out"
done

sed 's/initiator=higher/initiator=lower/' c.race >"$scratch/wrong.race"
"$sim" race -q "$scratch/wrong.race" >"$scratch/said" 2>&1
check_equal "a wrong script fails" "1" "$?"
check_equal "and it is said where" yes \
	"$(grep -q 'wrong[.]race:[0-9][0-9:]*: ' "$scratch/said" && echo yes)"
