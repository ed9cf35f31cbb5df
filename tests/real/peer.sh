#!/bin/sh
# SPDX-License-Identifier: MIT
# zclnd peer, zclnd ping and zclnd bench as processes that meet on loopback.
. "$top_srcdir/tests/house/lib.sh"

zclnd=$top_builddir/zclnd
plan 38

# Addresses of this run; ports are the kernel's choice.
net=127.$(($$ % 253 + 1)).$(($$ / 253 % 256))
nid=$net.1@tcp
peer=
trap 'test -z "$peer" || kill -9 "$peer" 2>/dev/null; rm -rf "$scratch"' EXIT

# start_peer OPTION...: waits until it is ready; sets peer (its process) and address.
start_peer()
{
	rm -f "$scratch/lines"
	mkfifo "$scratch/lines"
	"$zclnd" peer --nid "$nid" --listen :0 "$@" >"$scratch/lines" 2>"$scratch/peer.err" &
	peer=$!
	exec 3<"$scratch/lines"
	ready=
	IFS= read -r ready <&3
	address=${ready##* }
}

# stop_peer SIGNAL: sets status; what it still said is in $scratch/last.
stop_peer()
{
	kill "-$1" "$peer"
	cat <&3 >"$scratch/last"
	wait "$peer"
	status=$?
	peer=
	exec 3<&-
}

ping_peer() { "$zclnd" ping "$nid" --from "$net.9@tcp" --peer "$nid=$address" "$@" >"$scratch/ping" 2>&1; }
says() { grep -q -e "$1" "$2" && echo yes || cat "$2"; }

start_peer --accept all --trace "$scratch/peer.jsonl"
check_equal "a peer says where it listens" "ready: $nid listens at $net.1:" "${ready%"${address##*:}"}"
ping_peer
check_equal "it answers a ping" "0 yes" "$? $(says "nis: 0@lo, $nid up$" "$scratch/ping")"
ping_peer --speaks v1 --count 3 --interval 1
check_equal "it answers a node that speaks v1" "0 yes" "$? $(says '3 sent, 3 answered' "$scratch/ping")"
ping_peer --untyped
check_equal "it answers an untyped node" "0 yes" "$? $(says '1 answered' "$scratch/ping")"

"$zclnd" bench bw "$nid" --nid "$net.8@tcp" --peer "$nid=$address" --count 20 >"$scratch/bench" 2>&1
check_equal "it takes bulk" "0 yes" "$? $(says ' 20 messages, 0 failed' "$scratch/bench")"

kill -USR1 "$peer"
IFS= read -r line <&3
check_equal "SIGUSR1 prints statistics" "statistics of $nid" "$line"
stop_peer TERM
check_equal "SIGTERM ends it in order, with statistics" "0 yes" \
	"$status $(says 'payload .* 20971520 received' "$scratch/last")"
check "it had nothing to complain of" "$scratch/peer.err"
"$zclnd" trace --ascii "$scratch/peer.jsonl" >"$scratch/out" 2>&1
check_equal "its trace tells of the calls and of what came" "0 yes yes" \
	"$? $(says 'is called' "$scratch/out") $(says 'PUT delivered, 1048576 B' "$scratch/out")"
ping_peer
check_equal "nobody listens there any more" "1 yes" "$? $(says '(refused)' "$scratch/ping")"

start_peer --accept secure
ping_peer --timeout 20
check_equal "accept=secure: no answer for an ordinary port" "1 yes" "$? $(says 'no answer' "$scratch/ping")"
stop_peer INT
check_equal "SIGINT ends it, and the statistics tell of the caller" "0 yes" \
	"$status $(says 'unreserved ports closed' "$scratch/last")"

printf '[node]\nnid=%s\nlisten=%s.1:0\naccept=all\nspeaks=v1\nuntyped=true\n' "$nid" "$net" \
	>"$scratch/conf"
start_peer --config "$scratch/conf"
ping_peer --trace "$scratch/ping.jsonl"
check_equal "a file configures it: the caller falls back to v1" "0 yes" \
	"$? $(says 'fallback.*"to":"v1"' "$scratch/ping.jsonl")"
"$zclnd" peer --nid "$nid" --listen "$address" >"$scratch/out" 2>&1
check_equal "an address in use is named, with the remedy" "1 yes" \
	"$? $(says "cannot listen at $address: .* (another process listens there.*--listen)" "$scratch/out")"
# Of the block that is for documentation.
"$zclnd" peer --nid 192.0.2.1@tcp --listen :0 >"$scratch/out" 2>&1
check_equal "an address that is not here is named, with the remedy" "1 yes" \
	"$? $(says "cannot listen at 192.0.2.1:0: .* (no interface .*--nid.*--listen)" "$scratch/out")"
stop_peer TERM
check_equal "and this one ends too" 0 "$status"

# bench --self: two processes of its own, content verified, buffers overwritten when released.
for options in "" "--way copy" "--way zerocopy" "--way splice" "--way splice --untyped --both --no-ack" \
	"--way splice --checksum --size 65000" "--speaks v1 --way splice" "--speaks v1" "--speaks v1 --way zerocopy --no-ack" \
	"--untyped --both --no-ack" "--checksum --both" "--size 1000 --window 64" "--no-zc-ack"; do
	# shellcheck disable=SC2086
	"$zclnd" bench bw --self --verify --count 40 $options >"$scratch/bench" 2>&1
	check_equal "bench bw --self --verify $options" "0 yes" \
		"$? $(says 'verified 40 messages, 0 corrupt' "$scratch/bench")"
done

"$zclnd" bench bw --self --count 40 --json >"$scratch/bench" 2>&1
status=$?
field() { sed "s/.*\"$2\":{\(.*\)/\1/; s/.*\"$1\":\([0-9]*\).*/\1/" "$scratch/bench"; }
# The last object of the line is the other side's, so its fields are what a greedy match finds.
check_equal "bench --json ends well" 0 "$status"
check_equal "the other side took every message" 40 "$(field sink_messages there)"
check_equal "each ZC request was ACKed" 40 \
	"$(($(field acks_piggybacked there) + $(field acks_coalesced there) + $(field acks_noop there)))"
"$zclnd" bench bw --self --count 40 --no-ack --json >"$scratch/bench" 2>&1
check_equal "without LNet ACKs to carry them, ZC-ACKs go in NOOPs" yes \
	"$([ "$(field acks_noop there)" -ge 38 ] && echo yes || cat "$scratch/bench")"
"$zclnd" bench bw --self --count 400 --both --untyped --no-ack --size 65536 --json >"$scratch/bench" 2>&1
check_equal "messages the other way carry ZC-ACKs" yes \
	"$([ $(($(field acks_piggybacked there) + $(field acks_coalesced there))) -gt 0 ] && echo yes || cat "$scratch/bench")"
"$zclnd" bench bw --self --count 40 --way zerocopy --json >"$scratch/bench" 2>&1
check_equal "the figures tell the way" 41943040 "$(sed 's/.*"here"://; s/"there".*//; s/.*"zerocopy":{"calls":[0-9]*,"bytes":\([0-9]*\).*/\1/' "$scratch/bench")"
why() { grep -o "\"$1\":{[^}]*}}" "$scratch/bench" | head -n 1 | sed 's/.*because"://; s/}}$/}/'; }
"$zclnd" bench bw --self --count 40 --way splice --json >"$scratch/bench" 2>&1
check_equal "and why each message went so" '{"asked":40}' "$(why splice)"
"$zclnd" bench bw --self --count 40 --no-zc-ack --way splice --trace "$scratch/bench.jsonl" >"$scratch/bench" 2>&1
check_equal "the trace too" yes "$(says '"transport:sent".*"length":1048576.*"way":"copy","why":"no-ack"' "$scratch/bench.jsonl")"
"$zclnd" bench bw --self --seconds 0.05 >"$scratch/bench" 2>&1
check_equal "by time instead of number" "0 yes" "$? $(says ' 0 failed' "$scratch/bench")"
