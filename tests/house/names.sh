#!/bin/sh
# SPDX-License-Identifier: MIT
# No file names the host of a package registry or a path of one machine; no source uses a fixed
# path below the folder of temporary files. (Brackets keep these patterns from matching themselves.)
. "$top_srcdir/tests/house/lib.sh"

registries='pypi[.]org|pythonhosted[.]org|npmjs[.](org|com)|crates[.]io|rubygems[.]org|proxy[.]golang'
registries="$registries|(deb|security|snapshot|ftp)[.]debian[.]org|archive[.]ubuntu[.]com"
registries="$registries|anaconda[.]org|docker[.]io|ghcr[.]io|quay[.]io|gcr[.]io|repo1?[.]maven"
machine='(^|[^[:alnum:]_.~}/-])[/](root|work|workspace|home/[a-z]+|tmp[/]wt)(/|$|[^[:alnum:]_.-])'
temporary='(^|[^[:alnum:]_.}])[/]tmp[/][[:alnum:]]'

# matches PATTERN: files on stdin, paths below the current folder; prints file:line:text. Binary
# files are left out.
matches()
{
	while IFS= read -r file; do
		grep -nIHE -e "$1" -- "$file"
	done
}

plan 5
cd "$scratch" || exit 1
printf 'see https://%s/simple\n' "pypi"".org" >one
printf 'path = "%s/src"\n' "/""root" >two
check_equal "a registry's host is found" 1 "$(echo one | matches "$registries" | wc -l)"
check_equal "a machine's path is found" 1 "$(echo two | matches "$machine" | wc -l)"

cd "$top_srcdir" || exit 1
project_files >"$scratch/files"
matches "$registries" <"$scratch/files" >"$scratch/found"
check "no file names a package registry's host" "$scratch/found"
matches "$machine" <"$scratch/files" >"$scratch/found"
check "no file names a machine's path" "$scratch/found"
grep -E '[.](c|h|cc|hh|py|sh|am|race)$|^(quickstart|runtests)$' "$scratch/files" |
	matches "$temporary" >"$scratch/found"
check "no source uses a fixed temporary path" "$scratch/found"
