# SPDX-License-Identifier: MIT
# ZC_TRACE_TOOLS: tshark reassembles the TCP streams of a capture (zclnd trace calls it when it
# runs, and so do some tests). Building needs nothing of it.
AC_DEFUN([ZC_TRACE_TOOLS], [
  AC_ARG_VAR([TSHARK], [tshark, for tests that read captures])
  AC_PATH_PROG([TSHARK], [tshark], [no])
])
