# ZC_TRACE_TOOLS: libpcap (reading captures) and tshark (independent checks in tests).
AC_DEFUN([ZC_TRACE_TOOLS], [
  PKG_CHECK_MODULES([PCAP], [libpcap])
  AC_PATH_PROG([TSHARK], [tshark], [no])
])
