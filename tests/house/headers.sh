#!/bin/sh
# SPDX-License-Identifier: MIT
# Every header compiles on its own, and twice in a row: *.h as C, *.hh as C++.
. "$top_srcdir/tests/house/lib.sh"

# compiles FILE: as the only include of a source; prints what the compiler says against it.
compiles()
{
	printf '#include "%s"\n#include "%s"\ntypedef int not_empty;\n' "$1" "$1" >"$scratch/alone.in"
	# The flags are lists of words. A path with a blank would break them, so -I is given anew.
	cd "$top_builddir" || return
	case $1 in
	*.hh) $CXX $TEST_CXXFLAGS -I. -I"$scratch" -I"$top_srcdir" -fsyntax-only -x c++ "$scratch/alone.in" ;;
	*) $CC $TEST_CFLAGS -I. -I"$scratch" -I"$top_srcdir" -fsyntax-only -x c "$scratch/alone.in" ;;
	esac >"$scratch/said" 2>&1 && : >"$scratch/said"
	cat "$scratch/said"
}

project_files | grep -E '^(core|trace|scenarios|real|sim|bench|tests)/.*[.](h|hh)$' >"$scratch/headers"
[ "${HAVE_NS3:-no}" = yes ] || {
	grep -v '[.]hh$' "$scratch/headers" >"$scratch/c"
	mv "$scratch/c" "$scratch/headers"
}
[ -s "$scratch/headers" ] || skip_all "there is no header"
plan $(($(wc -l <"$scratch/headers") + 1))

printf 'size_t f(struct no_such x);\n' >"$scratch/broken.h"
compiles broken.h >"$scratch/out"
check_equal "a header that lacks an include is found" yes \
	"$(grep -q 'unknown type name' "$scratch/out" && echo yes)"

while IFS= read -r header; do
	compiles "$header" >"$scratch/out"
	check "$header" "$scratch/out"
done <"$scratch/headers"
