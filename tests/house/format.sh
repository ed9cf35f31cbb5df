#!/bin/sh
# SPDX-License-Identifier: MIT
# C and C++ are as clang-format 14 writes them. Other versions differ in details, so they do not
# count.
. "$top_srcdir/tests/house/lib.sh"

formatter=
for candidate in clang-format-14 clang-format; do
	if "$candidate" --version 2>/dev/null | grep -q 'version 14[.]'; then
		formatter=$candidate
		break
	fi
done
[ -n "$formatter" ] || skip_all "there is no clang-format 14"

plan 2
cp "$top_srcdir/.clang-format" "$scratch/"
printf 'int   main( void ){ return 0;}\n' >"$scratch/bad.c"
check_equal "bad format is found" yes \
	"$("$formatter" --dry-run --Werror "$scratch/bad.c" 2>&1 | grep -q 'should be' && echo yes)"

cd "$top_srcdir" || exit 1
project_files | grep -E '[.](c|h|cc|hh)$' | while IFS= read -r file; do
	"$formatter" --style=file --dry-run --Werror "$file" >/dev/null 2>&1 ||
		echo "$formatter -i $file"
done >"$scratch/found"
check "C and C++ are formatted" "$scratch/found"
