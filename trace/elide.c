/* SPDX-License-Identifier: MIT */
#include "trace/chart.h"

#include <string.h>

/* Traffic repeats itself: its beginning and its end tell all, the middle becomes one line. */
#define FEW	   120u /* so many points are all drawn */
#define KEEP_FIRST 3u	/* of each kind */
#define KEEP_LAST  2u
#define MIN_RUN	   12u /* fewer in a row are drawn after all */
#define MAX_KINDS  4u  /* named in the line */

struct kind {
	guint seen, total;
};

struct eliding {
	struct ztrace_chart *chart;
	GHashTable *kinds; /* text -> struct kind */
	bool *out;	   /* for each point */
	guint *place;	   /* for each point: its index afterwards */
	GArray *kept;	   /* of struct ztrace_point */
};

/* What makes two points the same kind: all but the numbers. */
static char *key_of(const struct ztrace_point *point)
{
	GString *key = g_string_new(NULL);

	g_string_printf(key, "%d %d %u %u ", point->shape, point->class, point->lane, point->other);
	for (const char *c = point->label; *c; c++)
		if (!g_ascii_isdigit(*c))
			g_string_append_c(key, *c);
	return g_string_free(key, FALSE);
}

static struct kind *kind_of(struct eliding *e, guint index)
{
	char *key = key_of(ztrace_chart_at(e->chart, index));
	struct kind *kind = g_hash_table_lookup(e->kinds, key);

	if (kind != NULL) {
		g_free(key);
		return kind;
	}
	kind = g_new0(struct kind, 1);
	g_hash_table_insert(e->kinds, key, kind);
	return kind;
}

static void choose(struct eliding *e)
{
	const guint n = e->chart->points->len;

	for (guint i = 0; i < n; i++)
		kind_of(e, i)->total++;
	for (guint i = 0; i < n; i++) {
		struct kind *kind = kind_of(e, i);

		e->out[i] = kind->seen >= KEEP_FIRST && kind->total - kind->seen > KEEP_LAST &&
			    ztrace_chart_at(e->chart, i)->held == ZTRACE_NO_POINT;
		kind->seen++;
	}
	/* An arrow is left out as a whole. */
	for (guint i = 0; i < n; i++) {
		const guint pair = ztrace_chart_at(e->chart, i)->pair;

		if (pair != ZTRACE_NO_POINT && !(e->out[i] && e->out[pair]))
			e->out[i] = e->out[pair] = false;
	}
}

/* Too few in a row: the line would take as much room. */
static void keep_short_runs(struct eliding *e)
{
	const guint n = e->chart->points->len;

	for (guint i = 0, end; i < n; i = end + 1) {
		for (end = i; end < n && e->out[end]; end++)
			;
		if (end - i < MIN_RUN)
			memset(e->out + i, 0, (end - i) * sizeof(*e->out));
	}
	for (guint i = 0; i < n; i++) {
		const guint pair = ztrace_chart_at(e->chart, i)->pair;

		if (pair != ZTRACE_NO_POINT && !(e->out[i] && e->out[pair]))
			e->out[i] = e->out[pair] = false;
	}
}

/* "PUT 65536 B cookie 3" -> "PUT" */
static void count_word(GHashTable *counts, GPtrArray *order, const struct ztrace_point *point)
{
	const char *end = strpbrk(point->label, " ,");
	guint n;
	char *word;

	word = end ? g_strndup(point->label, (gsize)(end - point->label)) : g_strdup(point->label);
	n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, word));
	if (n == 0)
		g_ptr_array_add(order, g_strdup(word));
	g_hash_table_insert(counts, word, GUINT_TO_POINTER(n + 1));
}

static bool is_message(const struct ztrace_point *point)
{
	return point->shape == ZTRACE_SHAPE_SEND || point->shape == ZTRACE_SHAPE_ACROSS;
}

static void count_kinds(GString *text, const struct eliding *e, guint from, guint end)
{
	GHashTable *counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *order = g_ptr_array_new_with_free_func(g_free);

	for (guint i = from; i < end; i++)
		if (is_message(ztrace_chart_at(e->chart, i)))
			count_word(counts, order, ztrace_chart_at(e->chart, i));
	for (guint i = 0; i < MIN(order->len, MAX_KINDS); i++)
		g_string_append_printf(
			text, "%s%u %s", i ? ", " : ": ",
			GPOINTER_TO_UINT(g_hash_table_lookup(counts, order->pdata[i])),
			(const char *)order->pdata[i]);
	if (order->len > MAX_KINDS)
		g_string_append(text, ", others");
	g_ptr_array_unref(order);
	g_hash_table_unref(counts);
}

/* "240 more messages: 120 PUT, 120 NOOP" */
static char *run_label(const struct eliding *e, guint from, guint end, guint *count)
{
	GString *text = g_string_new(NULL);
	guint messages = 0;

	*count = end - from;
	for (guint i = from; i < end; i++)
		messages += is_message(ztrace_chart_at(e->chart, i));
	if (messages == 0) {
		g_string_append_printf(text, "%u more events", *count);
	} else {
		g_string_append_printf(text, "%u more message%s", messages,
				       messages == 1 ? "" : "s");
		count_kinds(text, e, from, end);
	}
	return g_string_free(text, FALSE);
}

static void add_run(struct eliding *e, guint from, guint end)
{
	struct ztrace_point run = {
		.shape = ZTRACE_SHAPE_ELIDED,
		.class = ZTRACE_CLASS_SCRIPT,
		.time = ztrace_chart_at(e->chart, from)->time,
		.until = ztrace_chart_at(e->chart, end - 1)->time,
		.lane = ZTRACE_NO_LANE,
		.other = ZTRACE_NO_LANE,
		.pair = ZTRACE_NO_POINT,
		.held = ZTRACE_NO_POINT,
		.released = ZTRACE_NO_POINT,
		.cause = ZTRACE_NO_POINT,
		.entry = ztrace_chart_at(e->chart, from)->entry,
	};

	run.label = run_label(e, from, end, &run.count);
	g_array_append_val(e->kept, run);
}

static guint moved(const struct eliding *e, guint index)
{
	return index == ZTRACE_NO_POINT ? index : e->place[index];
}

static void rebuild(struct eliding *e)
{
	const guint n = e->chart->points->len;

	for (guint i = 0, end; i < n; i = end) {
		end = i + 1;
		e->place[i] = e->kept->len;
		if (!e->out[i]) {
			g_array_append_vals(e->kept, ztrace_chart_at(e->chart, i), 1);
			continue;
		}
		for (; end < n && e->out[end]; end++)
			e->place[end] = e->kept->len;
		add_run(e, i, end);
	}
	for (guint i = 0; i < n; i++)
		if (e->out[i])
			g_free(ztrace_chart_at(e->chart, i)->label);
	for (guint i = 0; i < e->kept->len; i++) {
		struct ztrace_point *point = &g_array_index(e->kept, struct ztrace_point, i);

		point->pair = moved(e, point->pair);
		point->held = moved(e, point->held);
		point->released = moved(e, point->released);
		point->cause = moved(e, point->cause);
	}
}

void ztrace_chart_elide(struct ztrace_chart *chart)
{
	const guint n = chart->points->len;
	struct eliding e = {.chart = chart};
	GArray *points = chart->points;

	if (n <= FEW)
		return;
	e.kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	e.out = g_new0(bool, n);
	e.place = g_new0(guint, n);
	e.kept = g_array_new(FALSE, TRUE, sizeof(struct ztrace_point));
	choose(&e);
	keep_short_runs(&e);
	rebuild(&e);
	/* The labels went over to the new array, or are free. */
	g_array_set_clear_func(points, NULL);
	g_array_set_size(points, 0);
	g_array_append_vals(points, e.kept->data, e.kept->len);
	g_array_set_clear_func(points, ztrace_point_clear);
	g_array_unref(e.kept);
	g_hash_table_unref(e.kinds);
	g_free(e.out);
	g_free(e.place);
}
