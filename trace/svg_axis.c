/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "trace/svg_impl.h"

#define HEAD_TOP    52.0
#define HEAD_HEIGHT 34.0
#define ALL_IN_S    100e9 /* ns: from here on times are in seconds */

static int64_t last_time(const struct ztrace_svg *svg)
{
	const GArray *ticks = svg->layout->ticks;

	return ticks->len ? g_array_index(ticks, struct ztrace_tick, ticks->len - 1).time : 0;
}

static void put_number(struct ztrace_svg *svg, double value)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(svg->out, g_ascii_formatd(number, sizeof(number), "%.3f", value));
}

/* "997.0 ms", "1.00 s": what is cut out. */
static void put_length(struct ztrace_svg *svg, int64_t ns)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	const bool seconds = ns >= INT64_C(1000000000);

	g_ascii_formatd(number, sizeof(number), "%.4g", (double)ns / (seconds ? 1e9 : 1e6));
	ztrace_svg_put(svg, "%s %s", number, seconds ? "s" : "ms");
}

/* The axis is cut here: two strokes, and how much is missing. */
static void put_break(struct ztrace_svg *svg, const struct ztrace_span *span)
{
	const struct ztrace_layout *layout = svg->layout;
	const double y = (span->top + span->bottom) / 2, x = layout->axis_x;

	svg->broken = true;
	ztrace_svg_put(svg,
		       "<g class=\"break\"><path d=\"M%f,%f l10,-5 M%f,%f l10,-5\" stroke=\"#333\" "
		       "fill=\"none\"/>",
		       x - 5, y, x - 5, y + 6);
	ztrace_svg_put(svg,
		       "<text x=\"%f\" y=\"%f\" text-anchor=\"end\" font-style=\"italic\" "
		       "fill=\"#444\">",
		       x - 9, y + 6);
	put_length(svg, span->to - span->from);
	ztrace_svg_put(svg, "</text></g>\n");
}

static void put_span(struct ztrace_svg *svg, const struct ztrace_span *span)
{
	const struct ztrace_layout *layout = svg->layout;

	switch (span->kind) {
	case ZTRACE_SPAN_SCALED:
		ztrace_svg_put(svg,
			       "<path d=\"M%f,%f V%f\" stroke=\"#333\" stroke-width=\"1.2\"/>\n",
			       layout->axis_x, span->top, span->bottom);
		break;
	case ZTRACE_SPAN_STILL:
		svg->still = true;
		ztrace_svg_put(svg,
			       "<rect class=\"still\" x=\"%f\" y=\"%f\" width=\"%f\" height=\"%f\" "
			       "fill=\"#f1f1f1\"/>\n",
			       layout->axis_x, span->top - 6, layout->width - layout->axis_x - 8,
			       span->bottom - span->top + 12);
		ztrace_svg_put(svg,
			       "<path d=\"M%f,%f V%f\" stroke=\"#333\" stroke-width=\"1.2\" "
			       "stroke-dasharray=\"1 3\"/>\n",
			       layout->axis_x, span->top, span->bottom);
		break;
	case ZTRACE_SPAN_BREAK:
		ztrace_svg_put(svg,
			       "<path d=\"M%f,%f V%f M%f,%f V%f\" stroke=\"#333\" "
			       "stroke-width=\"1.2\"/>\n",
			       layout->axis_x, span->top, (span->top + span->bottom) / 2 - 3,
			       layout->axis_x, (span->top + span->bottom) / 2 + 4, span->bottom);
		put_break(svg, span);
		break;
	}
}

void ztrace_svg_axis(struct ztrace_svg *svg)
{
	const struct ztrace_layout *layout = svg->layout;
	const bool seconds = (double)last_time(svg) >= ALL_IN_S;

	ztrace_svg_put(svg, "<g class=\"axis\">\n");
	/* Grey first: everything else stands on it. */
	for (int still = 1; still >= 0; still--)
		for (guint i = 0; i < layout->spans->len; i++) {
			const struct ztrace_span *span =
				&g_array_index(layout->spans, struct ztrace_span, i);

			if ((span->kind == ZTRACE_SPAN_STILL) == still)
				put_span(svg, span);
		}
	ztrace_svg_put(
		svg, "<text x=\"%f\" y=\"%f\" text-anchor=\"end\" fill=\"#444\">time, %s</text>\n",
		layout->axis_x - 7, HEAD_TOP + 24, seconds ? "s" : "ms");
	for (guint i = 0; i < layout->ticks->len; i++) {
		const struct ztrace_tick *tick =
			&g_array_index(layout->ticks, struct ztrace_tick, i);

		ztrace_svg_put(svg, "<path d=\"M%f,%f h5\" stroke=\"#333\"/>", layout->axis_x - 5,
			       tick->y);
		ztrace_svg_put(svg, "<text class=\"time\" x=\"%f\" y=\"%f\" text-anchor=\"end\">",
			       layout->axis_x - 8, tick->y + 4);
		put_number(svg, (double)tick->time / (seconds ? 1e9 : 1e6));
		ztrace_svg_put(svg, "</text>\n");
	}
	ztrace_svg_put(svg, "</g>\n");
}

static void put_lane(struct ztrace_svg *svg, unsigned index)
{
	const struct ztrace_lane *lane = ztrace_log_lane_at(svg->chart->log, index);
	const double x = ztrace_layout_lane(svg->layout, index);
	char nid[ZCL_NID_STRLEN] = "";
	double width = ztrace_label_width(lane->name) * 1.15;

	if (lane->nid != ZCL_NID_ANY)
		zcl_nid_format(lane->nid, nid, sizeof(nid));
	if (strcmp(nid, lane->name) == 0)
		nid[0] = '\0';
	width = MAX(MAX(width, ztrace_label_width(nid)) + 16, 60);
	ztrace_svg_put(svg,
		       "<g class=\"lane\"><path d=\"M%f,%f V%f\" stroke=\"#555\" "
		       "stroke-width=\"1.2\"%s/>\n",
		       x, HEAD_TOP + HEAD_HEIGHT, svg->layout->bottom,
		       lane->vantage ? "" : " stroke-dasharray=\"5 4\"");
	ztrace_svg_put(svg,
		       "<rect x=\"%f\" y=\"%f\" width=\"%f\" height=\"%f\" rx=\"4\" "
		       "fill=\"#ffffff\" stroke=\"#333\"%s/>\n",
		       x - width / 2, HEAD_TOP, width, HEAD_HEIGHT,
		       lane->vantage ? "" : " stroke-dasharray=\"5 4\"");
	ztrace_svg_put(svg,
		       "<text x=\"%f\" y=\"%f\" text-anchor=\"middle\" font-weight=\"bold\" "
		       "font-size=\"12\">%t</text>",
		       x, HEAD_TOP + (nid[0] ? 14 : 21), lane->name);
	if (nid[0])
		ztrace_svg_put(svg,
			       "<text x=\"%f\" y=\"%f\" text-anchor=\"middle\" "
			       "fill=\"#444\">%t</text>",
			       x, HEAD_TOP + 28, nid);
	ztrace_svg_put(svg, "</g>\n");
}

void ztrace_svg_lanes(struct ztrace_svg *svg)
{
	for (unsigned i = 0; i < svg->layout->lanes; i++)
		put_lane(svg, i);
}
