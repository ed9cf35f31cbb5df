/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_PRINT_H
#define ZTRACE_PRINT_H

#include <stdio.h>

#include <glib.h>

/*
 * Writes records (of struct ztrace_record) in their order. A write error stays on the stream: the
 * caller asks ferror.
 */
void ztrace_print_text(const GArray *records, FILE *out);
void ztrace_print_json(const GArray *records, FILE *out);

/* "accept_request", "hello", "noop" or "lnet" for a zcl_item_kind of a whole message. */
const char *ztrace_kind_name(int kind);

#endif
