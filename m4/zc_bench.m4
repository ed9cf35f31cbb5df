# SPDX-License-Identifier: MIT
# ZC_BENCH: libzmq, for the benchmark that measures ZeroMQ beside zclnd. Nothing else needs it.
AC_DEFUN([ZC_BENCH], [
  PKG_CHECK_MODULES([ZMQ], [libzmq], [have_zmq=yes], [have_zmq=no])
  AM_CONDITIONAL([HAVE_ZMQ], [test "x$have_zmq" = xyes])
])
