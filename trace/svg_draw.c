/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "trace/svg_impl.h"

#define HALO                                                                                       \
	"paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\""

void ztrace_svg_path(struct ztrace_svg *svg, enum ztrace_class class, bool head, const char *path)
{
	const struct ztrace_style *style = ztrace_svg_style(class);

	ztrace_svg_put(svg, "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%f\"", path,
		       style->colour, style->width);
	if (*style->dash)
		ztrace_svg_put(svg, " stroke-dasharray=\"%s\"", style->dash);
	if (head)
		ztrace_svg_put(svg, " marker-end=\"url(#zhead-%s)\"", style->name);
	ztrace_svg_put(svg, "/>\n");
}

void ztrace_svg_badge(struct ztrace_svg *svg, guint conn, enum ztrace_class class, double x,
		      double y)
{
	const char *colour = ztrace_svg_style(class)->colour;
	const bool full = class == ZTRACE_CLASS_UP;

	if (conn == 0) {
		ztrace_svg_put(svg, "<circle cx=\"%f\" cy=\"%f\" r=\"2.6\" fill=\"%s\"/>\n", x, y,
			       colour);
		return;
	}
	ztrace_svg_put(svg,
		       "<rect x=\"%f\" y=\"%f\" width=\"%f\" height=\"11\" rx=\"5.5\" fill=\"%s\" "
		       "stroke=\"%s\"/>",
		       x - (conn > 9 ? 7.5 : 5.5), y - 5.5, conn > 9 ? 15.0 : 11.0,
		       full ? colour : "#ffffff", colour);
	ztrace_svg_put(svg,
		       "<text x=\"%f\" y=\"%f\" text-anchor=\"middle\" font-size=\"8\" "
		       "font-weight=\"bold\" fill=\"%s\">%u</text>\n",
		       x, y + 3, full ? "#ffffff" : colour, conn);
}

static void put_text(struct ztrace_svg *svg, const struct ztrace_label *label, const char *colour)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, label->point);
	const char *anchors[] = {"end", "middle", "start"};
	const bool elided = point->shape == ZTRACE_SHAPE_ELIDED;

	ztrace_svg_put(svg,
		       "<text class=\"label\" x=\"%f\" y=\"%f\" text-anchor=\"%s\" fill=\"%s\" ",
		       label->x + 11 * label->side, label->y + label->offset,
		       anchors[label->side + 1], colour);
	if (label->angle != 0)
		ztrace_svg_put(svg, "transform=\"rotate(%f %f %f)\" ", label->angle, label->x,
			       label->y);
	if (point->class == ZTRACE_CLASS_BAD || point->class == ZTRACE_CLASS_UP ||
	    point->shape == ZTRACE_SHAPE_ELIDED)
		ztrace_svg_put(svg, "font-weight=\"bold\" ");
	ztrace_svg_put(svg, HALO ">%s%t%s</text>\n", elided ? "… " : "", point->label,
		       elided ? " …" : "");
}

/* ---- arrows ---- */

static double x_of(const struct ztrace_svg *svg, unsigned lane)
{
	return ztrace_layout_lane(svg->layout, lane);
}

static double y_of(const struct ztrace_svg *svg, guint index)
{
	return svg->layout->y[index];
}

G_GNUC_PRINTF(1, 2) static char *path_of(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	return text;
}

/* Tenths of a pixel, whatever the locale: "12.5". */
static const char *tenths(double value, char *buf)
{
	return g_ascii_formatd(buf, G_ASCII_DTOSTR_BUF_SIZE, "%.1f", value);
}

static void line(struct ztrace_svg *svg, enum ztrace_class class, bool head, double x1, double y1,
		 double x2, double y2)
{
	char a[4][G_ASCII_DTOSTR_BUF_SIZE];
	char *path = path_of("M%s,%s L%s,%s", tenths(x1, a[0]), tenths(y1, a[1]), tenths(x2, a[2]),
			     tenths(y2, a[3]));

	ztrace_svg_path(svg, class, head, path);
	g_free(path);
}

/* A small cross: of a refusal in the middle of its arrow, of what got lost at its end. */
static void cross(struct ztrace_svg *svg, enum ztrace_class class, double x, double y)
{
	ztrace_svg_put(svg,
		       "<path class=\"cross\" d=\"M%f,%f l7,7 m0,-7 l-7,7\" stroke=\"%s\" "
		       "stroke-width=\"1.6\" fill=\"none\"/>\n",
		       x - 3.5, y - 3.5, ztrace_svg_style(class)->colour);
}

/* Two bars: it waits here. */
static void bars(struct ztrace_svg *svg, double x, double y)
{
	svg->held = true;
	ztrace_svg_put(svg,
		       "<path class=\"hold\" d=\"M%f,%f h9 m0,4 h-9\" stroke=\"#1a1a1a\" "
		       "stroke-width=\"1.8\" fill=\"none\"/>\n",
		       x - 4.5, y - 2);
}

static void lost_at(struct ztrace_svg *svg, enum ztrace_class class, double x, double y)
{
	svg->lost = true;
	cross(svg, class, x, y);
}

/* To where it was held, down to its release, and on. */
static void held_arrow(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);
	const struct ztrace_point *held = ztrace_chart_at(svg->chart, point->held);
	const double x = svg->layout->hold_x[index];
	const double y = MAX(y_of(svg, point->held), y_of(svg, index));
	double out = svg->layout->bottom - 8;

	line(svg, point->class, false, x_of(svg, point->lane), y_of(svg, index), x, y);
	if (held->released != ZTRACE_NO_POINT)
		out = y_of(svg, held->released);
	else if (point->pair != ZTRACE_NO_POINT)
		out = y_of(svg, point->pair) - 6;
	out = MAX(out, y);
	line(svg, point->class, false, x, y, x, out);
	bars(svg, x, y + 2);
	if (point->pair != ZTRACE_NO_POINT)
		line(svg, point->class, true, x, out, x_of(svg, point->other),
		     y_of(svg, point->pair));
	else
		lost_at(svg, point->class, x, out);
}

/* A node that talks to itself. */
static void loop_arrow(struct ztrace_svg *svg, guint index, double end)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);
	char a[4][G_ASCII_DTOSTR_BUF_SIZE];
	char *path = path_of("M%s,%s h60 V%s H%s", tenths(x_of(svg, point->lane), a[0]),
			     tenths(y_of(svg, index), a[1]), tenths(end, a[2]),
			     tenths(x_of(svg, point->lane) + 2, a[3]));

	ztrace_svg_path(svg, point->class, true, path);
	g_free(path);
}

static void lost_arrow(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);
	const double x = ztrace_layout_stub_x(svg->layout, point->lane, point->other);
	const double y = y_of(svg, index) + ztrace_layout_stub_dy(svg->layout);

	line(svg, point->class, false, x_of(svg, point->lane), y_of(svg, index), x, y);
	lost_at(svg, point->class, x, y);
}

static void sent_arrow(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);
	const double x1 = x_of(svg, point->lane), x2 = x_of(svg, point->other);
	const double y1 = y_of(svg, index);
	double y2 = y1;

	if (point->shape == ZTRACE_SHAPE_SEND && point->held != ZTRACE_NO_POINT) {
		held_arrow(svg, index);
		return;
	}
	if (point->shape == ZTRACE_SHAPE_SEND && point->pair == ZTRACE_NO_POINT) {
		lost_arrow(svg, index);
		return;
	}
	if (point->pair != ZTRACE_NO_POINT)
		y2 = y_of(svg, point->pair);
	if (point->lane == point->other) {
		loop_arrow(svg, index, MAX(y2, y1 + 8));
		return;
	}
	line(svg, point->class, true, x1, y1, x2 + (x2 > x1 ? -1 : 1), y2);
	if (point->class == ZTRACE_CLASS_REFUSAL)
		cross(svg, point->class, x1 + (x2 - x1) * 0.62, y1 + (y2 - y1) * 0.62);
}

/* For those who point at it or cannot see it. */
static void put_tooltip(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_log *log = svg->chart->log;
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);
	GString *text = g_string_new(point->label);

	g_string_append_printf(text, ", %s to %s, ", ztrace_log_lane_at(log, point->lane)->name,
			       ztrace_log_lane_at(log, point->other)->name);
	ztrace_words_time(text, point->time);
	if (point->pair != ZTRACE_NO_POINT) {
		g_string_append(text, " to ");
		ztrace_words_time(text, ztrace_chart_at(svg->chart, point->pair)->time);
	} else if (point->shape == ZTRACE_SHAPE_SEND) {
		g_string_append(text, ", not seen to arrive");
	}
	if (point->held != ZTRACE_NO_POINT)
		g_string_append(text, ", held on its way");
	if (point->conn)
		g_string_append_printf(text, ", connection %u", point->conn);
	ztrace_svg_put(svg, "<title>%t</title>", text->str);
	g_string_free(text, TRUE);
}

static void put_arrow(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);

	svg->used[point->class] = true;
	ztrace_svg_put(svg, "<g class=\"arrow %s\">", ztrace_svg_style(point->class)->name);
	put_tooltip(svg, index);
	sent_arrow(svg, index);
	ztrace_svg_badge(svg, point->conn, point->class, x_of(svg, point->lane), y_of(svg, index));
	ztrace_svg_put(svg, "</g>\n");
}

/* Where it comes from nobody saw. */
static void put_found(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);

	svg->used[point->class] = true;
	ztrace_svg_put(svg, "<g class=\"found %s\">", ztrace_svg_style(point->class)->name);
	line(svg, point->class, true, ztrace_layout_stub_x(svg->layout, point->lane, point->other),
	     y_of(svg, index) - ztrace_layout_stub_dy(svg->layout), x_of(svg, point->lane),
	     y_of(svg, index));
	ztrace_svg_put(svg, "</g>\n");
}

/* ---- the calls: from "calls" of one side to "is called" of the other ---- */

static enum zcl_event_kind kind_of(const struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);
	const struct ztrace_entry *entry = ztrace_log_at(svg->chart->log, point->entry);

	return point->shape == ZTRACE_SHAPE_NOTE && entry->kind == ZTRACE_EVENT ? entry->event.kind
										: ZCL_EV_LAST;
}

static void put_calls(struct ztrace_svg *svg)
{
	guint *calls = g_new0(guint, svg->chart->links->len + 1); /* index + 1 */

	for (guint i = 0; i < svg->chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(svg->chart, i);
		const enum zcl_event_kind kind = kind_of(svg, i);

		if (point->conn == 0)
			continue;
		if (kind == ZCL_EV_CONNECT)
			calls[point->conn] = i + 1;
		if (kind != ZCL_EV_ACCEPT || calls[point->conn] == 0)
			continue;
		svg->used[ZTRACE_CLASS_REQUEST] = true;
		ztrace_svg_put(svg, "<g class=\"call\">");
		line(svg, ZTRACE_CLASS_REQUEST, true,
		     x_of(svg, ztrace_chart_at(svg->chart, calls[point->conn] - 1)->lane),
		     y_of(svg, calls[point->conn] - 1), x_of(svg, point->lane), y_of(svg, i));
		ztrace_svg_put(svg, "</g>\n");
	}
	g_free(calls);
}

static void put_resets(struct ztrace_svg *svg)
{
	for (guint i = 0; i < svg->chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(svg->chart, i);
		const struct ztrace_point *from;

		if (point->cause == ZTRACE_NO_POINT)
			continue;
		from = ztrace_chart_at(svg->chart, point->cause);
		svg->used[ZTRACE_CLASS_RESET] = true;
		ztrace_svg_put(svg, "<g class=\"reset\">");
		line(svg, ZTRACE_CLASS_RESET, true, x_of(svg, from->lane), y_of(svg, point->cause),
		     x_of(svg, point->lane), y_of(svg, i));
		ztrace_svg_put(svg, "</g>\n");
	}
}

/* ---- the rest ---- */

static void put_script(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);
	const bool elided = point->shape == ZTRACE_SHAPE_ELIDED;
	const double to = x_of(svg, svg->layout->lanes - 1);
	const double from =
		elided ? x_of(svg, 0) : svg->layout->axis_x + 24 + ztrace_label_width(point->label);

	ztrace_svg_put(svg,
		       "<path d=\"M%f,%f H%f\" stroke=\"#777\" stroke-dasharray=\"%s\" "
		       "class=\"%s\"/>\n",
		       from - 8, y_of(svg, index), to + 8, elided ? "1 6" : "3 3",
		       elided ? "elided" : "action");
}

static void put_marks(struct ztrace_svg *svg, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(svg->chart, index);

	switch (point->shape) {
	case ZTRACE_SHAPE_SEND:
	case ZTRACE_SHAPE_ACROSS:
		put_arrow(svg, index);
		break;
	case ZTRACE_SHAPE_RECEIVE:
		if (point->pair == ZTRACE_NO_POINT)
			put_found(svg, index);
		break;
	case ZTRACE_SHAPE_NOTE:
		ztrace_svg_badge(svg, point->conn, point->class, x_of(svg, point->lane),
				 y_of(svg, index));
		break;
	case ZTRACE_SHAPE_HELD:
		if (!point->owned)
			bars(svg, (x_of(svg, point->lane) + x_of(svg, point->other)) / 2 - 60,
			     y_of(svg, index));
		break;
	default:
		put_script(svg, index);
		break;
	}
}

void ztrace_svg_points(struct ztrace_svg *svg)
{
	const GArray *labels = svg->layout->labels;

	put_calls(svg);
	put_resets(svg);
	for (guint i = 0; i < svg->chart->points->len; i++)
		put_marks(svg, i);
	/* Texts come last: no line crosses them. */
	ztrace_svg_put(svg, "<g class=\"labels\">\n");
	for (guint i = 0; i < labels->len; i++) {
		const struct ztrace_label *label = &g_array_index(labels, struct ztrace_label, i);
		const struct ztrace_point *point = ztrace_chart_at(svg->chart, label->point);

		put_text(svg, label, ztrace_svg_style(point->class)->colour);
	}
	ztrace_svg_put(svg, "</g>\n");
	if (svg->chart->cut)
		ztrace_svg_put(
			svg,
			"<text class=\"cut\" x=\"%f\" y=\"%f\" font-style=\"italic\">%u more "
			"events are not drawn</text>\n",
			svg->layout->axis_x + 20, svg->layout->bottom + 4, svg->chart->cut);
}
