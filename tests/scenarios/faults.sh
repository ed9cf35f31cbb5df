#!/bin/sh
# SPDX-License-Identifier: MIT
# A core that is broken on purpose does not get past the scripts.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
cd "$top_srcdir/scenarios" || exit 1

# fails FAULT SCRIPT [CASE]
fails()
{
	"$race" --fault "$1" ${3:+--case "$3"} "$2" >"$scratch/said" 2>&1
	status=$?
	: >"$scratch/out"
	[ "$status" -eq 1 ] && grep -q '^FAIL' "$scratch/said" || {
		echo "exit status $status"
		head -n 40 "$scratch/said"
	} >"$scratch/out"
	check "$1 is seen by $2${3:+, case $3}" "$scratch/out"
}

plan 62
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
# What else there is to break, and the script that looks for it.
while read -r fault script; do
	fails "$fault" "$script.race"
done <<END
early-ack bulk-race
reuse-cookie bulk-race
lose-carrier bulk-race
release-on-send bulk-race
retry-forever ring
ignore-incarnation orphan
ignore-incarnation both-refuse
drop-waiting duplicate-nid
accept-duplicates partition
accept-duplicates conns-number
wrong-inverse typed
refuse-all equal-nids
keep-mark lost-races
keep-mark c-lost-packet
forget-fallback newer-race
keep-stale duplicate-nid
nid-order both-refuse
nid-order lost-races
nid-order conns-mismatch
nid-order newer-race
no-fallback newer
no-fallback rolling-upgrade
no-fallback upgrade-in-set
clear-mark refusal-order
END
"$race" --fault no-such-fault a.race >/dev/null 2>"$scratch/err"
check_equal "an unknown fault is bad usage" 2 $?
