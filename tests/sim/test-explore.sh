#!/bin/sh
# SPDX-License-Identifier: MIT
# The explorer: the HLD's races are exhausted without a violation, within its bounds, and by any
# number of threads. This runs without ns-3.
. "$top_srcdir/tests/house/lib.sh"

. "$top_srcdir/tests/sim/explore-lib.sh"

plan 39
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

ends 0 exhausted "a property that is switched off does not count" --fault nid-order \
	--no-initiator-is-higher "$scenarios/a.race"

ends 0 "bounded: states" "a bound on states" --states 10 "$scenarios/a.race"
ends 0 "bounded: depth" "a bound on depth" --depth 3 "$scenarios/a.race"
ends 2 "" "no script is bad usage" --depth 3
ends 2 "" "an unknown property is bad usage" --no-such-property "$scenarios/a.race"
# said TITLE PATTERN: on standard error, of what ran last.
said()
{
	: >"$scratch/out"
	grep -q "$2" "$scratch/errors" || cp "$scratch/errors" "$scratch/out"
	check "$1" "$scratch/out"
}

ends 0 exhausted "a script that forces an order" "$scenarios/a.race"
said "what does not count is said" "a.race: every order is tried: its holds, "
script when v2 v2 "when x up y y ping x"
ends 2 "" "a script that acts when something happens is refused" when.race
said "and it is said why" "it does something .when. something happens"
script get v2 v2 "at 0 x get y 64KiB"
ends 2 "" "a script that does something else is refused" get.race
script then v2 v2 "then x put y 64KiB"
ends 0 exhausted "what a chain does counts" then.race
script sizes "v2 set zc-min 1KiB" v2 "at 0 x put y 2KiB"
ends 1 violated "a size that is set counts" --fault early-ack sizes.race
script races "v2 set race-retries 0" v2 ""
ends 1 violated "a number that is set counts" --case y-higher races.race
"$explore" --fault nid-order --diagram x.svg "$scenarios/a.race" >/dev/null 2>&1
check_equal "a violation is drawn" "1 yes" "$? $(grep -q '</svg>' x.svg && echo yes)"
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
