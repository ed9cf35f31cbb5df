#!/bin/sh
# SPDX-License-Identifier: MIT
# zclnd's commands: --help and --version of each, and that mistakes end with status 2 and say what
# was expected.
. "$top_srcdir/tests/house/lib.sh"

zclnd=$top_builddir/zclnd
plan 54

# run ARGUMENT...: sets status; output in $scratch/out, messages in $scratch/err.
run()
{
	"$zclnd" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
}

says() { grep -q -e "$1" "$2" && echo yes || cat "$2"; }

run --help
check_equal "zclnd --help" "0 yes" "$status $(says '^Usage: zclnd COMMAND' "$scratch/out")"
run --version
check_equal "zclnd --version" "0 yes" "$status $(says '^zclnd [0-9]' "$scratch/out")"
for command in peer ping put get bench race trace; do
	run $command --help
	check_equal "zclnd $command --help" "0 yes" "$status $(says Usage "$scratch/out")"
	run $command --version
	check_equal "zclnd $command --version" "0 yes" "$status $(says '[0-9][.][0-9]' "$scratch/out")"
	run $command --no-such-option
	check_equal "zclnd $command --no-such-option" "2 yes" "$status $(says no-such-option "$scratch/err")"
done

# mistake EXPECTED ARGUMENT...
mistake()
{
	expected=$1
	shift
	run "$@"
	check_equal "zclnd $*" "2 yes" "$status $(says "$expected" "$scratch/err")"
}

mistake 'zclnd COMMAND'
mistake "no command 'fly'" fly
mistake "unexpected argument 'x'" peer x
mistake 'expected all or secure' peer --accept some
mistake 'expected v1 or v2' peer --speaks v9
mistake 'expected copy, zerocopy, splice or auto' peer --way fast
mistake 'expected a NID like' peer --nid 10.0.0.9
mistake 'expected ADDR:PORT' peer --listen 10.0.0:x
mistake 'at least 1' peer --zc-min 0
mistake "accept-timeout '0': expected seconds" peer --accept-timeout 0
mistake "socket-timeout '5s': expected seconds" peer --socket-timeout 5s
mistake "socket-timeout 'nan': expected seconds" bench bw 10.0.0.9@tcp --socket-timeout nan
mistake 'expected NID=ADDR:PORT' peer --nid 127.200.1.1@tcp --listen :0 --peer nobody
mistake 'expected one NID' ping
mistake 'expected a NID like' ping nobody
mistake 'own NID' ping 10.0.0.9@tcp --from 10.0.0.9@tcp
mistake '--count is at least 1' ping 10.0.0.9@tcp --count 0
mistake 'expected NID PORTAL MATCHBITS FILE' put 10.0.0.9@tcp
mistake "match bits 'x': expected a number" put 10.0.0.9@tcp 50 x -
mistake 'no-such-file' put 10.0.0.9@tcp 50 0 "$scratch/no-such-file"
mistake 'expected NID PORTAL MATCHBITS' get
mistake "portal '99'" get 10.0.0.9@tcp 99 0
mistake '--timeout is between' get 10.0.0.9@tcp 50 0 --timeout 0
mistake 'expected `bw`' bench
mistake 'either --self or one NID' bench bw
mistake '1 to 1048576' bench bw --self --size 1048577
mistake 'needs --self' bench bw 10.0.0.9@tcp --verify

printf '[node]\nnid=127.200.1.1@tcp\nspeeks=v1\n' >"$scratch/bad.conf"
mistake "bad.conf: unknown key 'speeks'" peer --config "$scratch/bad.conf"
printf '[node]\naccept-timeout=soon\n' >"$scratch/bad.conf"
mistake "accept-timeout 'soon': expected seconds" peer --config "$scratch/bad.conf"
printf '[node]\nuntyped=perhaps\n' >"$scratch/bad.conf"
mistake 'bad.conf: .*untyped: expected true or false' peer --config "$scratch/bad.conf"
mistake "no-such-file: " peer --config "$scratch/no-such-file"
