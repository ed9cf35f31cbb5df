#!/bin/sh
# SPDX-License-Identifier: MIT
# What the language can say comes out the same in memory, in simulation and on real sockets: each
# script of good/ passes in all three, or is skipped by a world that cannot do it, and fixes the
# same events.
. "$top_srcdir/tests/house/lib.sh"

build=$(cd "$top_builddir" && pwd)
cd "$top_srcdir/tests/scenarios/good" || exit 1

# runs WORLD SCRIPT PROGRAM...: its events are in $scratch/WORLD
runs()
{
	world=$1 script=$2
	shift 2
	"$@" --events "$script" >"$scratch/$world" 2>"$scratch/err"
	status=$?
	[ $status -eq 77 ] && return 1
	[ $status -eq 0 ] && [ -s "$scratch/$world" ] || {
		echo "$world: exit status $status"
		cat "$scratch/$world" "$scratch/err"
		"$@" "$script" | head -60
	} >>"$scratch/out"
	return 0
}

plan $(($(ls -- *.race | wc -l) * 2))
for script in *.race; do
	: >"$scratch/out"
	runs memory "$script" "$build/tests/scenarios/zrace-mem" || : >"$scratch/memory"
	cp "$scratch/out" "$scratch/before"
	if [ "${HAVE_NS3:-no}" != yes ]; then
		skip "$script in simulation" "configure found no ns-3"
	elif runs simulation "$script" "$build/zclnd-sim" race; then
		[ -s "$scratch/memory" ] && diff "$scratch/memory" "$scratch/simulation" >>"$scratch/out"
		check "$script in simulation" "$scratch/out"
	else
		skip "$script in simulation" "that world cannot do it"
	fi
	cp "$scratch/before" "$scratch/out"
	if runs real "$script" "$build/zclnd" race; then
		[ -s "$scratch/memory" ] && diff "$scratch/memory" "$scratch/real" >>"$scratch/out"
		check "$script on real sockets" "$scratch/out"
	else
		skip "$script on real sockets" "that world cannot do it"
	fi
done
