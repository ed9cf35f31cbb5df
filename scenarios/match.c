/* SPDX-License-Identifier: MIT */
#include "scenarios/match.h"

#include <string.h>

#include "scenarios/words.h"

#define NOT_SEEN SIZE_MAX

struct order {
	const struct zrace_statement *statement;
	size_t first, second; /* records; NOT_SEEN */
};

struct zrace_matcher {
	const struct zrace_script *script;
	const GArray *log;
	GPtrArray *expects, *nevers; /* of const struct zrace_statement */
	GArray *orders;		     /* of struct order */
	GArray *matched;	     /* of guint: the record of each expect that is met */
	const struct zrace_statement *violated; /* a never */
	size_t violation;			/* by this record */
};

static bool other_fits(const struct zrace_script *script, const struct zrace_pattern *pattern,
		       const struct zrace_record *record)
{
	if (pattern->other == ZRACE_ANY_PEER || pattern->other == record->other)
		return true;
	return record->other == ZRACE_ANY_PEER && script->npeers == 2;
}

bool zrace_pattern_fits(const struct zrace_script *script, const struct zrace_pattern *pattern,
			const struct zrace_record *record)
{
	char value[64];

	if (record->kind != ZRACE_REC_EVENT || record->event.kind != pattern->kind ||
	    record->peer != pattern->peer || !other_fits(script, pattern, record))
		return false;
	for (size_t i = 0; i < pattern->nfields; i++) {
		const struct zrace_field *field = &pattern->fields[i];

		if (!zcl_event_field(&record->event, field->name, value, sizeof(value)) ||
		    strcmp(value, field->value) != 0)
			return false;
	}
	return true;
}

static void sort_in(struct zrace_matcher *matcher, struct zrace_statement *statement)
{
	struct order order = {statement, NOT_SEEN, NOT_SEEN};

	if (statement->kind == ZRACE_EXPECT)
		g_ptr_array_add(matcher->expects, statement);
	else if (statement->kind == ZRACE_NEVER)
		g_ptr_array_add(matcher->nevers, statement);
	else if (statement->kind == ZRACE_ORDER)
		g_array_append_val(matcher->orders, order);
}

struct zrace_matcher *zrace_matcher_new(const struct zrace_script *script, size_t case_index,
					int vary, const GArray *log)
{
	struct zrace_matcher *matcher = g_new0(struct zrace_matcher, 1);

	matcher->script = script;
	matcher->log = log;
	matcher->expects = g_ptr_array_new();
	matcher->nevers = g_ptr_array_new();
	matcher->orders = g_array_new(FALSE, FALSE, sizeof(struct order));
	matcher->matched = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < script->statements->len; i++) {
		struct zrace_statement *statement = g_ptr_array_index(script->statements, i);

		if (zrace_statement_counts(statement, case_index, vary))
			sort_in(matcher, statement);
	}
	return matcher;
}

void zrace_matcher_free(struct zrace_matcher *matcher)
{
	g_ptr_array_unref(matcher->expects);
	g_ptr_array_unref(matcher->nevers);
	g_array_unref(matcher->orders);
	g_array_unref(matcher->matched);
	g_free(matcher);
}

static void feed_orders(struct zrace_matcher *matcher, const struct zrace_record *record,
			size_t index)
{
	for (guint i = 0; i < matcher->orders->len; i++) {
		struct order *order = &g_array_index(matcher->orders, struct order, i);

		if (order->first == NOT_SEEN &&
		    zrace_pattern_fits(matcher->script, &order->statement->pattern, record))
			order->first = index;
		if (order->second == NOT_SEEN &&
		    zrace_pattern_fits(matcher->script, &order->statement->second, record))
			order->second = index;
	}
}

bool zrace_matcher_feed(struct zrace_matcher *matcher, size_t index)
{
	const struct zrace_record *record = zrace_log_at(matcher->log, index);
	guint number = (guint)index;

	if (matcher->matched->len < matcher->expects->len) {
		const struct zrace_statement *next =
			g_ptr_array_index(matcher->expects, matcher->matched->len);

		if (zrace_pattern_fits(matcher->script, &next->pattern, record))
			g_array_append_val(matcher->matched, number);
	}
	feed_orders(matcher, record, index);
	for (guint i = 0; i < matcher->nevers->len && matcher->violated == NULL; i++) {
		const struct zrace_statement *never = g_ptr_array_index(matcher->nevers, i);

		if (!zrace_pattern_fits(matcher->script, &never->pattern, record))
			continue;
		matcher->violated = never;
		matcher->violation = index;
	}
	return matcher->violated == NULL;
}

static bool order_met(const struct order *order)
{
	return order->first != NOT_SEEN && order->second != NOT_SEEN &&
	       order->first < order->second;
}

static const struct order *broken_order(const struct zrace_matcher *matcher)
{
	for (guint i = 0; i < matcher->orders->len; i++) {
		const struct order *order = &g_array_index(matcher->orders, struct order, i);

		if (!order_met(order))
			return order;
	}
	return NULL;
}

bool zrace_matcher_met(const struct zrace_matcher *matcher)
{
	return matcher->matched->len == matcher->expects->len && broken_order(matcher) == NULL;
}

bool zrace_matcher_forbids(const struct zrace_matcher *matcher)
{
	return matcher->nevers->len > 0;
}

const GArray *zrace_matcher_matched(const struct zrace_matcher *matcher)
{
	return matcher->matched;
}

static void say_record(const struct zrace_matcher *matcher, size_t index, GString *why)
{
	const struct zrace_record *record = zrace_log_at(matcher->log, index);

	zrace_words_record(why, matcher->script, record);
	g_string_append(why, " at ");
	zrace_words_time(why, record->time);
}

/*
 * The event that a reader wants to see beside the one that did not come: the next of the same kind
 * on the same peer, else the next at all.
 */
static size_t nearest(const struct zrace_matcher *matcher, const struct zrace_pattern *pattern,
		      size_t from)
{
	size_t any = NOT_SEEN;

	for (size_t i = from; i < matcher->log->len; i++) {
		const struct zrace_record *record = zrace_log_at(matcher->log, i);

		if (record->kind != ZRACE_REC_EVENT)
			continue;
		if (any == NOT_SEEN)
			any = i;
		if (record->peer == pattern->peer && record->event.kind == pattern->kind)
			return i;
	}
	return any;
}

static void say_unmet(const struct zrace_matcher *matcher, GString *why)
{
	guint met = matcher->matched->len;
	const struct zrace_statement *unmet = g_ptr_array_index(matcher->expects, met);
	size_t from = met ? g_array_index(matcher->matched, guint, met - 1) + 1 : 0;
	size_t next = nearest(matcher, &unmet->pattern, from);

	g_string_append(why, "expected ");
	zrace_words_pattern(why, matcher->script, &unmet->pattern);
	if (next == NOT_SEEN) {
		g_string_append(why, ", no event followed");
		return;
	}
	g_string_append(why, ", the next event was ");
	say_record(matcher, next, why);
}

static void say_order(const struct zrace_matcher *matcher, const struct order *order, GString *why)
{
	bool missing = order->first == NOT_SEEN || order->second == NOT_SEEN;
	const struct zrace_statement *statement = order->statement;

	g_string_append(why, "expected ");
	zrace_words_pattern(why, matcher->script, &statement->pattern);
	g_string_append(why, " before ");
	zrace_words_pattern(why, matcher->script, &statement->second);
	g_string_append(why, missing ? ", there was no " : ", first came ");
	if (missing)
		zrace_words_pattern(why, matcher->script,
				    order->first == NOT_SEEN ? &statement->pattern :
							       &statement->second);
	else
		say_record(matcher, order->second, why);
}

bool zrace_matcher_verdict(const struct zrace_matcher *matcher, struct zrace_pos *pos, GString *why)
{
	const struct order *order = broken_order(matcher);

	if (matcher->violated) {
		*pos = matcher->violated->pos;
		g_string_append(why, "expected never ");
		zrace_words_pattern(why, matcher->script, &matcher->violated->pattern);
		g_string_append(why, ", got ");
		say_record(matcher, matcher->violation, why);
		return false;
	}
	if (matcher->matched->len < matcher->expects->len) {
		const struct zrace_statement *unmet =
			g_ptr_array_index(matcher->expects, matcher->matched->len);

		*pos = unmet->pos;
		say_unmet(matcher, why);
		return false;
	}
	if (order) {
		*pos = order->statement->pos;
		say_order(matcher, order, why);
		return false;
	}
	return true;
}
