/* SPDX-License-Identifier: MIT */
#include "trace/chart.h"

#include <string.h>

#define MAX_POINTS 2000u
#define MAX_LOOK   512u		    /* sendings that an arrival is compared with */
#define SLACK	   INT64_C(5000000) /* ns: so much earlier an arrival may be told than its sending */

void ztrace_point_clear(gpointer data)
{
	struct ztrace_point *point = data;

	g_free(point->label);
}

static void clear_link(gpointer data)
{
	struct ztrace_link *link = data;

	g_free(link->end);
}

void ztrace_chart_free(struct ztrace_chart *chart)
{
	g_array_unref(chart->points);
	g_array_unref(chart->links);
	g_free(chart);
}

/* ---- which entries are drawn, and how ---- */

/* The script's `connect`, when the core says the same in the next entry. */
static bool is_echoed(const struct ztrace_log *log, guint index)
{
	const struct ztrace_entry *entry = ztrace_log_at(log, index);
	const struct ztrace_entry *next;

	if (entry->kind != ZTRACE_ACTION || index + 1 == log->entries->len)
		return false;
	next = ztrace_log_at(log, index + 1);
	return next->kind == ZTRACE_EVENT && next->event.kind == ZCL_EV_CONNECT &&
	       next->lane == entry->lane && next->other == entry->other;
}

/* A message whose other end nobody watches has one time only. */
static void without_other_end(const struct ztrace_log *log, struct ztrace_point *point)
{
	const bool receive = point->shape == ZTRACE_SHAPE_RECEIVE;
	const unsigned lane = point->lane;

	if (!receive && point->shape != ZTRACE_SHAPE_SEND)
		return;
	if (ztrace_log_lane_at(log, point->other)->vantage)
		return;
	point->shape = ZTRACE_SHAPE_ACROSS;
	if (!receive)
		return;
	point->lane = point->other;
	point->other = lane;
}

static void add_point(struct ztrace_chart *chart, struct ztrace_linker *linker, guint index)
{
	const struct ztrace_entry *entry = ztrace_log_at(chart->log, index);
	const guint conn = ztrace_linker_conn(linker, entry);
	GString *label;
	struct ztrace_point point = {
		.shape = ztrace_entry_shape(entry),
		.class = ztrace_entry_class(entry),
		.time = entry->time,
		.lane = entry->lane,
		.other = entry->other,
		.pair = ZTRACE_NO_POINT,
		.conn = conn,
		.held = ZTRACE_NO_POINT,
		.released = ZTRACE_NO_POINT,
		.cause = ZTRACE_NO_POINT,
		.entry = index,
	};

	if (point.shape == ZTRACE_SHAPE_NONE || is_echoed(chart->log, index))
		return;
	without_other_end(chart->log, &point);
	label = g_string_new(NULL);
	ztrace_entry_label(label, chart->log, entry);
	point.label = g_string_free(label, FALSE);
	g_array_append_val(chart->points, point);
}

/* ---- which arrival belongs to which sending ---- */

static const struct ztrace_entry *entry_of(const struct ztrace_chart *chart, guint point)
{
	return ztrace_log_at(chart->log, ztrace_chart_at(chart, point)->entry);
}

/* Whether they are the two ends of one message; if so, they are so from now on. */
static bool join(struct ztrace_chart *chart, struct ztrace_linker *linker, guint sent,
		 guint received)
{
	struct ztrace_point *from = ztrace_chart_at(chart, sent);
	struct ztrace_point *to = ztrace_chart_at(chart, received);
	struct ztrace_entry entry = *entry_of(chart, sent);

	/* To somebody: maybe to this one. */
	if (entry.other == ZTRACE_NO_LANE)
		entry.other = to->lane;
	if (!ztrace_entry_pairs(&entry, entry_of(chart, received)) ||
	    !ztrace_linker_fit(linker, from->conn, to->conn, true))
		return false;
	from->pair = received;
	to->pair = sent;
	return true;
}

static bool take_sent(struct ztrace_chart *chart, struct ztrace_linker *linker, GQueue *open,
		      guint received)
{
	guint looked = 0;

	for (GList *l = open->head; l != NULL && looked < MAX_LOOK; l = l->next, looked++) {
		if (!join(chart, linker, GPOINTER_TO_UINT(l->data), received))
			continue;
		g_queue_delete_link(open, l);
		return true;
	}
	return false;
}

/* It arrived before its sender told of it, a moment ago. */
static bool take_early(struct ztrace_chart *chart, struct ztrace_linker *linker, GQueue *early,
		       guint sent)
{
	const int64_t oldest = ztrace_chart_at(chart, sent)->time - SLACK;

	while (early->head != NULL &&
	       ztrace_chart_at(chart, GPOINTER_TO_UINT(early->head->data))->time < oldest)
		g_queue_pop_head(early);
	for (GList *l = early->head; l != NULL; l = l->next) {
		if (!join(chart, linker, sent, GPOINTER_TO_UINT(l->data)))
			continue;
		g_queue_delete_link(early, l);
		return true;
	}
	return false;
}

/* What is on its way from a lane to another one, or (to: the number of lanes) to somebody. */
static GQueue *on_the_way(GHashTable *open, guint lanes, unsigned from, unsigned to)
{
	const gpointer key = GUINT_TO_POINTER(from * (lanes + 1) + to);
	GQueue *queue = g_hash_table_lookup(open, key);

	if (queue == NULL) {
		queue = g_queue_new();
		g_hash_table_insert(open, key, queue);
	}
	return queue;
}

/* The node of this lane is a new one from here on: nothing that was sent to the old one arrives. */
static bool ends_life(const struct ztrace_entry *entry)
{
	static const char *const verbs[] = {" crash", " restart", " upgrade", " downgrade"};

	if (entry->kind != ZTRACE_ACTION || entry->lane == ZTRACE_NO_LANE)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
		if (strstr(entry->text, verbs[i]) != NULL)
			return true;
	return false;
}

static void forget_sent_to(GHashTable *open, guint lanes, unsigned lane)
{
	for (guint from = 0; from < lanes; from++)
		g_hash_table_remove(open, GUINT_TO_POINTER(from * (lanes + 1) + lane));
}

static bool is_sent(const struct ztrace_chart *chart, guint index)
{
	const struct ztrace_entry *entry = entry_of(chart, index);

	return ztrace_chart_at(chart, index)->shape == ZTRACE_SHAPE_SEND ||
	       (entry->kind == ZTRACE_EVENT && entry->event.kind == ZCL_EV_HELLO_SENT &&
		entry->other == ZTRACE_NO_LANE);
}

struct pairing {
	struct ztrace_chart *chart;
	struct ztrace_linker *linker;
	guint lanes;
	GHashTable *open, *early; /* way -> GQueue of the numbers of points */
};

static void pair_point(struct pairing *p, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(p->chart, index);
	/* Clocks of real nodes are read a little before or after what they tell. */
	const bool real = p->chart->log->reference != 0;

	if (ends_life(entry_of(p->chart, index)))
		forget_sent_to(p->open, p->lanes, point->lane);
	if (is_sent(p->chart, index)) {
		const unsigned to = MIN(point->other, p->lanes);

		if (real && take_early(p->chart, p->linker,
				       on_the_way(p->early, p->lanes, point->lane, to), index))
			return;
		g_queue_push_tail(on_the_way(p->open, p->lanes, point->lane, to),
				  GUINT_TO_POINTER(index));
	}
	if (point->shape != ZTRACE_SHAPE_RECEIVE)
		return;
	if (take_sent(p->chart, p->linker, on_the_way(p->open, p->lanes, point->other, point->lane),
		      index) ||
	    take_sent(p->chart, p->linker, on_the_way(p->open, p->lanes, point->other, p->lanes),
		      index))
		return;
	if (real)
		g_queue_push_tail(on_the_way(p->early, p->lanes, point->other, point->lane),
				  GUINT_TO_POINTER(index));
}

static GHashTable *ways_new(void)
{
	return g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_queue_free);
}

static void pair_up(struct ztrace_chart *chart, struct ztrace_linker *linker)
{
	struct pairing p = {chart, linker, chart->log->lanes->len, ways_new(), ways_new()};

	for (guint i = 0; i < chart->points->len; i++)
		pair_point(&p, i);
	g_hash_table_unref(p.open);
	g_hash_table_unref(p.early);
}

/* ---- what arrived early ---- */

static guint moved(const guint *place, guint index)
{
	return index == ZTRACE_NO_POINT ? index : place[index];
}

/* Each sending comes before its arrival, and at no later time. */
static void sort_early(struct ztrace_chart *chart)
{
	const guint n = chart->points->len;
	GArray *sorted = g_array_sized_new(FALSE, TRUE, sizeof(struct ztrace_point), n);
	guint *place = g_new(guint, n + 1);

	for (guint i = 0; i < n; i++) {
		struct ztrace_point *point = ztrace_chart_at(chart, i);
		const guint pair = point->pair;

		if (is_sent(chart, i) && pair < i)
			continue; /* went before its arrival */
		if (point->shape == ZTRACE_SHAPE_RECEIVE && pair != ZTRACE_NO_POINT && pair > i) {
			ztrace_chart_at(chart, pair)->time = point->time;
			place[pair] = sorted->len;
			g_array_append_vals(sorted, ztrace_chart_at(chart, pair), 1);
		}
		place[i] = sorted->len;
		g_array_append_vals(sorted, point, 1);
	}
	g_assert(sorted->len == n);
	memcpy(chart->points->data, sorted->data, n * sizeof(struct ztrace_point));
	for (guint i = 0; i < n; i++)
		ztrace_chart_at(chart, i)->pair = moved(place, ztrace_chart_at(chart, i)->pair);
	g_array_unref(sorted);
	g_free(place);
}

/* ---- what was held ---- */

static bool is_unit(const struct ztrace_point *point, const char *unit)
{
	switch (point->class) {
	case ZTRACE_CLASS_HELLO:
		return strcmp(unit, "hello") == 0;
	case ZTRACE_CLASS_REFUSAL:
		return strcmp(unit, "refusal") == 0;
	case ZTRACE_CLASS_NOOP:
		return strcmp(unit, "noop") == 0;
	case ZTRACE_CLASS_LNET:
	case ZTRACE_CLASS_ZC:
		return strcmp(unit, "lnet") == 0;
	default:
		return false;
	}
}

/*
 * The script's words are "release all", "release new>old hello, ..." or, for one message, "pass
 * new>old hello".
 */
static bool releases(const struct ztrace_chart *chart, const struct ztrace_point *action,
		     const struct ztrace_point *held)
{
	const char *words = ztrace_log_at(chart->log, action->entry)->text, *found;
	char *direction;

	if (strcmp(words, "release all") == 0)
		return true;
	direction = g_strdup_printf(" %s>%s ", ztrace_log_lane_at(chart->log, held->lane)->name,
				    ztrace_log_lane_at(chart->log, held->other)->name);
	found = strstr(words, direction);
	if (found)
		found = strstr(found + strlen(direction),
			       ztrace_log_at(chart->log, held->entry)->text);
	g_free(direction);
	return found != NULL;
}

static bool is_pass(const struct ztrace_chart *chart, guint index)
{
	return g_str_has_prefix(entry_of(chart, index)->text, "pass ");
}

static void find_release(struct ztrace_chart *chart, GArray *releases_at, guint index)
{
	struct ztrace_point *held = ztrace_chart_at(chart, index);

	for (guint i = 0; i < releases_at->len; i++) {
		const guint at = g_array_index(releases_at, guint, i);

		if (at < index || !releases(chart, ztrace_chart_at(chart, at), held))
			continue;
		held->released = at;
		if (is_pass(chart, at)) /* one message only */
			g_array_remove_index(releases_at, i);
		return;
	}
}

/* Whether this is the message that was held. */
static bool is_held(const struct ztrace_chart *chart, guint sent, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(chart, sent);
	const guint released = ztrace_chart_at(chart, index)->released;

	if (!is_unit(point, entry_of(chart, index)->text) || point->pair < index)
		return false;
	/* It came before anything was released: these are not the same. */
	return released == ZTRACE_NO_POINT || point->pair >= released;
}

/* sent: the indices of what goes the same way and was not held so far. */
static void find_held(struct ztrace_chart *chart, GArray *sent, guint index)
{
	struct ztrace_point *held = ztrace_chart_at(chart, index);

	for (guint i = 0; i < sent->len; i++) {
		const guint at = g_array_index(sent, guint, i);

		if (!is_held(chart, at, index))
			continue;
		ztrace_chart_at(chart, at)->held = index;
		held->owned = true;
		held->conn = ztrace_chart_at(chart, at)->conn;
		g_array_remove_index(sent, i);
		return;
	}
}

/* The numbers of points that go from one lane to another one. */
static GArray *one_way(const struct ztrace_chart *chart, GHashTable *ways,
		       const struct ztrace_point *point)
{
	const gpointer key = GUINT_TO_POINTER(point->lane * chart->log->lanes->len + point->other);
	GArray *found = g_hash_table_lookup(ways, key);

	if (found == NULL) {
		found = g_array_new(FALSE, FALSE, sizeof(guint));
		g_hash_table_insert(ways, key, found);
	}
	return found;
}

static void find_holds(struct ztrace_chart *chart)
{
	GHashTable *ways = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
	GArray *releases_at = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < chart->points->len; i++)
		if (entry_of(chart, i)->kind == ZTRACE_ACTION &&
		    (g_str_has_prefix(entry_of(chart, i)->text, "release ") || is_pass(chart, i)))
			g_array_append_val(releases_at, i);
	for (guint i = 0; i < chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(chart, i);

		if (point->shape == ZTRACE_SHAPE_SEND)
			g_array_append_val(one_way(chart, ways, point), i);
		if (point->shape != ZTRACE_SHAPE_HELD)
			continue;
		find_release(chart, releases_at, i);
		find_held(chart, one_way(chart, ways, point), i);
	}
	g_array_unref(releases_at);
	g_hash_table_unref(ways);
}

/* ---- all of it ---- */

static void forget_after(struct ztrace_point *point, guint end)
{
	if (point->pair >= end)
		point->pair = ZTRACE_NO_POINT;
	if (point->held >= end)
		point->held = ZTRACE_NO_POINT;
	if (point->released >= end)
		point->released = ZTRACE_NO_POINT;
	if (point->cause >= end)
		point->cause = ZTRACE_NO_POINT;
}

struct ztrace_chart *ztrace_chart_new(const struct ztrace_log *log,
				      const struct ztrace_chart_options *options)
{
	const guint max = options && options->max_points ? options->max_points : MAX_POINTS;
	struct ztrace_chart *chart = g_new0(struct ztrace_chart, 1);
	struct ztrace_linker *linker;

	chart->log = log;
	chart->points = g_array_new(FALSE, TRUE, sizeof(struct ztrace_point));
	g_array_set_clear_func(chart->points, ztrace_point_clear);
	chart->links = g_array_new(FALSE, TRUE, sizeof(struct ztrace_link));
	g_array_set_clear_func(chart->links, clear_link);
	linker = ztrace_linker_new(chart);
	for (guint i = 0; i < log->entries->len; i++)
		add_point(chart, linker, i);
	pair_up(chart, linker);
	if (log->reference != 0)
		sort_early(chart);
	ztrace_linker_finish(linker);
	ztrace_linker_free(linker);
	ztrace_chart_guess(chart);
	find_holds(chart);
	if (options == NULL || !options->all)
		ztrace_chart_elide(chart);
	if (chart->points->len > max) {
		chart->cut = chart->points->len - max;
		g_array_set_size(chart->points, max);
		for (guint i = 0; i < max; i++)
			forget_after(ztrace_chart_at(chart, i), max);
	}
	return chart;
}
