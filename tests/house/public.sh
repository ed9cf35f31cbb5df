#!/bin/sh
# SPDX-License-Identifier: MIT
# The commands of zclnd stand on libzclnd's public header: no file of theirs includes anything of
# the core or of the inside of real/. (race and trace are not real/'s: the one runs nodes as a test
# bed, the other decodes captures and writes traces.)
. "$top_srcdir/tests/house/lib.sh"

tools='bench|bench_[a-z]+|cli|cli_[a-z]+|cmd_[a-z]+|commands|figures|journal|pages|pattern|service|systemd'

# Includes in quotes of the tools' files on stdin that are not theirs: "FILE: HEADER".
foreign()
{
	while IFS= read -r file; do
		sed -n 's/^#[[:blank:]]*include "\(.*\)".*/\1/p' "$file" |
			grep -vE "^(config[.]h|trace/stream[.]h|real/(zclnd|$tools)[.]h)\$" | sed "s|^|$file: |"
	done
}

plan 3
cd "$scratch" || exit 1
printf '#include "core/node.h"\n#include "real/cli.h"\n#include <stdio.h>\n' >tool.c
check_equal "an include of the core is found" "tool.c: core/node.h" "$(echo tool.c | foreign)"

cd "$top_srcdir" || exit 1
project_files | grep -E "^real/($tools)[.][ch]\$" >"$scratch/files"
foreign <"$scratch/files" >"$scratch/found"
check "the commands include zclnd.h and each other's headers only" "$scratch/found"
# The public header itself needs the system's headers only.
echo real/zclnd.h | foreign >"$scratch/found"
check "zclnd.h includes nothing of the project" "$scratch/found"
