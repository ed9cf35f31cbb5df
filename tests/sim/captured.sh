#!/bin/sh
# SPDX-License-Identifier: MIT
# A capture of the simulation is read by the trace command: it shows the messages of the script.
. "$top_srcdir/tests/sim/lib.sh"

case ${TSHARK:-no} in
no | '') skip_all "configure found no tshark" ;;
esac
ZCLND_TSHARK=$TSHARK
export ZCLND_TSHARK

# write NAME VERSION LOSS: one peer puts 300 KiB and 64 bytes.
write()
{
	cat >"$scratch/$1.race" <<EOF
race 1
title "two puts"
peer one nid 10.0.0.1@tcp speaks $2
peer two nid 10.0.0.2@tcp speaks $2
link one two latency 1ms bandwidth 1Gbps loss $3
at 0 one connect two
when one up two one put two 300KiB
at 60s one put two 64B
finally within 120s: conns=1
EOF
	"$sim" race -q --pcap "$scratch" "$scratch/$1.race" >"$scratch/said" 2>&1
	echo "$?" >"$scratch/$1/status"
	for peer in one two; do
		"$sim" trace --json "$scratch/$1/$peer.pcap" >"$scratch/$1/$peer.json" 2>"$scratch/$1/$peer.err"
		echo "$?" >>"$scratch/$1/status"
	done
}

# count FILE NAME PATTERN...: lines of that name that have all the patterns.
count()
{
	file=$1 lines=$(grep -F "\"name\":\"wire:$2\"" "$scratch/$1")
	shift 2
	for pattern in "$@"; do
		lines=$(printf '%s\n' "$lines" | grep -e "$pattern")
	done
	printf '%s\n' "$lines" | grep -c .
}

# Without times and packet numbers, which differ by the way between the peers. The last FIN or RST
# may be seen by one side only.
messages()
{
	grep -E '"name":"wire:(accept_request|hello|noop|lnet)"' "$scratch/$1" |
		sed 's/"time":[^,]*,//; s/"frame":[^,]*,//' | sort
}

plan 13
for version in v1 v2; do
	write "$version" "$version" 0%
	check_equal "$version: the script passes, both captures decode" "0 0 0" "$(tr '\n' ' ' <"$scratch/$version/status" | sed 's/ $//')"
	check_equal "$version: accept request and two HELLOs" "1 2" \
		"$(count $version/one.json accept_request) $(count $version/one.json hello "\"version\":\"$version\"")"
	check_equal "$version: two PUTs and their LNet ACKs" "1 1 2" \
		"$(count $version/one.json lnet PUT '"payload_length":307200') $(count $version/one.json lnet PUT '"payload_length":64') $(count $version/one.json lnet '"ACK"')"
	messages $version/one.json >"$scratch/a"
	messages $version/two.json >"$scratch/b"
	diff "$scratch/a" "$scratch/b" >"$scratch/out"
	check "$version: both peers saw the same" "$scratch/out"
done
check_equal "v1 has no cookies and no NOOPs" "0 0" \
	"$(count v1/one.json lnet _cookie) $(count v1/one.json noop)"
check_equal "v2 asks for an ACK of the long one, and gets it" "1 1" \
	"$(count v2/one.json lnet '"req_cookie":"*2\>') $(grep -c '"ack_cookie":"*2\>' "$scratch/v2/one.json")"
write lossy v2 2%
check_equal "with losses: both captures decode" "0 0 0" \
	"$(tr '\n' ' ' <"$scratch/lossy/status" | sed 's/ $//')"
messages lossy/one.json >"$scratch/a"
messages lossy/two.json >"$scratch/b"
diff "$scratch/a" "$scratch/b" >"$scratch/out"
check "with losses: both peers saw the same" "$scratch/out"
check_equal "the loss did lose packets" 1 \
	"$(cmp -s "$scratch/lossy/one.pcap" "$scratch/v2/one.pcap"; echo $?)"
