#!/bin/sh
# SPDX-License-Identifier: MIT
# The man pages format without a warning.
. "$top_srcdir/tests/house/lib.sh"

command -v man >/dev/null || skip_all "there is no man"
project_files | grep -E '^doc/.*[.][1-8]$' >"$scratch/pages"
[ -s "$scratch/pages" ] || skip_all "there is no man page yet"
plan $(($(wc -l <"$scratch/pages") + 1))

# warnings FILE
warnings() { MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null; }

printf '.TH X 1\n.SH NAME\nx \\- y\n.NOSUCH\n' >"$scratch/x.1"
check_equal "a bad page is found" yes "$(warnings "$scratch/x.1" | grep -q NOSUCH && echo yes)"
while IFS= read -r page; do
	warnings "$top_srcdir/$page" >"$scratch/out"
	check "$page" "$scratch/out"
done <"$scratch/pages"
