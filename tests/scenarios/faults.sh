#!/bin/sh
# SPDX-License-Identifier: MIT
# A core that is broken on purpose does not get past the scripts.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
cd "$top_srcdir/scenarios" || exit 1

# fails FAULT SCRIPT CASE
fails()
{
	"$race" --fault "$1" --case "$3" "$2" >"$scratch/said" 2>&1
	status=$?
	: >"$scratch/out"
	[ "$status" -eq 1 ] && grep -q '^FAIL' "$scratch/said" || {
		echo "exit status $status"
		cat "$scratch/said"
	} >"$scratch/out"
	check "$1 is seen by $2, case $3" "$scratch/out"
}

plan 38
for case in one-higher two-higher; do
	fails nid-order a.race $case
done
for script in b.race c.race c-abort.race; do
	for case in new-higher old-higher; do
		fails nid-order $script $case
	done
done
for script in c-subcases.race c-abort-subcases.race; do
	for case in one-a one-b two-a refusal-first; do
		fails nid-order $script $case
		fails no-fallback $script $case
	done
	fails clear-mark $script refusal-first
done
for case in one-higher two-higher; do
	fails nid-order restart-race.race $case
	fails nid-order typed.race $case
done
for case in new-higher old-higher; do
	fails nid-order typed-versions.race $case
	fails no-fallback refusal-lost.race $case
done
fails no-fallback downgrade.race is-called
fails no-fallback upgrade.race calls
fails release-on-send restart-messages.race zc-request
"$race" --fault no-such-fault a.race >/dev/null 2>"$scratch/err"
check_equal "an unknown fault is bad usage" 2 $?
