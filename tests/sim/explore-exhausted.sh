#!/bin/sh
# SPDX-License-Identifier: MIT
# The HLD's races, A, B and C with both refusals, whoever has the higher NID: with one connection
# and with three, with a bulk message each way, with a restart of either peer: no order violates
# anything. What takes minutes is in explore-long.sh.
. "$top_srcdir/tests/sim/explore-lib.sh"

bulk="at 0 x put y 64KiB
	at 0 y put x 64KiB"
plan 36
for pair in "a:v2:v2" "b:v2 remembers y=v1:v1" "c:v2:v1" "c-abort:v2:v1 refuses abort"; do
	name=${pair%%:*} rest=${pair#*:}
	x=${rest%%:*} y=${rest#*:}
	script "$name-one" "$x" "$y" ""
	script "$name-three" "$x conns typed" "$y conns typed" ""
	script "$name-one-bulk" "$x" "$y" "$bulk"
	script "$name-three-bulk" "$x conns typed" "$y conns typed" "$bulk"
	for what in one three one-bulk; do
		exhausted "$name-$what" "$name-$what.race"
		exhausted "$name-$what, a peer restarts" --crashes 1 "$name-$what.race"
		[ "$what" = one-bulk ] || exhausted "$name-$what, a peer is gone for some time" \
			--outages 1 "$name-$what.race"
	done
	exhausted "$name-three-bulk" "$name-three-bulk.race"
done
