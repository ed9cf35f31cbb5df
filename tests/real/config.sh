#!/bin/sh
# SPDX-License-Identifier: MIT
# zclnd peer as a daemon: its configuration file, several NIs, metrics, sockets and messages of a
# service manager; zclnd put and get against its store.
. "$top_srcdir/tests/house/lib.sh"

zclnd=$top_builddir/zclnd
plan 31

net=127.$(($$ % 253 + 1)).$(($$ / 253 % 256))
one=$net.1@tcp two=$net.2@tcp
peer=
trap 'test -z "$peer" || kill -9 "$peer" 2>/dev/null; rm -rf "$scratch"' EXIT
says() { grep -q -e "$1" "$2" && echo yes || cat "$2"; }

# start COMMAND...: reads "ready" lines of $nis NIs; sets peer and address1, address2.
start()
{
	rm -f "$scratch/lines"
	mkfifo "$scratch/lines"
	"$@" >"$scratch/lines" 2>"$scratch/peer.err" &
	peer=$!
	exec 3<"$scratch/lines"
	address1= address2=
	IFS= read -r ready1 <&3 && address1=${ready1##* }
	[ "$nis" = 1 ] || { IFS= read -r ready2 <&3 && address2=${ready2##* }; }
}

stop()
{
	kill -TERM "$peer"
	cat <&3 >"$scratch/last"
	wait "$peer"
	status=$?
	peer=
	exec 3<&-
}

# ---- mistakes: with file, group, key and remedy
mistake()
{
	expected=$1
	shift
	printf "$@" >"$scratch/bad.conf"
	"$zclnd" peer --config "$scratch/bad.conf" --check-config >"$scratch/out" 2>"$scratch/err"
	check_equal "a mistake: $expected" "2 yes" "$? $(says "bad.conf: $expected" "$scratch/err")"
}
mistake "\[node\] accept 'some': expected all or secure" '[node]\naccept=some\n'
mistake "\[ni a\] speaks 'v9': expected v1 or v2" '[ni a]\nnid=127.1.1.1@tcp\nspeaks=v9\n'
mistake "\[ni a\] threads: is of the whole process, move it to \[node\]" '[ni a]\nthreads=2\n'
mistake "unknown group \[nodes\]" '[nodes]\n'
mistake "unknown key 'colour' in \[ni a\]" '[ni a]\ncolour=red\n'
mistake "\[ni \]: expected a name" '[ni ]\nnid=127.1.1.1@tcp\n'
mistake "\[node\] threads '65': expected a number, 1 to 64" '[node]\nthreads=65\n'
mistake "\[ni a\] peer 'x': expected NID=ADDR:PORT" '[ni a]\npeer=x\n'
mistake "\[node\] metrics-every 'often': expected seconds" '[node]\nmetrics-every=often\n'
printf '[ni a]\nnid=127.1.1.1@tcp\n[ni b]\nnid=127.1.1.1@tcp\n' >"$scratch/bad.conf"
"$zclnd" peer --config "$scratch/bad.conf" --check-config >"$scratch/out" 2>"$scratch/err"
check_equal "two NIs cannot have one NID" "2 yes" "$? $(says 'have the same NID' "$scratch/err")"

"$zclnd" peer --config "$top_srcdir/doc/examples/zclnd.conf" --check-config >"$scratch/out" 2>&1
check_equal "the example is right" "0 the configuration is right: 2 NIs" "$? $(cat "$scratch/out")"

# ---- two NIs of one network, two threads
cat >"$scratch/conf" <<END
[node]
threads=2
accept=all
metrics-file=$scratch/metrics
metrics-every=0.05
store-size=5000000
[ni one]
nid=$one
listen=:0
[ni two]
nid=$two
listen=:0
speaks=v1
END
nis=2
start "$zclnd" peer --config "$scratch/conf"
check_equal "both say where they listen" "ready: $one listens at $net.1 ready: $two listens at $net.2" \
	"${ready1%:*} ${ready2%:*}"
for which in one two; do
	eval nid=\$$which
	[ $which = one ] && address=$address1 || address=$address2
	"$zclnd" ping "$nid" --from "$net.9@tcp" --peer "$nid=$address" >"$scratch/out" 2>&1
	check_equal "NI $which answers as itself" "0 yes" "$? $(says "nis: 0@lo, $nid up" "$scratch/out")"
done
"$zclnd" ping "$one" --from "$two" --peer "$one=$address1" >"$scratch/out" 2>&1
check_equal "one is called by a node with the NID of the other" 0 $?
"$zclnd" ping "$two" --from "$net.9@tcp" --peer "$two=$address2" --trace "$scratch/jsonl" >"$scratch/out" 2>&1
check_equal "each has options of its own" "0 yes" "$? $(says 'fallback.*v1' "$scratch/jsonl")"

# ---- put and get
call="--from $net.9@tcp --peer $one=$address1"
dd if=/dev/urandom of="$scratch/data" bs=1000 count=3500 2>/dev/null
"$zclnd" put "$one" 52 0 "$scratch/data" $call >"$scratch/out" 2>&1
check_equal "put" "0 3500000 bytes put to $one" "$? $(cat "$scratch/out")"
"$zclnd" get "$one" 52 0x7 "$scratch/back" --length 3500000 $call >"$scratch/out" 2>&1
check_equal "get" "0 3500000 bytes from $one" "$? $(cat "$scratch/out")"
cmp "$scratch/data" "$scratch/back" >"$scratch/out" 2>&1
check "what was put comes back" "$scratch/out"
printf hello | "$zclnd" put "$one" 52 0 - --offset 100 $call >"$scratch/out" 2>&1
check_equal "put from standard input" 0 $?
check_equal "get to standard output" "hello" "$("$zclnd" get "$one" 52 0 --offset 100 --length 5 $call)"
check_equal "without a length: to the end" 1500000 \
	"$("$zclnd" get "$one" 52 0 --offset 3500000 $call | wc -c)"
"$zclnd" put "$one" 52 0 "$scratch/data" --offset 4000000 $call >"$scratch/out" 2>&1
check_equal "what does not fit is told" "1 yes" "$? $(says "buffer ends there" "$scratch/out")"
"$zclnd" get "$one" 53 0 --timeout 0.3 $call >"$scratch/out" 2>&1
check_equal "nothing is attached there" "1 yes" "$? $(says 'timedout' "$scratch/out")"
"$zclnd" put "$one" 64 0 "$scratch/data" $call >"$scratch/out" 2>&1
check_equal "there is no such portal" "2 yes" "$? $(says "portal '64': expected a number" "$scratch/out")"

# ---- metrics: rewritten while it runs
i=0
until grep -q "zclnd_payload_received_total{nid=\"$one\"} [1-9]" "$scratch/metrics" || [ $i -ge 200 ]; do
	i=$((i + 1))
	sleep 0.05
done
check_equal "metrics of both are in the file" yes \
	"$(says "zclnd_payload_received_total{nid=\"$one\"} [1-9]" "$scratch/metrics")"
check_equal "with help and type" "1 1" "$(grep -c '^# TYPE zclnd_conns gauge' "$scratch/metrics") $(
	grep -c '^# HELP zclnd_messages_sent_total' "$scratch/metrics")"
stop
check_equal "it ends in order, with statistics of both" "0 2" "$status $(grep -c '^statistics of' "$scratch/last")"

# ---- a service manager
nis=1
cat >"$scratch/manager.py" <<'END'
import os, socket, sys
listener = socket.socket()
listener.bind((sys.argv[1], 0))
listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET=sys.argv[2])
print("manager", *listener.getsockname(), file=sys.stderr, flush=True)
os.execv(sys.argv[3], sys.argv[3:])
END
cat >"$scratch/notified.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(sys.argv[1])
open(sys.argv[1] + ".bound", "w").close()
print(s.recv(100).decode(), flush=True)
print(s.recv(100).decode(), flush=True)
END
if [ -z "${PYTHON:-}" ] || ! "$PYTHON" -c pass 2>/dev/null; then
	for title in "a handed-over socket is used" "READY and STOPPING are told" "a socket of nobody"; do
		skip "$title" "there is no Python"
	done
	exit 0
fi
"$PYTHON" "$scratch/notified.py" "$scratch/notify" >"$scratch/notified" 2>&1 &
notified=$!
i=0
until [ -e "$scratch/notify.bound" ] || [ $i -ge 400 ]; do
	i=$((i + 1))
	sleep 0.05
done
start "$PYTHON" "$scratch/manager.py" "$net.1" "$scratch/notify" "$zclnd" peer --nid "$one" --accept all
"$zclnd" ping "$one" --from "$net.9@tcp" --peer "$one=$address1" >"$scratch/out" 2>&1
check_equal "a handed-over socket is used" "0 $(sed -n 's/^manager \(.*\) \(.*\)/\1:\2/p' "$scratch/peer.err")" \
	"$? $address1"
stop
wait "$notified"
check_equal "READY and STOPPING are told" "READY=1 STOPPING=1" "$(tr '\n' ' ' <"$scratch/notified" | sed 's/ $//')"
"$PYTHON" "$scratch/manager.py" "$net.7" "$scratch/notify" "$zclnd" peer --config "$scratch/conf" \
	>"$scratch/out" 2>&1
check_equal "a socket of nobody" "2 yes" "$? $(says "is no NI's" "$scratch/out")"
