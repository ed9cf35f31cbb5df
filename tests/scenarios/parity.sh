#!/bin/sh
# SPDX-License-Identifier: MIT
# Each script of scenarios/, and those that force each message, give the same verdicts and, without
# times, the same protocol events in memory, in simulation and on real sockets. How fast this machine
# is decides nothing: a script that goes otherwise on real sockets is run again alone, with more time.
. "$top_srcdir/tests/house/lib.sh"

build=$(cd "$top_builddir" && pwd)
worlds="memory real"
[ "${HAVE_NS3:-no}" = yes ] && worlds="memory simulation real"

# On real sockets most of a script's time is waiting for its timers: several wait at a time.
cat >"$scratch/run" <<'END'
name=$(basename "$3" .race)
case $2 in
memory) set -- "$1" "$3" "$4" tests/scenarios/zrace-mem ;;
simulation) set -- "$1" "$3" "$4" zclnd-sim race ;;
real) set -- "$1" "$3" "$4" zclnd race --time-scale "${5:-1}" ;;
esac
build=$1 script=$2 out=$3
program=$4
shift 4
"$build/$program" "$@" --events "$script" >"$out/$name" 2>"$out/$name.err"
echo $? >"$out/$name.status"
END
cd "$top_srcdir" || exit 1
scripts() { ls scenarios/*.race tests/scenarios/good/forced*.race; }
for world in $worlds; do
	mkdir "$scratch/$world"
	jobs=2
	[ "$world" = real ] && jobs=6
	scripts | xargs -P $jobs -I '{}' sh "$scratch/run" "$build" "$world" '{}' "$scratch/$world"
done

# Whether file $1 of real sockets says what that of memory does, but for what either skips.
goes_alike()
{
	grep -v ': skipped: ' "$scratch/memory/$1" >"$scratch/expected"
	grep -v ': skipped: ' "$scratch/real/$1" | cmp -s - "$scratch/expected"
}
for script in $(scripts); do
	for scale in 4 16; do
		goes_alike "$(basename "$script" .race)" && break
		echo "# $script once more, with $scale times the time"
		sh "$scratch/run" "$build" real "$script" "$scratch/real" $scale
	done
done

# block WORLD NAME HEAD: the lines of one case, without the reason of a skip
block()
{
	HEAD=$3 awk 'index($0, ENVIRON["HEAD"] ": ") == 1 { on = 1; sub(/: skipped: .*/, ": skipped"); print; next }
		/^[^ ]/ { on = 0 } on' "$scratch/$1/$2"
}

# compare NAME HEAD: says what differs, and whether a world skipped it
compare()
{
	block memory "$1" "$2" >"$scratch/expected"
	grep -q ': not passed$' "$scratch/expected" && cat "$scratch/expected" >>"$scratch/out"
	for world in $worlds; do
		block $world "$1" "$2" >"$scratch/got"
		if grep -q ': skipped$' "$scratch/got"; then
			skipped="$skipped, not in $world"
		elif ! diff "$scratch/expected" "$scratch/got" >"$scratch/diff"; then
			echo "memory and $world differ:" >>"$scratch/out"
			cat "$scratch/diff" "$scratch/$world/$1.err" >>"$scratch/out"
		fi
	done
}

for script in $(scripts); do
	name=$(basename "$script" .race)
	sed -n 's/^\([^ ].*\): \(pass\|not passed\|skipped: .*\)$/\1/p' "$scratch/memory/$name" >"$scratch/heads"
	# A world may end without a word.
	for world in $worlds; do
		[ -s "$scratch/$world/$name" ] || {
			: >"$scratch/heads"
			cat "$scratch/$world/$name.err"
			echo "$world: exit status $(cat "$scratch/$world/$name.status"), no result"
		}
	done >"$scratch/silent"
	[ -s "$scratch/heads" ] || check "$name" "$scratch/silent"
	while IFS= read -r head; do
		: >"$scratch/out"
		skipped=
		compare "$name" "$head"
		check "$head$skipped" "$scratch/out"
	done <"$scratch/heads"
done
plan $number
