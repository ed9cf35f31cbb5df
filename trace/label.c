/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "trace/layout.h"

/* Texts of a diagram: where they stand, and that no two overlap. */

#define STEEP	30.0 /* degrees: from here on a label is not turned */
#define OFF	11.0 /* from the lane to the text */
#define ABOVE	-4.5 /* from the line to the base line of its label */
#define ASCENT	9.0
#define DESCENT 3.0
#define APART	1.0 /* between two labels, at least */
#define SPREAD	6.0 /* more room at a time */
#define DEGREE	(M_PI / 180)

double ztrace_label_width(const char *text)
{
	return (double)g_utf8_strlen(text, -1) * ZTRACE_LETTER;
}

/* Where the first piece of an arrow goes to. */
static void first_end(const struct ztrace_layout *layout, guint index, double *x, double *y)
{
	const struct ztrace_point *point = ztrace_chart_at(layout->chart, index);

	*x = ztrace_layout_lane(layout, point->other);
	*y = layout->y[index];
	if (point->shape == ZTRACE_SHAPE_ACROSS)
		return;
	if (point->held != ZTRACE_NO_POINT) {
		*x = layout->hold_x[index];
		*y = MAX(layout->y[point->held], layout->y[index]);
	} else if (point->pair != ZTRACE_NO_POINT) {
		*y = layout->y[point->pair];
	} else {
		*x = ztrace_layout_stub_x(layout, point->lane, point->other);
		*y += ztrace_layout_stub_dy(layout);
	}
}

static void place_arrow(const struct ztrace_layout *layout, guint index, struct ztrace_label *label)
{
	const struct ztrace_point *point = ztrace_chart_at(layout->chart, index);
	const double x = ztrace_layout_lane(layout, point->lane);
	double to_x, to_y, angle;

	first_end(layout, index, &to_x, &to_y);
	label->side = to_x >= x ? 1 : -1;
	angle = atan2((to_y - layout->y[index]) * label->side, fabs(to_x - x)) / DEGREE;
	label->angle = fabs(angle) > STEEP ? 0 : angle;
	/* Self: the arrow comes back. */
	if (point->lane == point->other)
		label->angle = 0;
	label->x = x;
	label->y = layout->y[index];
	label->offset = ABOVE;
}

static void place_note(const struct ztrace_layout *layout, guint index, struct ztrace_label *label)
{
	const struct ztrace_point *point = ztrace_chart_at(layout->chart, index);

	label->side = ztrace_layout_notes_left(layout, point->lane) ? -1 : 1;
	label->x = ztrace_layout_lane(layout, point->lane);
	label->y = layout->y[index];
	label->offset = 4;
}

static void place_middle(const struct ztrace_layout *layout, unsigned a, unsigned b, guint index,
			 struct ztrace_label *label)
{
	label->x = (ztrace_layout_lane(layout, a) + ztrace_layout_lane(layout, b)) / 2;
	label->y = layout->y[index];
	label->offset = 4;
}

void ztrace_labels_place(struct ztrace_layout *layout)
{
	g_array_set_size(layout->labels, 0);
	for (guint i = 0; i < layout->chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(layout->chart, i);
		struct ztrace_label label = {.point = i, .width = ztrace_label_width(point->label)};

		switch (point->shape) {
		case ZTRACE_SHAPE_NOTE:
			place_note(layout, i, &label);
			break;
		case ZTRACE_SHAPE_SEND:
		case ZTRACE_SHAPE_ACROSS:
			place_arrow(layout, i, &label);
			break;
		case ZTRACE_SHAPE_RECEIVE:
			if (point->pair != ZTRACE_NO_POINT)
				continue;
			place_note(layout, i, &label);
			break;
		case ZTRACE_SHAPE_SCRIPT:
			label.x = layout->axis_x;
			label.y = layout->y[i];
			label.offset = 4;
			label.side = 1;
			break;
		case ZTRACE_SHAPE_HELD:
			if (point->owned)
				continue;
			place_middle(layout, point->lane, point->other, i, &label);
			break;
		default:
			place_middle(layout, 0, layout->lanes - 1, i, &label);
			break;
		}
		g_array_append_val(layout->labels, label);
	}
}

/* ---- overlaps ---- */

struct corners {
	double x[4], y[4];
	double top, bottom;
	guint point;
};

static struct corners corners_of(const struct ztrace_label *label)
{
	const double c = cos(label->angle * DEGREE), s = sin(label->angle * DEGREE);
	const double left = label->side > 0   ? OFF
			    : label->side < 0 ? -OFF - label->width
					      : -label->width / 2;
	const double u[4] = {left, left + label->width, left + label->width, left};
	const double up = label->offset - ASCENT - APART, down = label->offset + DESCENT;
	const double v[4] = {up, up, down, down};
	struct corners out = {.top = INFINITY, .bottom = -INFINITY, .point = label->point};

	for (int i = 0; i < 4; i++) {
		out.x[i] = label->x + u[i] * c - v[i] * s;
		out.y[i] = label->y + u[i] * s + v[i] * c;
		out.top = MIN(out.top, out.y[i]);
		out.bottom = MAX(out.bottom, out.y[i]);
	}
	return out;
}

/* Whether an edge of a has all of b on its outer side. */
static bool separates(const struct corners *a, const struct corners *b)
{
	for (int i = 0; i < 4; i++) {
		const double dx = a->x[(i + 1) % 4] - a->x[i], dy = a->y[(i + 1) % 4] - a->y[i];
		bool outside = true;

		for (int k = 0; k < 4 && outside; k++)
			outside = dx * (b->y[k] - a->y[i]) - dy * (b->x[k] - a->x[i]) <= 0;
		if (outside)
			return true;
	}
	return false;
}

static int compare_tops(gconstpointer a, gconstpointer b)
{
	const struct corners *x = a, *y = b;

	return (x->top > y->top) - (x->top < y->top);
}

bool ztrace_labels_spread(struct ztrace_layout *layout)
{
	GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(struct corners), layout->labels->len);
	bool any = false;

	for (guint i = 0; i < layout->labels->len; i++) {
		const struct corners c =
			corners_of(&g_array_index(layout->labels, struct ztrace_label, i));

		g_array_append_val(all, c);
	}
	g_array_sort(all, compare_tops);
	for (guint i = 0; i < all->len; i++) {
		const struct corners *a = &g_array_index(all, struct corners, i);

		for (guint k = i + 1; k < all->len; k++) {
			const struct corners *b = &g_array_index(all, struct corners, k);

			if (b->top > a->bottom)
				break;
			if (separates(a, b) || separates(b, a))
				continue;
			layout->extra[MAX(a->point, b->point)] += SPREAD;
			any = true;
		}
	}
	g_array_unref(all);
	return any;
}
