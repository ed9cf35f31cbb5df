#!/bin/sh
# SPDX-License-Identifier: MIT
# The ladders look as they did. A change on purpose: look at them, then write them anew with
# `zrace-mem --ladder FILE >ladder/NAME.txt`.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
golden="$(cd "$top_srcdir" && pwd)/tests/scenarios/ladder"

# looks TITLE NAME OPTION... SCRIPT
looks()
{
	title=$1 name=$2
	shift 2
	"$race" --ladder "$@" >"$scratch/got"
	diff -u "$golden/$name.txt" "$scratch/got" >"$scratch/out"
	check "$title" "$scratch/out"
}

plan 4
cd "$top_srcdir/scenarios" || exit 1
looks "in ASCII where the locale is C" c-ascii c.race
if locale -a 2>/dev/null | grep -qi '^C[.]utf-\?8$'; then
	LC_ALL=C.UTF-8
	looks "in UTF-8" c c.race
	looks "in ASCII when asked for" c-ascii --ascii c.race
else
	skip "in UTF-8" "there is no locale C.UTF-8"
	skip "in ASCII when asked for" "there is no locale C.UTF-8"
fi
LC_ALL=C
looks "three peers and messages" three "$top_srcdir/tests/scenarios/good/three.race"
