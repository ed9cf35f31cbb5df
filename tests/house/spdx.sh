#!/bin/sh
# SPDX-License-Identifier: MIT
# Each source file names its licence: C and C++ on line 1, scripts after their #! line.
. "$top_srcdir/tests/house/lib.sh"

# Prints the files among those on stdin (paths below $1) that do not.
without_licence()
{
	while IFS= read -r file; do
		case $file in
		*.c | *.h | *.cc | *.hh)
			head -n 1 "$1/$file" | grep -qxF '/* SPDX-License-Identifier: MIT */' || echo "$file" ;;
		*.sh | *.py | *.lua | *.m4 | quickstart | runtests | .ci/run)
			head -n 3 "$1/$file" | grep -qE '^(#|--) SPDX-License-Identifier: MIT$' || echo "$file" ;;
		esac
	done
}

plan 3
mkdir "$scratch/tree"
echo '/* SPDX-License-Identifier: MIT */' >"$scratch/tree/good.c"
printf '\n/* SPDX-License-Identifier: MIT */\n' >"$scratch/tree/bad.h"
printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\n' >"$scratch/tree/good.sh"
printf '#!/bin/sh\n' >"$scratch/tree/bad.py"
check_equal "a file without a licence is found" "bad.h bad.py" \
	"$(cd "$scratch/tree" && ls | without_licence "$scratch/tree" | tr '\n' ' ' | sed 's/ $//')"

project_files >"$scratch/files"
: >"$scratch/empty"
grep -qxF core/nid.h "$scratch/files" || echo "core/nid.h is not among the project's files" >"$scratch/empty"
check "the list of files is there" "$scratch/empty"
without_licence "$top_srcdir" <"$scratch/files" >"$scratch/found"
check "each source file names its licence" "$scratch/found"
