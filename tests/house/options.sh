#!/bin/sh
# SPDX-License-Identifier: MIT
# Each option that a command's --help tells has a place in a man page, and each option in a man page
# is one of a command; so have the keys of the configuration file.
. "$top_srcdir/tests/house/lib.sh"

command -v man >/dev/null || skip_all "there is no man"

# words: the long options on stdin, a line each (of --no-NAME nothing)
words() { grep -oE '(^|[^[:alnum:]-])--[a-z]([a-z0-9-]*[a-z0-9])?' | grep -oE -- '--[a-z0-9-]+' | sort -u; }

# page NAME.N: as text, words unbroken
page() { MANWIDTH=200 man -E ascii -P cat --nh --nj -l "$top_srcdir/doc/$1" 2>/dev/null | sed 's/.\x08//g'; }

# told PAGE...: the options that these pages have, but for those of other programs
told() { for one; do page "$one"; done | words | grep -vxE -- '--(cflags|libs|no)'; }

# tells PROGRAM [COMMAND]: the options that its help tells
tells() { "$top_builddir/$1" ${2:+"$2"} --help 2>/dev/null | words | grep -vx -- --no; }

real="peer ping put get bench race trace"
sim="race explore sweep trace"
pages=1
if [ "${HAVE_NS3:-no}" = yes ]; then
	pages=2
else
	sim=
fi
plan $(($(echo $real $sim | wc -w) + pages + 2))

: >"$scratch/all"
printf -- '--help\n--version\n--no-such\n' | sort >"$scratch/got"
check_equal "an option that no page has is found" "--no-such" \
	"$(told zclnd.1 | comm -13 - "$scratch/got")"

# covered PROGRAM COMMAND PAGE...: the pages have the options of the command
covered()
{
	tells "$1" "$2" >"$scratch/got"
	cat "$scratch/got" >>"$scratch/all"
	title="$1 $2: the manual has its options"
	[ -s "$scratch/got" ] || echo "$1 $2 --help tells no option" >"$scratch/got"
	shift 2
	told "$@" | comm -13 - "$scratch/got" >"$scratch/out"
	check "$title" "$scratch/out"
}
for command in $real; do
	covered zclnd "$command" zclnd.1 zclnd-race.5
done
for command in $sim; do
	covered zclnd-sim "$command" zclnd-sim.1 zclnd-race.5 zclnd.1
done

# The other way. --from is another word for --nid, which no help tells.
tells zclnd >>"$scratch/all"
echo --from >>"$scratch/all"
sort -u "$scratch/all" -o "$scratch/all"
told zclnd.1 zclnd-race.5 zclnd.conf.5 | comm -23 - "$scratch/all" >"$scratch/out"
check "the pages of zclnd have no option that there is not" "$scratch/out"
if [ -n "$sim" ]; then
	tells zclnd-sim >>"$scratch/all"
	sort -u "$scratch/all" -o "$scratch/all"
	told zclnd-sim.1 | comm -23 - "$scratch/all" >"$scratch/out"
	check "the page of zclnd-sim has no option that there is not" "$scratch/out"
fi

# What may stand in the file is what describes a peer, but for what is of the command line itself.
tells zclnd peer | grep -vxE -- '--(help|version|config|check-config)' | sed 's/^--//' >"$scratch/got"
page zclnd.conf.5 | grep -oE '^ +[a-z-]+=' | tr -d ' =' | sort -u >"$scratch/keys"
comm -3 "$scratch/got" "$scratch/keys" >"$scratch/out"
check "zclnd.conf(5) has the keys that there are" "$scratch/out"
