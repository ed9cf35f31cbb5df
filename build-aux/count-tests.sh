#!/bin/sh
# SPDX-License-Identifier: MIT
# count-tests.sh FOLDER: reads the .trs files that automake's TAP driver left below FOLDER, prints
# the end of the log of each test with a failure and, as the last line, "N passed, N failed" (and
# ", N skipped"). Counted is each TAP line, not each program. ERROR (a test that crashed or did not
# keep its plan) and XPASS (a todo that works) count as failed, XFAIL (a todo) as skipped.
# Exit status: 0 all passed, 1 something failed or nothing was run.

set -u
folder=${1:?usage: count-tests.sh FOLDER}

list=$(mktemp) || exit 1
trap 'rm -f "$list"' EXIT
find "$folder" -name '*.trs' -print | LC_ALL=C sort >"$list"

while IFS= read -r trs; do
	grep -qE '^:test-result: (FAIL|ERROR|XPASS)' "$trs" || continue
	log=${trs%.trs}.log
	# The driver repeats each TAP line with its verdict: once is enough below.
	printf '\n--- %s:\n' "$log"
	grep -E '^(FAIL|ERROR|XPASS): ' "$log" | head -n 20
	echo "--- its last lines:"
	grep -vE '^(PASS|FAIL|ERROR|XPASS|SKIP|XFAIL): ' "$log" | tail -n 60
done <"$list"

while IFS= read -r trs; do
	cat "$trs"
done <"$list" | awk '
	/^:test-result: / { n[$2]++ }
	END {
		if (NR == 0)
			print "count-tests: no test was run"
		passed = n["PASS"] + 0
		failed = n["FAIL"] + n["ERROR"] + n["XPASS"]
		skipped = n["SKIP"] + n["XFAIL"]
		printf "%d passed, %d failed", passed, failed
		if (skipped > 0)
			printf ", %d skipped", skipped
		print ""
		exit failed > 0 || passed == 0
	}'
