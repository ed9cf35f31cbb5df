# SPDX-License-Identifier: MIT
# ZC_COMPILER: dialects, warnings, --enable-werror, --enable-sanitize=LIST.
AC_DEFUN([ZC_COMPILER], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [warnings are errors (default: no)])],
    [], [enable_werror=no])
  AC_ARG_ENABLE([sanitize], [AS_HELP_STRING([--enable-sanitize@<:@=LIST@:>@],
    [build with -fsanitize=LIST (LIST without a value: address,undefined; default: no)])],
    [], [enable_sanitize=no])
  AS_IF([test "x$enable_sanitize" = xyes], [enable_sanitize=address,undefined])
  ZC_CFLAGS="-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -fvisibility=hidden"
  ZC_CXXFLAGS="-std=gnu++17 -Wall -Wextra -Wshadow"
  ZC_LDFLAGS=""
  AS_IF([test "x$enable_werror" = xyes], [
    ZC_CFLAGS="$ZC_CFLAGS -Werror"
    ZC_CXXFLAGS="$ZC_CXXFLAGS -Werror"])
  AS_IF([test "x$enable_sanitize" != xno], [
    # gcc documents false warnings of this kind in instrumented code.
    zc_san="-fsanitize=$enable_sanitize -fno-sanitize-recover=undefined -fno-omit-frame-pointer -Wno-maybe-uninitialized"
    ZC_CFLAGS="$ZC_CFLAGS $zc_san"
    ZC_CXXFLAGS="$ZC_CXXFLAGS $zc_san"
    ZC_LDFLAGS="-fsanitize=$enable_sanitize"
    AC_MSG_CHECKING([whether programs link with -fsanitize=$enable_sanitize])
    zc_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -fsanitize=$enable_sanitize"
    AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])], [
      AC_MSG_RESULT([no])
      AC_MSG_ERROR([the compiler cannot link with -fsanitize=$enable_sanitize: choose another list, or install its runtime])])
    CFLAGS=$zc_save_CFLAGS
  ])
  AM_CONDITIONAL([SANITIZE], [test "x$enable_sanitize" != xno])
  AC_SUBST([ZC_CFLAGS])
  AC_SUBST([ZC_CXXFLAGS])
  AC_SUBST([ZC_LDFLAGS])
])
