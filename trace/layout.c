/* SPDX-License-Identifier: MIT */
#include "trace/layout.h"

#include <math.h>
#include <string.h>

#define MARGIN	    14.0
#define AXIS_WIDTH  74.0 /* for times */
#define MIN_GAP	    230.0
#define MAX_GAP	    460.0
#define FLIGHT	    44.0 /* how far a common message falls on its way */
#define SAME	    1.5	 /* times that differ by less are one */
#define ROW	    15.0
#define ARROW_ROW   17.0
#define NEAR_ROW    12.5 /* a note and an arrow on the two sides of a lane */
#define LONGEST	    240.0
#define GAP	    20.0 /* from one thing to the next, where no message's flight is known */
#define LONGEST_GAP 90.0
#define BREAK	    42.0
#define ROUNDS	    200 /* of making room for labels */

/* What stood last at a lane. */
struct lane {
	bool used;
	bool arrow;
	double y;
};

struct placing {
	struct ztrace_layout *layout;
	struct lane *lanes;
	int64_t start; /* time of the instant that is being placed */
	double top;    /* and where it begins */
	double last;   /* the lowest point so far */
};

static const struct ztrace_point *point_at(const struct ztrace_layout *layout, guint i)
{
	return ztrace_chart_at(layout->chart, i);
}

/* ---- across ---- */

bool ztrace_layout_notes_left(const struct ztrace_layout *layout, unsigned lane)
{
	return lane == 0 && layout->lanes > 1;
}

static void need_at(struct ztrace_room *need, bool right, double width)
{
	if (right)
		need->right = MAX(need->right, width);
	else
		need->left = MAX(need->left, width);
}

static void need_room(const struct ztrace_layout *layout, struct ztrace_room *need)
{
	for (guint i = 0; i < layout->chart->points->len; i++) {
		const struct ztrace_point *point = point_at(layout, i);
		const double width = ztrace_label_width(point->label) + 24;

		if (point->lane == ZTRACE_NO_LANE)
			continue;
		if (point->shape == ZTRACE_SHAPE_NOTE)
			need_at(&need[point->lane], !ztrace_layout_notes_left(layout, point->lane),
				width);
		else if (point->shape != ZTRACE_SHAPE_RECEIVE && point->other != ZTRACE_NO_LANE)
			need_at(&need[point->lane], point->other > point->lane, width);
	}
}

/* What the script does stands beside the axis. */
static double script_room(const struct ztrace_layout *layout)
{
	double room = 0;

	for (guint i = 0; i < layout->chart->points->len; i++)
		if (point_at(layout, i)->shape == ZTRACE_SHAPE_SCRIPT)
			room = MAX(room, ztrace_label_width(point_at(layout, i)->label) + 14);
	return room;
}

static void place_lanes(struct ztrace_layout *layout)
{
	const unsigned n = layout->lanes;
	struct ztrace_room *need = g_new0(struct ztrace_room, n + 1);
	double x;

	need_room(layout, need);
	layout->axis_x = MARGIN + AXIS_WIDTH;
	x = layout->axis_x + 18 + MAX(script_room(layout), n ? MAX(need[0].left, 40) : 0);
	for (unsigned i = 0; i < n; i++) {
		layout->lane_x[i] = x;
		if (i + 1 < n)
			x += CLAMP(need[i].right + need[i + 1].left + 30, MIN_GAP, MAX_GAP);
	}
	layout->width = x + (n ? MAX(need[n - 1].right, 60) : 0) + MARGIN;
	layout->width = MAX(layout->width, 560);
	g_free(need);
}

double ztrace_layout_stub_x(const struct ztrace_layout *layout, unsigned lane, unsigned other)
{
	const double a = ztrace_layout_lane(layout, lane);

	if (lane == other)
		return a + 60;
	return a + (ztrace_layout_lane(layout, other) - a) * 0.55;
}

double ztrace_layout_stub_dy(const struct ztrace_layout *layout)
{
	(void)layout;
	return FLIGHT * 0.55;
}

static double hold_x(const struct ztrace_layout *layout, const struct ztrace_point *point,
		     guint before)
{
	const double a = ztrace_layout_lane(layout, point->lane);
	double b;

	/* Before the next lane, whichever it is. */
	if (point->other == point->lane)
		b = a + 120;
	else
		b = ztrace_layout_lane(layout, point->other > point->lane ? point->lane + 1
									  : point->lane - 1);
	return a + (b - a) * (0.46 - 0.05 * (before % 4));
}

static void place_holds(struct ztrace_layout *layout)
{
	GHashTable *counts = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < layout->chart->points->len; i++) {
		const struct ztrace_point *point = point_at(layout, i);
		gpointer way;
		guint before;

		if (point->shape != ZTRACE_SHAPE_SEND || point->held == ZTRACE_NO_POINT)
			continue;
		way = GUINT_TO_POINTER(point->lane * layout->lanes + point->other);
		before = GPOINTER_TO_UINT(g_hash_table_lookup(counts, way));
		g_hash_table_insert(counts, way, GUINT_TO_POINTER(before + 1));
		layout->hold_x[i] = hold_x(layout, point, before);
	}
	g_hash_table_unref(counts);
}

/* ---- the scale ---- */

static int compare_doubles(gconstpointer a, gconstpointer b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(GArray *values)
{
	if (values->len == 0)
		return 0;
	g_array_sort(values, compare_doubles);
	return g_array_index(values, double, values->len / 2);
}

static GArray *flights(const struct ztrace_layout *layout)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < layout->chart->points->len; i++) {
		const struct ztrace_point *point = point_at(layout, i);
		double time;

		if (point->shape != ZTRACE_SHAPE_SEND || point->pair == ZTRACE_NO_POINT ||
		    point->held != ZTRACE_NO_POINT)
			continue;
		time = (double)(point_at(layout, point->pair)->time - point->time);
		if (time > 0)
			g_array_append_val(found, time);
	}
	return found;
}

static GArray *gaps(const struct ztrace_layout *layout)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 1; i < layout->chart->points->len; i++) {
		const double time =
			(double)(point_at(layout, i)->time - point_at(layout, i - 1)->time);

		if (time > 0)
			g_array_append_val(found, time);
	}
	return found;
}

/* So that a common message falls well, or else that one thing is well below the other. */
static void choose_scale(struct ztrace_layout *layout)
{
	GArray *times = flights(layout);
	double high = FLIGHT, common = median(times);

	layout->longest = LONGEST;
	g_array_unref(times);
	if (common <= 0) {
		times = gaps(layout);
		common = median(times);
		high = GAP;
		layout->longest = LONGEST_GAP;
		g_array_unref(times);
	}
	layout->scale = high / (common > 0 ? common : 1e6);
}

/* ---- down ---- */

static void add_span(struct ztrace_layout *layout, enum ztrace_span_kind kind, int64_t from,
		     int64_t to, double top, double bottom)
{
	const struct ztrace_span span = {kind, from, to, top, bottom};
	struct ztrace_span *last;

	if (bottom <= top)
		return;
	last = layout->spans->len
		       ? &g_array_index(layout->spans, struct ztrace_span, layout->spans->len - 1)
		       : NULL;
	if (last && last->kind == kind && kind == ZTRACE_SPAN_STILL && last->bottom >= top) {
		last->to = to;
		last->bottom = bottom;
		return;
	}
	g_array_append_val(layout->spans, span);
}

/* How far apart two things at one lane must be. */
static double distance(const struct placing *p, unsigned lane, bool arrow)
{
	const bool one_side = lane != 0 && lane + 1 != p->layout->lanes;

	if (p->lanes[lane].arrow != arrow)
		return one_side ? ARROW_ROW : NEAR_ROW;
	return arrow ? ARROW_ROW : ROW;
}

static double free_at(const struct placing *p, unsigned lane, bool arrow)
{
	if (!p->lanes[lane].used)
		return p->top;
	return p->lanes[lane].y + distance(p, lane, arrow);
}

static void take(struct placing *p, unsigned lane, double y, bool arrow)
{
	p->lanes[lane] = (struct lane){true, arrow, y};
	p->last = MAX(p->last, y);
}

/* All lanes from a to b, and none before. */
static double place_across(struct placing *p, unsigned a, unsigned b, double extra)
{
	double y = p->top;

	for (unsigned i = MIN(a, b); i <= MAX(a, b); i++)
		y = MAX(y, free_at(p, i, true));
	y += extra;
	for (unsigned i = MIN(a, b); i <= MAX(a, b); i++)
		take(p, i, y, true);
	return y;
}

static double place_end(struct placing *p, const struct ztrace_point *point, double extra)
{
	const bool arrow = point->shape != ZTRACE_SHAPE_NOTE;
	double y = free_at(p, point->lane, arrow);

	/* Never upwards, also where no time passes on the way. */
	if (point->shape != ZTRACE_SHAPE_SEND && point->pair != ZTRACE_NO_POINT)
		y = MAX(y, p->layout->y[point->pair] + ARROW_ROW);
	if (point->cause != ZTRACE_NO_POINT)
		y = MAX(y, p->layout->y[point->cause] + ARROW_ROW);
	y += extra;
	take(p, point->lane, y, arrow);
	return y;
}

static double place_point(struct placing *p, guint index)
{
	const struct ztrace_point *point = point_at(p->layout, index);
	const double extra = p->layout->extra[index];

	switch (point->shape) {
	case ZTRACE_SHAPE_HELD:
		if (!point->owned)
			return place_across(p, point->lane, point->other, extra);
		p->last = MAX(p->last, p->top);
		return p->top;
	case ZTRACE_SHAPE_ACROSS:
		return place_across(p, point->lane, point->other, extra);
	case ZTRACE_SHAPE_SCRIPT:
	case ZTRACE_SHAPE_ELIDED:
		return place_across(p, 0, p->layout->lanes - 1, extra);
	default:
		return place_end(p, point, extra);
	}
}

/* Time goes on to the next instant. */
static void go_on(struct placing *p, int64_t time)
{
	const int64_t passed = time - p->start;
	double far = (double)passed * p->layout->scale;
	enum ztrace_span_kind kind = ZTRACE_SPAN_SCALED;

	if (far > p->layout->longest) {
		kind = ZTRACE_SPAN_BREAK;
		far = BREAK;
	} else if (far < ROW) {
		kind = ZTRACE_SPAN_STILL;
		far = ROW;
	}
	add_span(p->layout, ZTRACE_SPAN_STILL, p->start, p->start, p->top, p->last);
	add_span(p->layout, kind, p->start, time, p->last, p->last + far);
	p->top = p->last = p->last + far;
	p->start = time;
	memset(p->lanes, 0, p->layout->lanes * sizeof(*p->lanes));
}

static void add_tick(struct placing *p)
{
	const struct ztrace_tick tick = {p->start, p->top};

	g_array_append_val(p->layout->ticks, tick);
}

static void place_down(struct ztrace_layout *layout)
{
	const guint n = layout->chart->points->len;
	struct placing p = {.layout = layout, .top = ZTRACE_TOP, .last = ZTRACE_TOP};

	g_array_set_size(layout->spans, 0);
	g_array_set_size(layout->ticks, 0);
	p.lanes = g_new0(struct lane, layout->lanes);
	for (guint i = 0; i < n; i++) {
		const struct ztrace_point *point = point_at(layout, i);

		if (i == 0) {
			p.start = point->time;
			add_tick(&p);
		} else if ((double)(point->time - p.start) * layout->scale > SAME) {
			go_on(&p, point->time);
			add_tick(&p);
		}
		layout->y[i] = place_point(&p, i);
	}
	add_span(layout, ZTRACE_SPAN_STILL, p.start, p.start, p.top, p.last);
	layout->bottom = p.last + 24;
	g_free(p.lanes);
}

struct ztrace_layout *ztrace_layout_new(const struct ztrace_chart *chart)
{
	struct ztrace_layout *layout = g_new0(struct ztrace_layout, 1);

	layout->chart = chart;
	layout->lanes = chart->log->lanes->len;
	layout->lane_x = g_new0(double, layout->lanes + 1);
	layout->y = g_new0(double, chart->points->len + 1);
	layout->hold_x = g_new0(double, chart->points->len + 1);
	layout->extra = g_new0(double, chart->points->len + 1);
	layout->spans = g_array_new(FALSE, FALSE, sizeof(struct ztrace_span));
	layout->ticks = g_array_new(FALSE, FALSE, sizeof(struct ztrace_tick));
	layout->labels = g_array_new(FALSE, FALSE, sizeof(struct ztrace_label));
	place_lanes(layout);
	place_holds(layout);
	choose_scale(layout);
	for (int round = 0; round < ROUNDS; round++) {
		place_down(layout);
		ztrace_labels_place(layout);
		if (!ztrace_labels_spread(layout))
			break;
	}
	return layout;
}

void ztrace_layout_free(struct ztrace_layout *layout)
{
	g_free(layout->lane_x);
	g_free(layout->y);
	g_free(layout->extra);
	g_free(layout->hold_x);
	g_array_unref(layout->spans);
	g_array_unref(layout->ticks);
	g_array_unref(layout->labels);
	g_free(layout);
}
