#!/bin/sh
# SPDX-License-Identifier: MIT
# Every file in git goes into the tarball.
. "$top_srcdir/tests/house/lib.sh"

in_checkout || skip_all "not a git checkout"

# Lines of $1 (files) that are neither in $2 (dist'ed files and folders) nor below one of its folders.
not_covered()
{
	awk 'NR == FNR { dist[$0] = 1; next }
	     {
		path = $0
		while (path != "" && !(path in dist))
			if (!sub(/\/[^\/]*$/, "", path))
				path = ""
		if (path == "")
			print $0
	     }' "$2" "$1"
}

plan 2
printf 'a/b.c\na/c.c\nd/e/f\n' >"$scratch/some"
printf 'a/b.c\nd\n' >"$scratch/dist"
check_equal "a file that is not dist'ed is found" a/c.c "$(not_covered "$scratch/some" "$scratch/dist")"

git_here ls-files --cached | grep -vE '(^|/)[.]git(ignore|attributes)$' >"$scratch/tracked"
dist_files >"$scratch/dist"
not_covered "$scratch/tracked" "$scratch/dist" >"$scratch/found"
check "every file in git is dist'ed (EXTRA_DIST of its folder's .am)" "$scratch/found"
