/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_PARSER_H
#define ZRACE_PARSER_H

#include "scenarios/errors.h"

/*
 * Reads a race script (language: zclnd-race(5)). NULL when errors has been added to; every line
 * with a mistake is reported once. text need not end with a NUL. The caller frees the script.
 */
struct zrace_script *zrace_parse_text(const char *file, const char *text, size_t len,
				      struct zrace_errors *errors);
/* The same from a file; a file that cannot be read is an error too. */
struct zrace_script *zrace_parse_file(const char *path, struct zrace_errors *errors);

#endif
