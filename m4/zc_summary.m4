# ZC_SUMMARY: what will be built, and what is missing for the rest.
AC_DEFUN([ZC_SUMMARY], [
  zc_missing=
  AS_IF([test "x$have_ns3" = xno], [zc_missing="$zc_missing libns3-dev(zclnd-sim)"])
  AS_IF([test "x$have_plots" = xno], [zc_missing="$zc_missing python3-matplotlib(plots)"])
  AS_IF([test "x$TSHARK" = xno], [zc_missing="$zc_missing tshark(some tests)"])
  AC_MSG_NOTICE([summary of $PACKAGE_NAME $PACKAGE_VERSION

  zclnd (real sockets)      yes
  zclnd-sim (ns-3)          $have_ns3
  plots (matplotlib)        $have_plots${PYTHON_PLOTS:+, $PYTHON_PLOTS}
  tshark in tests           $TSHARK
  warnings are errors       $enable_werror
  sanitizers                $enable_sanitize
  prefix                    $prefix
  compiler                  $CC $CFLAGS
  not found                 ${zc_missing:- nothing is missing}
])
])
