# SPDX-License-Identifier: MIT
# ZC_SUMMARY: what will be built, and what is missing for the rest.
AC_DEFUN([ZC_SUMMARY], [
  zc_missing=
  AS_IF([test "x$have_ns3$with_ns3" = xnoauto], [zc_missing="$zc_missing libns3-dev (for zclnd-sim)"])
  AS_IF([test "x$have_plots" = xno], [zc_missing="$zc_missing python3-matplotlib (for plots)"])
  AS_IF([test "x$TSHARK" = xno], [zc_missing="$zc_missing tshark (for zclnd trace and its tests)"])
  AC_MSG_NOTICE([summary of $PACKAGE_NAME $PACKAGE_VERSION

  zclnd (real sockets)      yes
  zclnd-sim (ns-3)          $have_ns3
  plots (matplotlib)        $have_plots${PYTHON_PLOTS:+, $PYTHON_PLOTS}
  tshark (zclnd trace)      $TSHARK
  warnings are errors       $enable_werror
  sanitizers                $enable_sanitize
  prefix                    $prefix
  compiler                  $CC $CFLAGS
  not found                 ${zc_missing:-nothing is missing}
])
])
