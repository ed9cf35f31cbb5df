/* SPDX-License-Identifier: MIT */
#include "scenarios/match.h"

#include <string.h>

#include "scenarios/words.h"

#define NOT_SEEN SIZE_MAX

struct order {
	const struct zrace_statement *statement;
	size_t first, second; /* records; NOT_SEEN */
};

struct never {
	const struct zrace_statement *statement;
	unsigned seen;
};

/* The expects of one scope. */
struct sequence {
	uint64_t cases;
	GPtrArray *expects; /* of const struct zrace_statement */
	GArray *matched;    /* of guint: the record of each expect that is met */
};

struct zrace_matcher {
	const struct zrace_script *script;
	const GArray *log;
	GPtrArray *sequences;			/* of struct sequence */
	GArray *nevers;				/* of struct never */
	GArray *orders;				/* of struct order */
	const struct zrace_statement *violated; /* a never */
	size_t violation;			/* by this record */
};

bool zrace_pattern_fits(const struct zrace_pattern *pattern, const struct zrace_record *record)
{
	char value[64];

	if (record->kind != ZRACE_REC_EVENT || record->event.kind != pattern->kind ||
	    record->peer != pattern->peer)
		return false;
	if (pattern->other != ZRACE_ANY_PEER && pattern->other != record->other)
		return false;
	for (size_t i = 0; i < pattern->nfields; i++) {
		const struct zrace_field *field = &pattern->fields[i];

		if (!zcl_event_field(&record->event, field->name, value, sizeof(value)) ||
		    strcmp(value, field->value) != 0)
			return false;
	}
	return true;
}

static void sequence_free(gpointer data)
{
	struct sequence *sequence = data;

	g_ptr_array_unref(sequence->expects);
	g_array_unref(sequence->matched);
	g_free(sequence);
}

static struct sequence *sequence_of(struct zrace_matcher *matcher, uint64_t cases)
{
	struct sequence *sequence;

	for (guint i = 0; i < matcher->sequences->len; i++) {
		sequence = g_ptr_array_index(matcher->sequences, i);
		if (sequence->cases == cases)
			return sequence;
	}
	sequence = g_new0(struct sequence, 1);
	sequence->cases = cases;
	sequence->expects = g_ptr_array_new();
	sequence->matched = g_array_new(FALSE, FALSE, sizeof(guint));
	g_ptr_array_add(matcher->sequences, sequence);
	return sequence;
}

static void sort_in(struct zrace_matcher *matcher, struct zrace_statement *statement)
{
	struct order order = {statement, NOT_SEEN, NOT_SEEN};
	const struct never never = {statement, 0};

	if (statement->kind == ZRACE_EXPECT)
		g_ptr_array_add(sequence_of(matcher, statement->cases)->expects, statement);
	else if (statement->kind == ZRACE_NEVER)
		g_array_append_val(matcher->nevers, never);
	else if (statement->kind == ZRACE_ORDER)
		g_array_append_val(matcher->orders, order);
}

struct zrace_matcher *zrace_matcher_new(const struct zrace_script *script, size_t case_index,
					int vary, const GArray *log)
{
	struct zrace_matcher *matcher = g_new0(struct zrace_matcher, 1);

	matcher->script = script;
	matcher->log = log;
	matcher->sequences = g_ptr_array_new_with_free_func(sequence_free);
	matcher->nevers = g_array_new(FALSE, FALSE, sizeof(struct never));
	matcher->orders = g_array_new(FALSE, FALSE, sizeof(struct order));
	for (guint i = 0; i < script->statements->len; i++) {
		struct zrace_statement *statement = g_ptr_array_index(script->statements, i);

		if (zrace_statement_counts(statement, case_index, vary))
			sort_in(matcher, statement);
	}
	return matcher;
}

void zrace_matcher_free(struct zrace_matcher *matcher)
{
	g_ptr_array_unref(matcher->sequences);
	g_array_unref(matcher->nevers);
	g_array_unref(matcher->orders);
	g_free(matcher);
}

static void feed_orders(struct zrace_matcher *matcher, const struct zrace_record *record,
			size_t index)
{
	for (guint i = 0; i < matcher->orders->len; i++) {
		struct order *order = &g_array_index(matcher->orders, struct order, i);

		if (order->first == NOT_SEEN &&
		    zrace_pattern_fits(&order->statement->pattern, record))
			order->first = index;
		if (order->second == NOT_SEEN &&
		    zrace_pattern_fits(&order->statement->second, record))
			order->second = index;
	}
}

/* The expect that a sequence waits for; NULL: all are met. */
static const struct zrace_statement *awaited(const struct sequence *sequence)
{
	if (sequence->matched->len == sequence->expects->len)
		return NULL;
	return g_ptr_array_index(sequence->expects, sequence->matched->len);
}

bool zrace_matcher_feed(struct zrace_matcher *matcher, size_t index)
{
	const struct zrace_record *record = zrace_log_at(matcher->log, index);
	guint number = (guint)index;

	for (guint i = 0; i < matcher->sequences->len; i++) {
		struct sequence *sequence = g_ptr_array_index(matcher->sequences, i);
		const struct zrace_statement *next = awaited(sequence);

		if (next && zrace_pattern_fits(&next->pattern, record))
			g_array_append_val(sequence->matched, number);
	}
	feed_orders(matcher, record, index);
	for (guint i = 0; i < matcher->nevers->len && matcher->violated == NULL; i++) {
		struct never *never = &g_array_index(matcher->nevers, struct never, i);

		if (!zrace_pattern_fits(&never->statement->pattern, record) ||
		    ++never->seen < never->statement->nth)
			continue;
		matcher->violated = never->statement;
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

/* The sequence whose awaited expect stands first in the file; NULL: all are met. */
static const struct sequence *unmet_sequence(const struct zrace_matcher *matcher)
{
	const struct sequence *first = NULL;

	for (guint i = 0; i < matcher->sequences->len; i++) {
		const struct sequence *sequence = g_ptr_array_index(matcher->sequences, i);
		const struct zrace_statement *next = awaited(sequence);

		if (next && (first == NULL || next->number < awaited(first)->number))
			first = sequence;
	}
	return first;
}

bool zrace_matcher_met(const struct zrace_matcher *matcher)
{
	return unmet_sequence(matcher) == NULL && broken_order(matcher) == NULL;
}

bool zrace_matcher_is_broken(const struct zrace_matcher *matcher)
{
	return matcher->violated != NULL;
}

bool zrace_matcher_forbids(const struct zrace_matcher *matcher)
{
	return matcher->nevers->len > 0;
}

void zrace_matcher_matched(const struct zrace_matcher *matcher, GArray *matched)
{
	for (guint i = 0; i < matcher->sequences->len; i++) {
		const struct sequence *sequence = g_ptr_array_index(matcher->sequences, i);

		g_array_append_vals(matched, sequence->matched->data, sequence->matched->len);
	}
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

static void say_unmet(const struct zrace_matcher *matcher, const struct sequence *sequence,
		      GString *why)
{
	guint met = sequence->matched->len;
	const struct zrace_statement *unmet = awaited(sequence);
	size_t from = met ? g_array_index(sequence->matched, guint, met - 1) + 1 : 0;
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
				    order->first == NOT_SEEN ? &statement->pattern
							     : &statement->second);
	else
		say_record(matcher, order->second, why);
}

bool zrace_matcher_verdict(const struct zrace_matcher *matcher, struct zrace_pos *pos, GString *why)
{
	const struct order *order = broken_order(matcher);
	const struct sequence *unmet = unmet_sequence(matcher);

	if (matcher->violated) {
		*pos = matcher->violated->pos;
		g_string_append(why, "expected never ");
		zrace_words_pattern(why, matcher->script, &matcher->violated->pattern);
		if (matcher->violated->nth > 1)
			g_string_append_printf(why, " count=%u", matcher->violated->nth);
		g_string_append(why, ", got ");
		say_record(matcher, matcher->violation, why);
		return false;
	}
	if (unmet) {
		*pos = awaited(unmet)->pos;
		say_unmet(matcher, unmet, why);
		return false;
	}
	if (order) {
		*pos = order->statement->pos;
		say_order(matcher, order, why);
		return false;
	}
	return true;
}
