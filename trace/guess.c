/* SPDX-License-Identifier: MIT */
#include "trace/chart.h"

/*
 * A node that refuses a HELLO before it can read it does not know whom it refuses. What the caller
 * sees tells: its connection is the same one.
 */

#define MAX_LOOK 512u

static const struct ztrace_entry *entry_of(const struct ztrace_chart *chart, guint index)
{
	return ztrace_log_at(chart->log, ztrace_chart_at(chart, index)->entry);
}

static bool is_event(const struct ztrace_chart *chart, guint index, enum zcl_event_kind kind)
{
	const struct ztrace_entry *entry = entry_of(chart, index);

	return entry->kind == ZTRACE_EVENT && entry->event.kind == kind;
}

/* Tells a point whom it is about, and says so in its words. */
static void name_other(struct ztrace_chart *chart, guint index, unsigned other)
{
	struct ztrace_point *point = ztrace_chart_at(chart, index);
	struct ztrace_entry entry = *entry_of(chart, index);
	GString *label;

	if (point->other != ZTRACE_NO_LANE)
		return;
	point->other = entry.other = other;
	point->shape = ztrace_entry_shape(&entry);
	label = g_string_new(NULL);
	ztrace_entry_label(label, chart->log, &entry);
	g_free(point->label);
	point->label = g_string_free(label, FALSE);
}

static void name_both(struct ztrace_chart *chart)
{
	for (guint i = 0; i < chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(chart, i);
		const struct ztrace_link *link;

		if (point->conn == 0 || point->other != ZTRACE_NO_LANE ||
		    point->lane == ZTRACE_NO_LANE || is_event(chart, i, ZCL_EV_ACCEPT))
			continue;
		link = ztrace_chart_link(chart, point->conn);
		if (link->from != ZTRACE_NO_LANE && link->to != ZTRACE_NO_LANE)
			name_other(chart, i, link->from == point->lane ? link->to : link->from);
	}
}

/* The HELLO that was refused is the one that came on this connection, or from this caller. */
static void find_refused(struct ztrace_chart *chart, guint index)
{
	struct ztrace_point *refuse = ztrace_chart_at(chart, index);

	for (guint i = index; i-- > (index > MAX_LOOK ? index - MAX_LOOK : 0);) {
		struct ztrace_point *sent = ztrace_chart_at(chart, i);

		if (sent->shape != ZTRACE_SHAPE_SEND || sent->pair != ZTRACE_NO_POINT ||
		    sent->lane != refuse->other || sent->other != refuse->lane ||
		    !is_event(chart, i, ZCL_EV_HELLO_SENT) || !entry_of(chart, i)->event.active)
			continue;
		sent->pair = index;
		refuse->pair = i;
		return;
	}
}

static bool answers(const struct ztrace_chart *chart, guint refuse)
{
	for (guint i = refuse + 1; i < MIN(chart->points->len, refuse + MAX_LOOK); i++) {
		const struct ztrace_point *point = ztrace_chart_at(chart, i);

		if (is_event(chart, i, ZCL_EV_HELLO_SENT) && point->conn != 0 &&
		    point->lane == ztrace_chart_at(chart, refuse)->lane &&
		    point->conn == ztrace_chart_at(chart, refuse)->conn)
			return true;
	}
	return false;
}

/* "is refused: reset" of one side is what became of "refuses" of the other, when no HELLO went. */
static void find_reset(struct ztrace_chart *chart, guint index)
{
	struct ztrace_point *refused = ztrace_chart_at(chart, index);

	for (guint i = index; i-- > (index > MAX_LOOK ? index - MAX_LOOK : 0);) {
		const struct ztrace_point *refuse = ztrace_chart_at(chart, i);

		if (!is_event(chart, i, ZCL_EV_REFUSE) || refuse->lane != refused->other ||
		    (refuse->other != refused->lane && refuse->other != ZTRACE_NO_LANE) ||
		    answers(chart, i))
			continue;
		refused->cause = i;
		name_other(chart, i, refused->lane);
		return;
	}
}

void ztrace_chart_guess(struct ztrace_chart *chart)
{
	name_both(chart);
	for (guint i = 0; i < chart->points->len; i++)
		if (is_event(chart, i, ZCL_EV_REFUSED) &&
		    entry_of(chart, i)->event.reason == ZCL_REASON_RESET)
			find_reset(chart, i);
	for (guint i = 0; i < chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(chart, i);

		if (point->pair != ZTRACE_NO_POINT || point->other == ZTRACE_NO_LANE)
			continue;
		/* Of a caller that it has no room for, a node knows as little. */
		if ((is_event(chart, i, ZCL_EV_REFUSE) &&
		     entry_of(chart, i)->event.reason == ZCL_REASON_VERSION) ||
		    (is_event(chart, i, ZCL_EV_HELLO_RECEIVED) &&
		     entry_of(chart, i)->other == ZTRACE_NO_LANE))
			find_refused(chart, i);
	}
}
