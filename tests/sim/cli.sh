#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage, help, versions, exit statuses of zclnd-sim.
. "$top_srcdir/tests/sim/lib.sh"

# said STATUS PATTERN ARGUMENT...: the status, and a line like the pattern on either output.
said()
{
	expected=$1 pattern=$2
	shift 2
	"$sim" "$@" >"$scratch/said" 2>&1 </dev/null
	status=$?
	: >"$scratch/out"
	if [ "$status" -ne "$expected" ] || ! grep -qe "$pattern" "$scratch/said"; then
		{ echo "status $status, not $expected, or nothing like '$pattern' in:"
		cat "$scratch/said"; } >"$scratch/out"
	fi
	check "zclnd-sim $* ($expected)" "$scratch/out"
}

plan 25
said 0 '^  race  *run race scripts' --help
said 0 'FILE.race' race --help
said 0 'ack-overhead' sweep --help
said 0 'GNU General' --version
said 0 'zclnd-sim race' race --version
said 0 'zclnd-sim sweep' sweep --version
said 2 'which command' --
said 2 "'fly'" fly
said 2 'nonsense' --nonsense
said 2 "Try 'zclnd-sim race --help'" race
said 2 'nonsense' race --nonsense
said 2 'which sweep' sweep
said 2 "'fly'" sweep fly
said 2 "'more'" sweep ack-overhead more
said 2 "seed takes.*'0'" sweep ack-overhead --seed 0
said 2 "messages takes.*'x'" sweep ack-overhead --messages x
said 2 "size takes.*'2MiB'" sweep ack-overhead --size 2MiB
said 2 "latency takes.*'-1ms'" sweep ack-overhead --latency=-1ms
said 2 "mtu takes.*'100'" sweep ack-overhead --mtu 100
said 2 "bandwidth takes.*'fast'" sweep ack-overhead --bandwidth fast
said 99 'no/folder' sweep ack-overhead --output "$scratch/no/folder/x.csv"
[ -e /dev/full ] || echo "no /dev/full" >"$scratch/no-full"
if [ -e "$scratch/no-full" ]; then
	skip "a full disk" "there is no /dev/full"
else
	said 99 'No space left' sweep ack-overhead -n 1 --output /dev/full
fi

# What a script asks for and the simulation cannot do.
cat >"$scratch/lo.race" <<'EOT'
race 1
title "an address that no host can have"
peer a nid 127.0.0.1@tcp speaks v2
peer b nid 10.0.0.2@tcp speaks v2
at 0 a connect b
finally within 3s: conns=1
EOT
said 99 'lo.race:3:[0-9]*: .*127.0.0.1@tcp cannot be' race "$scratch/lo.race"
cat >"$scratch/twice.race" <<'EOT'
race 1
title "one address twice"
peer a nid 10.0.0.2@tcp1 speaks v2
peer b nid 10.0.0.2@tcp speaks v2
at 0 a connect b
finally within 3s: conns=1
EOT
said 99 'twice.race:4:[0-9]*: .*another peer has the address' race "$scratch/twice.race"
cat >"$scratch/links.race" <<'EOT'
race 1
title "links that do not fit on a star"
peer a nid 10.0.0.1@tcp speaks v2
peer b nid 10.0.0.2@tcp speaks v2
peer c nid 10.0.0.3@tcp speaks v2
link a b latency 2ms
link a c latency 500us
at 0 a connect b
finally within 3s: conns=1
EOT
said 77 'links.race:7:[0-9]*: .*another latency' race "$scratch/links.race"
