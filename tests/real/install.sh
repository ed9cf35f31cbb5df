#!/bin/sh
# SPDX-License-Identifier: MIT
# make install below DESTDIR: a program of somebody else finds libzclnd by pkg-config alone, shared
# and static, and runs; the shared library exports what zclnd.h declares and nothing else.
. "$top_srcdir/tests/house/lib.sh"

command -v pkg-config >/dev/null || skip_all "there is no pkg-config"
case " $TEST_CFLAGS " in
*-fsanitize=*) skip_all "a sanitized library does not link into programs that are not" ;;
esac
plan 9

stage=$scratch/stage
make -C "$top_builddir" DESTDIR="$stage" install-libLTLIBRARIES install-pkgconfigDATA \
	install-includeHEADERS >"$scratch/install" 2>&1
check_equal "make install" 0 $?
pc=$(find "$stage" -name zclnd.pc)
header=$(find "$stage" -name zclnd.h)
library=$(find "$stage" -name libzclnd.so)
libdir=${library%/*}
check_equal "header, library and zclnd.pc are there" yes \
	"$([ -f "$header" ] && [ -f "$pc" ] && [ -f "$library" ] && echo yes || cat "$scratch/install")"

export PKG_CONFIG_SYSROOT_DIR="$stage" PKG_CONFIG_LIBDIR="${pc%/*}:$(pkg-config --variable pc_path pkg-config)"
check_equal "pkg-config knows the version" \
	"$(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$top_builddir/config.h")" \
	"$(pkg-config --modversion zclnd)"

# Nothing of the source or build folder is in the way of the compiler.
cp "$top_srcdir/doc/examples/hello.c" "$scratch/hello.c"
cd "$scratch" || exit 1
$CC -Wall -Wextra -Werror hello.c $(pkg-config --cflags --libs zclnd) -o hello >said 2>&1
check "the example compiles against the shared library" said
LD_LIBRARY_PATH=$libdir ./hello >said 2>&1
check_equal "and runs" "0 6 bytes landed: hello" "$? $(cat said)"
# The man page shows this very program.
sed -n '/^\.EX/,/^\.EE/p' "$top_srcdir/doc/libzclnd.3" |
	sed '1d; $d; s/\\-/-/g; s/\\e/\\/g; s/^\\&//' | diff - hello.c >said
check "libzclnd(3) shows the example" said
# Only this library from the archive: what it needs is the system's.
$CC hello.c $(PKG_CONFIG_SYSROOT_DIR= pkg-config --static --libs glib-2.0 zlib | sed "s|^|-I${header%/*} $libdir/libzclnd.a |") \
	-lpthread -o hello-static >said 2>&1 && ./hello-static >said 2>&1
check_equal "the static library works alike" "0 6 bytes landed: hello" "$? $(cat said)"

$NM -D --defined-only "$library" | awk '{ print $3 }' | grep -v '^zclnd_' >said
check "nothing but zclnd_* is exported" said
# The declared functions: a word in front of "(" that begins with zclnd_, in code.
sed 's|/[*].*[*]/||' "$header" | awk '/\/[*]/ { c = 1 } !c; /[*]\// { c = 0 }' |
	grep -oE '\bzclnd_[a-z0-9_]+\(' | tr -d '(' | sort -u >declared
$NM -D --defined-only "$library" | awk '{ print $3 }' | sort -u >exported
diff declared exported >said
check "and all that is declared" said
