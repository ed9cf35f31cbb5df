/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_PRINT_H
#define ZTRACE_PRINT_H

#include <stdio.h>

#include "trace/log.h"

/*
 * Writes the entries of a log as aligned columns: captured messages with their addresses and
 * cookies, or events with their fields. A write error stays on the stream: the caller asks ferror.
 */
void ztrace_print_text(const struct ztrace_log *log, FILE *out);

#endif
