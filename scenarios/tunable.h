/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_TUNABLE_H
#define ZRACE_TUNABLE_H

#include <glib.h>

#include "core/node.h"

/* What `set` may change of a peer's configuration: times, sizes and counts, each in bounds. */
struct zrace_tunable;

/* NULL: there is none of that name. */
const struct zrace_tunable *zrace_tunable_find(const char *name);
const char *zrace_tunable_name(const struct zrace_tunable *tunable);
/* The value as a number; false when it is none, or out of range. */
bool zrace_tunable_parse(const struct zrace_tunable *tunable, const char *value, uint64_t *number);
void zrace_tunable_set(const struct zrace_tunable *tunable, uint64_t number,
		       struct zcl_config *config);
/* "a time from 1ms to 60min": for messages. Appends. */
void zrace_tunable_words(const struct zrace_tunable *tunable, GString *text);
/* " set min-reconnect 20ms" for each that is not the default. Appends. */
void zrace_tunable_lines(GString *text, const struct zcl_config *config);
/* All names, with commas. Appends. */
void zrace_tunable_names(GString *text);

#endif
