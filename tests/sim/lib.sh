# SPDX-License-Identifier: MIT
# For the scripts of this folder: what those of tests/house have, and the program.
. "$top_srcdir/tests/house/lib.sh"

[ "${HAVE_NS3:-no}" = yes ] || skip_all "configure found no ns-3"
build=$(cd "$top_builddir" && pwd)
source=$(cd "$top_srcdir" && pwd)
sim=$build/zclnd-sim
