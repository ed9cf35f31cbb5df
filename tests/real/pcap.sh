#!/bin/sh
# SPDX-License-Identifier: MIT
# What `zclnd race --pcap` writes is TCP that a reader has nothing to say against, decodes to the
# last byte, and holds the same messages as a capture of the simulation.
. "$top_srcdir/tests/house/lib.sh"

case ${TSHARK:-no} in
no | '') skip_all "configure found no tshark" ;;
esac
ZCLND_TSHARK=$TSHARK
export ZCLND_TSHARK
build=$(cd "$top_builddir" && pwd)
cd "$top_srcdir" || exit 1

"$build/zclnd" race -q -j3 --pcap "$scratch/real" tests/scenarios/good/forced.race \
	tests/scenarios/good/forced-reset.race scenarios/restart-messages.race >"$scratch/out" 2>&1 ||
	echo "status $?" >>"$scratch/out"
plan 6
check "the scripts pass" "$scratch/out"
ls "$scratch"/real/*/*.pcap >"$scratch/files"
check_equal "a file for each peer of each case" 10 "$(wc -l <"$scratch/files")"

: >"$scratch/out"
while read -r file; do
	"$TSHARK" -r "$file" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y \
		'tcp.analysis.flags or tcp.checksum.status == 0 or ip.checksum.status == 0' \
		>>"$scratch/out" 2>"$scratch/err" || cat "$scratch/err" >>"$scratch/out"
done <"$scratch/files"
check "TCP as it should be, true checksums" "$scratch/out"

: >"$scratch/out"
while read -r file; do
	"$build/zclnd" trace "$file" >"$scratch/said" 2>&1 || cat "$scratch/said" >>"$scratch/out"
done <"$scratch/files"
check "all of it decodes" "$scratch/out"

# Who says what to whom, without times and ports, and in no order: here a message that is held comes
# when it passes, there its packets come before.
messages() { "$build/zclnd" trace "$1" | awk 'NR > 1 && $5 != "reset" && $5 != "close" { sub(/:.*/, "", $3); sub(/:.*/, "", $4); $1 = $2 = ""; print }' | sort; }

if [ "${HAVE_NS3:-no}" != yes ]; then
	for i in 1 2; do skip "as in the simulation" "configure found no ns-3"; done
	exit 0
fi
"$build/zclnd-sim" race -q --case new-higher --pcap "$scratch/sim" tests/scenarios/good/forced.race >"$scratch/out" 2>&1
for peer in new old; do
	messages "$scratch/sim/forced-new-higher/$peer.pcap" >"$scratch/expected"
	messages "$scratch/real/forced-new-higher/$peer.pcap" >"$scratch/got"
	diff -u "$scratch/expected" "$scratch/got" >"$scratch/out"
	[ -s "$scratch/got" ] || echo "nothing in it" >>"$scratch/out"
	check "as in the simulation: $peer" "$scratch/out"
done
