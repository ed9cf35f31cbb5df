# SPDX-License-Identifier: MIT
# For the tests of this folder: TAP, the list of the project's files, a scratch folder.

set -u
: "${top_srcdir:?run by make check}" "${top_builddir:?run by make check}"
unset MAKEFLAGS MFLAGS MAKELEVEL
LC_ALL=C
export LC_ALL
number=0

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

plan() { echo "1..$1"; }
skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

# check TITLE FILE: passes when FILE is empty; else fails and shows it.
check()
{
	number=$((number + 1))
	if [ -s "$2" ]; then
		echo "not ok $number - $1"
		head -n 50 "$2" | sed 's/^/# /'
	else
		echo "ok $number - $1"
	fi
}

# check_equal TITLE EXPECTED GOT
check_equal()
{
	: >"$scratch/difference"
	[ "$2" = "$3" ] || printf 'expected: %s\ngot:      %s\n' "$2" "$3" >"$scratch/difference"
	check "$1" "$scratch/difference"
}

skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

in_checkout()
{
	command -v git >/dev/null &&
		[ "$(git_here rev-parse --show-toplevel 2>/dev/null)" = "$(cd "$top_srcdir" && pwd -P)" ]
}

# A checkout may belong to another user than the one who tests.
git_here() { git -c safe.directory='*' -C "$top_srcdir" "$@"; }

# What make dist takes, a path a line relative to the source folder, folders as they were named.
dist_files()
{
	printf 'include Makefile\nhouse-print:\n\t@printf "%%s\\n" $(DISTFILES)\n' |
		make -s --no-print-directory -C "$top_builddir" -f - house-print |
		while IFS= read -r file; do
			case $file in
			"$(make_srcdir)"/*) file=${file#"$(make_srcdir)"/} ;;
			esac
			echo "${file#./}"
		done | sort -u
}

make_srcdir() { sed -n 's/^srcdir = //p' "$top_builddir/Makefile"; }

# The project's own files, a path a line: those in git, and those that git does not ignore yet; of a
# tarball those that are dist'ed, without what autoreconf made.
project_files()
{
	if in_checkout; then
		git_here ls-files --cached --others --exclude-standard
	else
		dist_files | (
			cd "$top_srcdir" || exit 1
			while IFS= read -r file; do
				[ ! -e "$file" ] || find "$file" -type f
			done
		) | grep -vE '(^|/)(configure|aclocal\.m4|Makefile\.in|config\.h\.in)$' |
			grep -vE '^m4/(lib|lt)' |
			grep -vE '^build-aux/(ar-lib|compile|config\.|depcomp|install-sh|ltmain\.sh|missing|tap-driver\.sh|test-driver)'
	fi | while IFS= read -r file; do
		[ ! -f "$top_srcdir/$file" ] || echo "$file"
	done | sort -u
}
