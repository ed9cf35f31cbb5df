#!/bin/sh
# SPDX-License-Identifier: MIT
# The same script or sweep with the same seed gives the same bytes: events, captures, CSV. Another
# seed gives others where anything is random.
. "$top_srcdir/tests/sim/lib.sh"

cat >"$scratch/lossy.race" <<'EOF'
race 1
title "bulk over a path that loses"
peer one nid 10.0.0.1@tcp speaks v2
peer two nid 10.0.0.2@tcp speaks v2
link one two latency 1ms bandwidth 1Gbps loss 2%
at 0 one connect two
at 0 two connect one
when one up two one put two 1MiB
when two up one two put one 300KiB
expect two delivered one
finally within 60s: conns=1
EOF

# run NAME SEED SCRIPT: all that a run leaves, in folder NAME.
run()
{
	mkdir "$scratch/$1"
	(
		cd "$scratch/$1" || exit 1
		"$sim" race --seed "$2" --trace trace --pcap . --ladder "$3" >out 2>&1
		"$sim" race --seed "$2" --events "$3" >events 2>&1
	)
}

same() { diff -rq "$scratch/$1" "$scratch/$2" >"$scratch/out" 2>&1; check "$3" "$scratch/out"; }

plan 10
run c1 1 "$source/scenarios/c.race"
run c2 1 "$source/scenarios/c.race"
check_equal "captures of two peers in two cases" 4 "$(find "$scratch/c1" -name '*.pcap' | wc -l)"
same c1 c2 "c.race twice"
run l1 1 "$scratch/lossy.race"
run l2 1 "$scratch/lossy.race"
run l3 2 "$scratch/lossy.race"
check_equal "the lossy script passes" "PASS" "$(sed 's/ .*//;q' "$scratch/l1/out")"
same l1 l2 "losses twice"
check_equal "another seed loses other packets" 1 \
	"$(cmp -s "$scratch/l1/trace" "$scratch/l3/trace"; echo $?)"
# The first simulation of a process or the hundredth: c.race makes 244 before lossy.race.
mkdir "$scratch/after"
"$sim" race --pcap "$scratch/after" "$source/scenarios/c.race" "$scratch/lossy.race" >"$scratch/said" 2>&1
diff -rq "$scratch/after/lossy" "$scratch/l1/lossy" >"$scratch/out" 2>&1
check "the same capture after many other simulations" "$scratch/out"

# sweep NAME SEED
sweep() { "$sim" sweep ack-overhead -n 8 --seed "$2" --output "$scratch/$1.csv" >"$scratch/$1.out" 2>&1; }
sweep s1 1 && sweep s2 1 && sweep s3 2
check_equal "a sweep of 32 measurements" "0 33" "$? $(wc -l <"$scratch/s1.csv" | tr -d ' ')"
same s1.csv s2.csv "a sweep twice"
"$sim" sweep ack-overhead -n 8 >"$scratch/s4.csv"
same s1.csv s4.csv "a sweep on standard output"
check_equal "another seed, other times" 1 "$(cmp -s "$scratch/s1.csv" "$scratch/s3.csv"; echo $?)"
