#!/bin/sh
# SPDX-License-Identifier: MIT
# Every example of zclnd-race(5) parses; those that are whole scripts pass as well.
. "$top_srcdir/tests/house/lib.sh"

race="$(cd "$top_builddir" && pwd)/tests/scenarios/zrace-mem"
page="$top_srcdir/doc/zclnd-race.5"
[ -r "$page" ] || skip_all "there is no zclnd-race.5"

cat >"$scratch/around" <<'END'
race 1
peer new nid 10.0.0.9@tcp
peer old nid 10.0.0.1@tcp speaks v1
case new-higher
case old-higher
END

cd "$scratch" || exit 1
awk '/^[.]EX/ { n++; file = sprintf("example-%02d", n); next }
	/^[.]EE/ { file = ""; next }
	file { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print >file }' "$page"
plan $(($(ls example-* | wc -l) + 1))
for example in example-*; do
	: >out
	if [ "$(head -n 1 "$example")" = "race 1" ]; then
		"$race" -q "$example" >out 2>&1 || echo "exit status $?" >>out
	elif grep -qE '^(peer|case) ' "$example"; then
		{
			echo "race 1"
			cat "$example"
			grep -q '^peer new' "$example" || sed -n '/^peer/p' around
		} >whole.race
		"$race" --list whole.race >said 2>out || echo "exit status $?" >>out
	else
		cat around "$example" >whole.race
		"$race" --list whole.race >said 2>out || echo "exit status $?" >>out
	fi
	check "$example: $(head -n 1 "$example")" out
done
echo "hodl new>old hello" | cat around - >whole.race
"$race" --list whole.race >said 2>&1
check_equal "a bad example is found" 2 $?
