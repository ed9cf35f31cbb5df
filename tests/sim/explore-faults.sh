#!/bin/sh
# SPDX-License-Identifier: MIT
# A core that is broken on purpose does not get past the explorer, and the script that it writes
# finds the fault as well: in memory and on real sockets it fails with that core and passes with the
# right one; in simulation it passes with the right one.
. "$top_srcdir/tests/sim/explore-lib.sh"

build=$(cd "$top_builddir" && pwd)
memory=$build/tests/scenarios/zrace-mem
# What never comes is waited for; script time is made short for that.
real="$build/tests/sim/zrace-real --time-scale 0.2"

# finds FAULT PROPERTY ARGUMENT...
finds()
{
	fault=$1 property=$2
	shift 2
	faults="$faults $fault"
	"$explore" --fault "$fault" --script "$fault.race" "$@" >"$scratch/said" 2>&1
	status=$?
	: >"$scratch/out"
	[ "$status" -eq 1 ] && grep -q "^violation of $property: " "$scratch/said" || {
		echo "status $status"
		cat "$scratch/said"
	} >"$scratch/out"
	check "$fault breaks $property" "$scratch/out"
}

# runs STATUS TITLE COMMAND...: a script, by what it comes to.
runs()
{
	expected=$1 title=$2
	shift 2
	"$@" >"$scratch/said" 2>&1
	status=$?
	: >"$scratch/out"
	[ "$status" -eq "$expected" ] || {
		echo "status $status"
		cat "$scratch/said"
	} >"$scratch/out"
	check "$title" "$scratch/out"
}

faults=
plan 96
script one v2 v2 ""
script typed "v2 conns typed" "v2 conns typed" ""
script typed-one "v2 conns typed" "v2 conns typed" ""
sed -i '/at 0 y connect/d' one.race typed-one.race
script put v2 v2 "at 0 x put y 64KiB"
script puts v2 v2 "at 0 x put y 64KiB
	at 0 x put y 64KiB"

# Each fault: the property that it breaks, and by what it is found.
finds nid-order initiator-is-higher "$scenarios/a.race"
finds no-fallback needless-failure "$scenarios/c.race"
finds clear-mark initiator-is-higher "$scenarios/c.race"
finds release-on-send early-release put.race
finds early-ack early-ack put.race
finds lose-carrier needless-failure put.race
finds reuse-cookie cookie-once puts.race
finds retry-forever bounded-retries --no-needless-failure "$scenarios/a.race"
finds ignore-incarnation one-incarnation --crashes 1 typed-one.race
finds drop-waiting needless-failure put.race
finds accept-duplicates exactly-one-conn-per-type "$scenarios/a.race"
finds wrong-inverse needless-failure typed.race
finds refuse-all needless-failure one.race
finds keep-mark nothing-left-connecting "$scenarios/a.race"
finds forget-fallback needless-failure "$scenarios/c.race"
finds keep-stale one-incarnation --outages 1 typed.race

# All at once, for they mostly wait.
for fault in $faults; do
	(
		# shellcheck disable=SC2086 # words
		$real --fault "$fault" "$fault.race" >"$fault.real" 2>&1
		echo $? >"$fault.status"
	) &
done
for fault in $faults; do
	runs 1 "$fault: its script fails in memory" "$memory" --fault "$fault" "$fault.race"
	runs 0 "$fault: and passes with the right core" "$memory" "$fault.race"
	if [ "${HAVE_NS3:-no}" = yes ]; then
		runs 0 "$fault: in simulation too" "$build/zclnd-sim" race "$fault.race"
	else
		skip "$fault: in simulation too" "configure found no ns-3"
	fi
	# shellcheck disable=SC2086 # words
	runs 0 "$fault: on real sockets it passes with the right core" $real "$fault.race"
done
wait
for fault in $faults; do
	: >"$scratch/out"
	[ "$(cat "$fault.status")" = 1 ] && grep -q '^FAIL' "$fault.real" ||
		cat "$fault.status" "$fault.real" >"$scratch/out"
	check "$fault: and fails with the fault" "$scratch/out"
done
