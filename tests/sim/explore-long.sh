#!/bin/sh
# SPDX-License-Identifier: MIT
# What takes too long for every day (make check-long, some minutes for each): the HLD's races with
# three typed connections, a bulk message each way, and a restart of either peer, in all orders.
. "$top_srcdir/tests/sim/explore-lib.sh"

bulk="at 0 x put y 64KiB
	at 0 y put x 64KiB"
plan 8
for pair in "a:v2:v2" "b:v2 remembers y=v1:v1" "c:v2:v1" "c-abort:v2:v1 refuses abort"; do
	name=${pair%%:*} rest=${pair#*:}
	script "$name" "${rest%%:*} conns typed" "${rest#*:} conns typed" "$bulk"
	for case in x-higher y-higher; do
		exhausted "$name, $case" --jobs 2 --memory 4096 --crashes 1 --case "$case" \
			"$name.race"
		sed -n '1s/^/# /p' "$scratch/said"
	done
done
