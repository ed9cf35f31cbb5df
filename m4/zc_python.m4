# ZC_PYTHON_PLOTS: a Python that can import matplotlib and numpy. The first python3 of PATH may be a
# bare one, so several are tried. PYTHON_PLOTS=... on the command line decides.
AC_DEFUN([ZC_PYTHON_PLOTS], [
  AC_ARG_VAR([PYTHON_PLOTS], [Python 3 with matplotlib and numpy])
  AC_MSG_CHECKING([for a Python that has matplotlib])
  have_plots=no
  for zc_py in $PYTHON_PLOTS python3 /usr/bin/python3 /usr/local/bin/python3; do
    AS_IF([$zc_py -c 'import matplotlib, numpy' >/dev/null 2>&1], [
      PYTHON_PLOTS=$(command -v $zc_py)
      have_plots=yes
      break])
  done
  AC_MSG_RESULT([$have_plots${PYTHON_PLOTS:+ ($PYTHON_PLOTS)}])
  AM_CONDITIONAL([HAVE_PLOTS], [test "x$have_plots" = xyes])
])
