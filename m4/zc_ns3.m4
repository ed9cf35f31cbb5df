# SPDX-License-Identifier: MIT
# ZC_NS3: --with-ns3=auto|yes|no. Debian's ns-3 .pc files name libraries that libns3-dev does not
# pull in, so ns-3 is found by linking against the four modules that sim/ needs.
AC_DEFUN([ZC_NS3], [
  AC_ARG_WITH([ns3], [AS_HELP_STRING([--with-ns3=auto|yes|no],
    [build zclnd-sim on ns-3 (default: auto)])], [], [with_ns3=auto])
  have_ns3=no
  AS_IF([test "x$with_ns3" != xno], [
    AC_LANG_PUSH([C++])
    zc_save_CXXFLAGS=$CXXFLAGS
    zc_save_LIBS=$LIBS
    CXXFLAGS="$CXXFLAGS -std=gnu++17"
    NS3_LIBS="-lns3-point-to-point -lns3-internet -lns3-network -lns3-core"
    LIBS="$NS3_LIBS $LIBS"
    AC_MSG_CHECKING([for ns-3])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <ns3/simulator.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/point-to-point-net-device.h>]], [[ns3::Simulator::Destroy();]])], [have_ns3=yes])
    AC_MSG_RESULT([$have_ns3])
    CXXFLAGS=$zc_save_CXXFLAGS
    LIBS=$zc_save_LIBS
    AC_LANG_POP([C++])
    AS_IF([test "x$have_ns3$with_ns3" = xnoyes],
      [AC_MSG_ERROR([ns-3 was asked for and not found: install libns3-dev, or configure --without-ns3])])
  ])
  AS_IF([test "x$have_ns3" = xno], [NS3_LIBS=])
  HAVE_NS3=$have_ns3
  AC_SUBST([HAVE_NS3])
  AC_SUBST([NS3_LIBS])
  AM_CONDITIONAL([HAVE_NS3], [test "x$have_ns3" = xyes])
])
