# SPDX-License-Identifier: MIT
# ZC_PYTHON_PLOTS: a Python that can import matplotlib and numpy. The first python3 of PATH may be a
# bare one, so several are tried. PYTHON_PLOTS=... on the command line decides alone.
AC_DEFUN([ZC_PYTHON_PLOTS], [
  AC_ARG_VAR([PYTHON_PLOTS], [Python 3 with matplotlib and numpy])
  AC_MSG_CHECKING([for a Python that has matplotlib and numpy])
  have_plots=no
  zc_pythons=${PYTHON_PLOTS:-python3 /usr/bin/python3 /usr/local/bin/python3}
  zc_asked=$PYTHON_PLOTS
  PYTHON_PLOTS=
  for zc_py in $zc_pythons; do
    AS_IF(["$zc_py" -c 'import matplotlib, numpy' >/dev/null 2>&1], [
      PYTHON_PLOTS=$(command -v "$zc_py")
      have_plots=yes
      break])
  done
  AC_MSG_RESULT([$have_plots${PYTHON_PLOTS:+ ($PYTHON_PLOTS)}])
  AS_IF([test "x$have_plots$zc_asked" != "xno"],
    [AS_IF([test "x$have_plots" = xno],
      [AC_MSG_ERROR([PYTHON_PLOTS=$zc_asked cannot import matplotlib and numpy])])])
  AM_CONDITIONAL([HAVE_PLOTS], [test "x$have_plots" = xyes])
])
