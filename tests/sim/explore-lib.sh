# SPDX-License-Identifier: MIT
# For the tests of the explorer: the program with a core that can be broken, and scripts for it.
. "$top_srcdir/tests/house/lib.sh"

explore="$(cd "$top_builddir" && pwd)/tests/sim/zexplore-faulty"
scenarios=$(cd "$top_srcdir" && pwd)/scenarios
cd "$scratch" || exit 1

# script NAME SPEAKS SPEAKS LINE: two peers that call each other, and what the line says.
script()
{
	cat >"$1.race" <<-EOT
	race 1
	title "$1"
	peer x nid \${X} speaks $2
	peer y nid \${Y} speaks $3
	case x-higher X=10.0.0.9@tcp Y=10.0.0.1@tcp
	case y-higher X=10.0.0.1@tcp Y=10.0.0.9@tcp
	at 0 x connect y
	at 0 y connect x
	$4
	finally within 3s: conns=1
	EOT
}

# ends STATUS LAST TITLE ARGUMENT...: the exit status and the last line.
ends()
{
	status=$1 last=$2 title=$3
	shift 3
	"$explore" "$@" >"$scratch/said" 2>"$scratch/errors" </dev/null
	got="$? $(tail -n 1 "$scratch/said")"
	: >"$scratch/out"
	[ "$got" = "$status $last" ] || {
		echo "got $got"
		cat "$scratch/errors" "$scratch/said"
	} >"$scratch/out"
	check "$title" "$scratch/out"
}

exhausted() { ends 0 exhausted "$@"; }
