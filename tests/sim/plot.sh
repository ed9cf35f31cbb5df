#!/bin/sh
# SPDX-License-Identifier: MIT
# The figure of the ACK sweep: made from a small CSV, the same twice, and clear about bad data.
. "$top_srcdir/tests/sim/lib.sh"

[ -n "${PYTHON:-}" ] || skip_all "configure found no Python with matplotlib and numpy"
plot() { "$PYTHON" "$source/plots/ack_overhead.py" "$@"; }

# The first run of matplotlib writes a cache of fonts.
MPLCONFIGDIR=$scratch/mpl
export MPLCONFIGDIR
mkdir "$MPLCONFIGDIR"

yes_or_no() { "$@" >"$scratch/asked" 2>&1 && echo yes || echo no; }

# refused TITLE PATTERN FILE
refused()
{
	plot "$3" --output "$scratch/none" >"$scratch/said" 2>&1
	check_equal "$1" "1 yes no" \
		"$? $(yes_or_no grep -e "$2" "$scratch/said") $(yes_or_no ls "$scratch/none.svg")"
}

plan 9
"$sim" sweep ack-overhead -n 8 --output "$scratch/small.csv" >"$scratch/said" 2>&1
plot "$scratch/small.csv" --output "$scratch/one" --title "A title" >"$scratch/said" 2>&1
check_equal "a figure is made" "0 $scratch/one.svg $scratch/one.png" \
	"$? $(tr '\n' ' ' <"$scratch/said" | sed 's/ $//')"
check_equal "as SVG" yes "$(yes_or_no grep '</svg>' "$scratch/one.svg")"
check_equal "as PNG" PNG "$(dd if="$scratch/one.png" bs=1 skip=1 count=3 2>"$scratch/dd")"
plot "$scratch/small.csv" --output "$scratch/two" --title "A title" >"$scratch/said" 2>&1
cmp "$scratch/one.svg" "$scratch/two.svg" >"$scratch/out" 2>&1
check "the same SVG twice" "$scratch/out"
plot "$scratch/small.csv" --output "$scratch/three" --conns untyped >"$scratch/said" 2>&1
check_equal "of untyped connections" "0 no" \
	"$? $(yes_or_no cmp "$scratch/one.svg" "$scratch/three.svg")"

refused "a file that is not there" 'none[.]csv' "$scratch/none.csv"
head -n 1 "$scratch/small.csv" >"$scratch/empty.csv"
refused "no measurements" 'no measurements' "$scratch/empty.csv"
sed 's/acks_noop/nothing/' "$scratch/small.csv" >"$scratch/column.csv"
refused "a column that is not there" 'column acks_noop' "$scratch/column.csv"
sed '3s/65536/many/' "$scratch/small.csv" >"$scratch/number.csv"
refused "what is no number" 'number.csv:3: .*many' "$scratch/number.csv"
