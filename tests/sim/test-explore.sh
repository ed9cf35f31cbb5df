#!/bin/sh
# SPDX-License-Identifier: MIT
# The explorer: the HLD's races are exhausted without a violation, and a core that is broken on
# purpose does not get past it. This runs without ns-3.
. "$top_srcdir/tests/house/lib.sh"

explore="$(cd "$top_builddir" && pwd)/tests/sim/zexplore-faulty"
scenarios=$(cd "$top_srcdir" && pwd)/scenarios
cd "$scratch" || exit 1

# script NAME SPEAKS SPEAKS LINE: two peers that call each other, and what the line says.
script()
{
	cat >"$1.race" <<-EOT
	race 1
	title "$1"
	peer x nid \${X} speaks $2
	peer y nid \${Y} speaks $3
	case x-higher X=10.0.0.9@tcp Y=10.0.0.1@tcp
	case y-higher X=10.0.0.1@tcp Y=10.0.0.9@tcp
	at 0 x connect y
	at 0 y connect x
	$4
	finally within 3s: conns=1
	EOT
}

# ends STATUS LAST TITLE ARGUMENT...: the exit status and the last line.
ends()
{
	status=$1 last=$2 title=$3
	shift 3
	"$explore" "$@" >"$scratch/said" 2>"$scratch/errors" </dev/null
	got="$? $(tail -n 1 "$scratch/said")"
	: >"$scratch/out"
	[ "$got" = "$status $last" ] || {
		echo "got $got"
		cat "$scratch/errors" "$scratch/said"
	} >"$scratch/out"
	check "$title" "$scratch/out"
}

exhausted() { ends 0 exhausted "$@"; }

# finds FAULT PROPERTY ARGUMENT...
finds()
{
	fault=$1 property=$2
	shift 2
	"$explore" --fault "$fault" "$@" >"$scratch/said" 2>&1
	status=$?
	: >"$scratch/out"
	[ "$status" -eq 1 ] && grep -q "^violation of $property: " "$scratch/said" || {
		echo "status $status"
		cat "$scratch/said"
	} >"$scratch/out"
	check "$fault breaks $property" "$scratch/out"
}

plan 46
for name in a b c c-abort; do
	exhausted "$name.race" "$scenarios/$name.race"
	exhausted "$name.race, a peer restarts" --crashes 1 "$scenarios/$name.race"
	exhausted "$name.race, a connection is reset" --resets 1 "$scenarios/$name.race"
done
exhausted "c.race, a timer runs out early" --timers 1 "$scenarios/c.race"

script typed "v2 conns typed" "v2 conns typed" ""
script mixed "v2 conns typed" "v1 conns typed refuses abort" ""
script put v2 v2 "at 0 x put y 64KiB"
script typed-put "v2 conns typed" "v2 conns typed" "at 0 x put y 64KiB"
exhausted "three typed connections" typed.race
exhausted "three typed connections, and V1" mixed.race
exhausted "a bulk message" put.race
exhausted "a bulk message, cut and late" --cuts --lazy-send put.race
# The ACK comes on CONTROL when its message failed with BULK_OUT.
ends 0 "bounded: depth" "an ACK outlives its message's connection" --resets 1 --depth 12 \
	--case x-higher typed-put.race

script one v2 v2 ""
sed -i '/at 0 y connect/d' one.race
script typed-one "v2 conns typed" "v2 conns typed" ""
sed -i '/at 0 y connect/d' typed-one.race
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
finds forget-fallback bounded-retries "$scenarios/c.race"
finds keep-stale one-incarnation --crashes 1 --timers 1 typed-one.race
ends 0 exhausted "a property that is switched off does not count" --fault nid-order \
	--no-initiator-is-higher "$scenarios/a.race"

ends 0 "bounded: states" "a bound on states" --states 10 "$scenarios/a.race"
ends 0 "bounded: depth" "a bound on depth" --depth 3 "$scenarios/a.race"
ends 2 "" "no script is bad usage" --depth 3
ends 2 "" "an unknown property is bad usage" --no-such-property "$scenarios/a.race"
ends 2 "" "an unknown case is bad usage" --case none "$scenarios/a.race"

"$explore" --json "$scenarios/a.race" >"$scratch/said"
check_equal "JSON has an object for each case" "0 2" "$? $(grep -c '"exhausted":true' "$scratch/said")"
"$explore" --json --fault nid-order --case one-higher "$scenarios/a.race" >"$scratch/said"
check_equal "and the path to a violation" "1 yes" \
	"$? $(grep -q '"path":\["one connect two",' "$scratch/said" && echo yes)"
# counts ARGUMENT...: all that does not depend on the clock.
counts() { "$explore" "$@" 2>&1 | sed 's/, [0-9.]* s, .*//'; }

for what in "--crashes 1" "--fault clear-mark" "--states 100" "--depth 9"; do
	# shellcheck disable=SC2086 # two words
	check_equal "$what: the same by two and three threads as by one" \
		"$(counts $what "$scenarios/c.race")$(counts $what "$scenarios/c.race")" \
		"$(counts $what -j 2 "$scenarios/c.race")$(counts $what -j 3 "$scenarios/c.race")"
done
