/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_MATCH_H
#define ZRACE_MATCH_H

#include "scenarios/log.h"

/*
 * Holds a run's log against its expect, never and order lines, one record at a time. The expect
 * lines of one scope (those without `in`, those in the same cases) are met in their order, by a
 * later event each; other events may come between. Scopes do not wait for each other.
 */
struct zrace_matcher;

/* Whether the record is an event that fits the pattern. */
bool zrace_pattern_fits(const struct zrace_pattern *pattern, const struct zrace_record *record);

/* script and log are borrowed. */
struct zrace_matcher *zrace_matcher_new(const struct zrace_script *script, size_t case_index,
					int vary, const GArray *log);
void zrace_matcher_free(struct zrace_matcher *matcher);
/* The log has this record now (each one once, in order). False: a never was violated. */
bool zrace_matcher_feed(struct zrace_matcher *matcher, size_t index);
/* All expects and orders are met so far. */
bool zrace_matcher_met(const struct zrace_matcher *matcher);
/* A never was violated. */
bool zrace_matcher_is_broken(const struct zrace_matcher *matcher);
/* The run has a never or an order line: an event that is still to come could break it. */
bool zrace_matcher_forbids(const struct zrace_matcher *matcher);
/*
 * The verdict at the end: true, or false with *pos of the first broken line and, appended to why,
 * "expected ..., the next event was ...".
 */
bool zrace_matcher_verdict(const struct zrace_matcher *matcher, struct zrace_pos *pos,
			   GString *why);
/* Appends the indices (guint) of the records that met the expects, scope by scope. */
void zrace_matcher_matched(const struct zrace_matcher *matcher, GArray *matched);

#endif
