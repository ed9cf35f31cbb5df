#!/bin/sh
# SPDX-License-Identifier: MIT
# What README.md, HACKING.md and doc/wire.md say of files is true: links lead somewhere, files that
# are named exist, HACKING.md's map has every file of the core, and each section of the wire notes
# that a source cites is there.
. "$top_srcdir/tests/house/lib.sh"

# Text of a Markdown file on stdin without its fenced code.
prose() { awk '/^```/ { code = !code; next } !code'; }

# The anchors of a Markdown file's headings, as web sites make them.
anchors()
{
	awk '/^```/ { code = !code; next } !code && /^#+ / {
		sub(/^#+ /, ""); $0 = tolower($0); gsub(/[^a-z0-9 _-]/, ""); gsub(/ /, "-"); print
	}' "$1"
}

# Prints the relative links of file $1 that lead nowhere.
dead_links()
{
	prose <"$1" | grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//' | sort -u |
		grep -vE '^[a-z]+:' | while IFS= read -r link; do
			target=${link%%#*}
			if [ -n "$target" ]; then
				[ -e "$(dirname "$1")/$target" ] || echo "$1: $link"
			elif ! anchors "$1" | grep -qxF -e "${link#\#}"; then
				echo "$1: $link"
			fi
		done
}

folders='core|scenarios|trace|real|sim|plots|bench|tests|doc|m4|build-aux|[.]ci'

# Prints the names between `backquotes` in file $1 that look like files of the project and are not
# there. A name with a word in capitals (test-MODULE.c) is no name, one with a * must match.
dead_names()
{
	prose <"$1" | grep -oE '`[^` ]+`' | tr -d '`' | sort -u |
		grep -E "^($folders)/[][a-z0-9_./*-]*\$" | while IFS= read -r name; do
			for found in $name; do
				[ -e "$found" ] || echo "$1: $name"
			done
		done
}

# Files on stdin -> "FILE SECTION" for each section of the wire notes that one cites, also when the
# words are broken over two lines of a comment.
cited()
{
	while IFS= read -r file; do
		tr '\n' ' ' <"$file" | sed 's/[[:blank:]][[:blank:]*#]*/ /g' |
			grep -oE 'wire notes [0-9]+((, | to | and )[0-9]+)*' |
			grep -oE '[0-9]+' | sort -u | sed "s|^|$file |"
	done
}

# "FILE SECTION" lines on stdin -> those whose section file $1 does not have.
uncovered()
{
	while read -r file section; do
		grep -qE "^## $section[.] " "$1" || echo "$file: wire notes $section"
	done
}

plan 11
cd "$scratch" || exit 1
cat >page.md <<'EOT'
# One thing: `two`
[a](page.md) [b](no-such.md) [c](https://localhost/x) [d](#one-thing-two) [e](#nowhere)
`core/no-such.c` `core/test-NAME.c` `core/*.none` `plain`
```
[f](not-a-link.md) `core/not-a-name.c`
```
EOT
check_equal "a dead link is found" "page.md: #nowhere page.md: no-such.md" \
	"$(dead_links page.md | tr '\n' ' ' | sed 's/ $//')"
check_equal "a file that is not there is found" "page.md: core/*.none page.md: core/no-such.c" \
	"$(dead_names page.md | tr '\n' ' ' | sed 's/ $//')"
printf '## 1. One\n\n## 2. Two\n' >notes.md
printf '/* See %s\n * %s 1, 2 to 4; %s 2. */\n' "wire" "notes" "wire notes" >source.c
check_equal "a citation of no section is found" "source.c: wire notes 4" \
	"$(echo source.c | cited | uncovered notes.md)"

cd "$top_srcdir" || exit 1
for page in README.md HACKING.md doc/wire.md doc/deploying.md; do
	dead_links "$page" >"$scratch/found"
	check "the links of $page lead somewhere" "$scratch/found"
done
for page in README.md HACKING.md; do
	dead_names "$page" >"$scratch/found"
	check "the files that $page names exist" "$scratch/found"
done

project_files >"$scratch/files"
grep -E '^core/.*[.][ch]$' "$scratch/files" | while IFS= read -r file; do
	grep -qF -e "\`$file\`" HACKING.md || echo "$file"
done >"$scratch/found"
check "the map of HACKING.md has every file of the core" "$scratch/found"

grep -E '[.](c|h|cc|hh|py|sh|am|md|race|[1-8])$' "$scratch/files" | grep -vxF tests/house/docs.sh |
	cited | uncovered doc/wire.md >"$scratch/found"
check "each section of the wire notes that is cited is there" "$scratch/found"
