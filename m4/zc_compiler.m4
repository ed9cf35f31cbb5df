# ZC_COMPILER: dialects, warnings, --enable-werror, --enable-sanitize=LIST.
AC_DEFUN([ZC_COMPILER], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [warnings are errors (default: no)])],
    [], [enable_werror=no])
  AC_ARG_ENABLE([sanitize], [AS_HELP_STRING([--enable-sanitize=LIST],
    [build with -fsanitize=LIST, e.g. address,undefined])], [], [enable_sanitize=no])
  ZC_CFLAGS="-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla"
  ZC_CXXFLAGS="-std=gnu++17 -Wall -Wextra -Wshadow"
  ZC_LDFLAGS=""
  AS_IF([test "x$enable_werror" = xyes], [
    ZC_CFLAGS="$ZC_CFLAGS -Werror"
    ZC_CXXFLAGS="$ZC_CXXFLAGS -Werror"])
  AS_IF([test "x$enable_sanitize" != xno], [
    ZC_CFLAGS="$ZC_CFLAGS -fsanitize=$enable_sanitize -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
    ZC_CXXFLAGS="$ZC_CXXFLAGS -fsanitize=$enable_sanitize -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
    ZC_LDFLAGS="-fsanitize=$enable_sanitize"])
  AM_CONDITIONAL([SANITIZE], [test "x$enable_sanitize" != xno])
  AC_SUBST([ZC_CFLAGS])
  AC_SUBST([ZC_CXXFLAGS])
  AC_SUBST([ZC_LDFLAGS])
])
