# SPDX-License-Identifier: MIT
# ZC_CORE_FOLDER: lets a folder be named core. After each program that it runs, and at its exit,
# configure does "rm -f core *.core ..." for dumps: on a folder rm complains, each time, and the
# rest of the cleaning at the exit is left out. So rm does without that argument here.
AC_DEFUN([ZC_CORE_FOLDER], [
rm ()
{
  if test "x[$]1 [$]2" = "x-f core" && test -d core; then
    shift 2
    command rm -f "[$]@"
  else
    command rm "[$]@"
  fi
}
])
