/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_MATCH_H
#define ZRACE_MATCH_H

#include "scenarios/log.h"

/*
 * Holds a run's log against its expect, never and order lines, one record at a time. expect lines
 * are met in their order, by any later event each; other events may come between.
 */
struct zrace_matcher;

/*
 * Whether an event fits a pattern. A peer that the event does not know yet (a caller before its
 * HELLO) fits the only other one of a script of two.
 */
bool zrace_pattern_fits(const struct zrace_script *script, const struct zrace_pattern *pattern,
			const struct zrace_record *record);

/* script and log are borrowed. */
struct zrace_matcher *zrace_matcher_new(const struct zrace_script *script, size_t case_index,
					int vary, const GArray *log);
void zrace_matcher_free(struct zrace_matcher *matcher);
/* The log has this record now (each one once, in order). False: a never was violated. */
bool zrace_matcher_feed(struct zrace_matcher *matcher, size_t index);
/* All expects and orders are met so far. */
bool zrace_matcher_met(const struct zrace_matcher *matcher);
/* The run has a never or an order line: an event that is still to come could break it. */
bool zrace_matcher_forbids(const struct zrace_matcher *matcher);
/*
 * The verdict at the end: true, or false with *pos of the first broken line and, appended to why,
 * "expected ..., the next event was ...".
 */
bool zrace_matcher_verdict(const struct zrace_matcher *matcher, struct zrace_pos *pos,
			   GString *why);
/* Indices (guint) of the records that met the expects, in their order. Borrowed. */
const GArray *zrace_matcher_matched(const struct zrace_matcher *matcher);

#endif
