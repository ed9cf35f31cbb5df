/* SPDX-License-Identifier: MIT */
#include "trace/svg.h"

#include <string.h>

#include "trace/svg_impl.h"

static const struct ztrace_style styles[ZTRACE_CLASSES] = {
	[ZTRACE_CLASS_REQUEST] = {"request", "call: TCP connection and acceptor request", "#6b6b6b",
				  "1.5 3", 1.1},
	[ZTRACE_CLASS_HELLO] = {"hello", "HELLO", "#0060a8", "", 1.6},
	[ZTRACE_CLASS_REFUSAL] = {"refusal", "refusal: HELLO of type NONE", "#c04000", "7 3", 1.8},
	[ZTRACE_CLASS_LNET] = {"lnet", "LNET message", "#1a1a1a", "", 1.1},
	[ZTRACE_CLASS_ZC] = {"zc", "LNET message that asks for a ZC-ACK", "#007a55", "", 2.8},
	[ZTRACE_CLASS_NOOP] = {"noop", "NOOP: a ZC-ACK on its own", "#9c3f80", "9 3 2 3", 1.6},
	[ZTRACE_CLASS_RESET] = {"reset", "TCP reset", "#a00000", "2 2", 1.8},
	[ZTRACE_CLASS_CLOSE] = {"close", "TCP close", "#6b6b6b", "5 5", 1.0},
	[ZTRACE_CLASS_PLAIN] = {"plain", "", "#1a1a1a", "", 1},
	[ZTRACE_CLASS_UP] = {"up", "", "#00663f", "", 1},
	[ZTRACE_CLASS_BAD] = {"bad", "", "#b03a00", "", 1},
	[ZTRACE_CLASS_RETRY] = {"retry", "", "#7a5200", "", 1},
	[ZTRACE_CLASS_SCRIPT] = {"script", "", "#555555", "", 1},
};

const struct ztrace_style *ztrace_svg_style(enum ztrace_class class)
{
	return &styles[class];
}

/* Control characters have no place in XML. */
static void put_escaped(GString *out, const char *text)
{
	char *valid = g_utf8_make_valid(text, -1);
	char *escaped;

	for (char *c = valid; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	escaped = g_markup_escape_text(valid, -1);
	g_string_append(out, escaped);
	g_free(escaped);
	g_free(valid);
}

void ztrace_svg_put(struct ztrace_svg *svg, const char *format, ...)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	va_list args;

	va_start(args, format);
	for (const char *c = format; *c; c++) {
		if (*c != '%') {
			g_string_append_c(svg->out, *c);
			continue;
		}
		switch (*++c) {
		case 'f':
			g_string_append(svg->out, g_ascii_formatd(number, sizeof(number), "%.1f",
								  va_arg(args, double)));
			break;
		case 'u':
			g_string_append_printf(svg->out, "%u", va_arg(args, unsigned));
			break;
		case 's':
			g_string_append(svg->out, va_arg(args, const char *));
			break;
		case 't':
			put_escaped(svg->out, va_arg(args, const char *));
			break;
		default:
			g_assert_not_reached();
		}
	}
	va_end(args);
}

/* ---- the frame ---- */

/* The file's or the program's name stands for a title that is missing. */
static char *title_of(const struct ztrace_log *log)
{
	if (log->title)
		return g_strdup(log->title);
	if (log->file)
		return g_path_get_basename(log->file);
	return g_strdup(log->program ? log->program : "zclnd");
}

/* "c.race, case new-higher, seed 1" */
static char *subtitle(const struct ztrace_log *log)
{
	GString *text = g_string_new(NULL);

	if (log->file && log->title) {
		char *base = g_path_get_basename(log->file);

		g_string_append(text, base);
		g_free(base);
	}
	if (log->run_case)
		g_string_append_printf(text, "%scase %s", text->len ? ", " : "", log->run_case);
	if (log->vary)
		g_string_append_printf(text, "%s%s shifted by %.3f ms", text->len ? ", " : "",
				       log->vary, (double)log->shift / 1e6);
	if (log->seed)
		g_string_append_printf(text, "%sseed %" G_GINT64_FORMAT, text->len ? ", " : "",
				       log->seed);
	if (log->program && (log->title || log->file))
		g_string_append_printf(text, "%s%s", text->len ? "; " : "", log->program);
	return g_string_free(text, FALSE);
}

static void put_description(struct ztrace_svg *svg)
{
	const struct ztrace_log *log = svg->chart->log;
	guint messages = 0, refusals = 0;

	for (guint i = 0; i < svg->chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(svg->chart, i);

		if (point->shape != ZTRACE_SHAPE_SEND && point->shape != ZTRACE_SHAPE_ACROSS)
			continue;
		messages++;
		refusals += point->class == ZTRACE_CLASS_REFUSAL;
	}
	ztrace_svg_put(svg,
		       "<desc id=\"zdesc\">Sequence diagram, time runs downwards. Lifelines: ");
	for (unsigned i = 0; i < log->lanes->len; i++)
		ztrace_svg_put(svg, "%s%t", i ? ", " : "", ztrace_log_lane_at(log, i)->name);
	ztrace_svg_put(svg, ". %u messages, %u of them refusals, on %u connections.", messages,
		       refusals, svg->chart->links->len);
	for (guint i = 1; i <= svg->chart->links->len; i++) {
		const struct ztrace_link *link = ztrace_chart_link(svg->chart, i);

		if (link->end)
			ztrace_svg_put(svg, " Connection %u: %t.", i, link->end);
	}
	ztrace_svg_put(svg, "</desc>\n");
}

static void put_markers(struct ztrace_svg *svg)
{
	ztrace_svg_put(svg, "<defs>\n");
	for (unsigned i = 0; i <= ZTRACE_CLASS_CLOSE; i++)
		ztrace_svg_put(svg,
			       "<marker id=\"zhead-%s\" markerUnits=\"userSpaceOnUse\" "
			       "markerWidth=\"10\" markerHeight=\"9\" refX=\"9\" refY=\"4.5\" "
			       "orient=\"auto\"><path d=\"M0.5,1 L9,4.5 L0.5,8 %s\" fill=\"%s\" "
			       "stroke=\"%s\"/></marker>\n",
			       styles[i].name, i == ZTRACE_CLASS_REQUEST ? "" : "Z",
			       i == ZTRACE_CLASS_REQUEST ? "none" : styles[i].colour,
			       styles[i].colour);
	ztrace_svg_put(svg, "</defs>\n");
}

static void put_titles(struct ztrace_svg *svg)
{
	const struct ztrace_log *log = svg->chart->log;
	char *title = title_of(log), *under = subtitle(log);

	ztrace_svg_put(svg,
		       "<text x=\"14\" y=\"22\" font-size=\"15\" font-weight=\"bold\">%t</text>\n",
		       title);
	ztrace_svg_put(svg, "<text x=\"14\" y=\"39\" fill=\"#444\">%t</text>\n", under);
	g_free(title);
	g_free(under);
}

static void put_opening(struct ztrace_svg *svg, double width, double height)
{
	char *title = title_of(svg->chart->log);

	ztrace_svg_put(svg,
		       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%f\" height=\"%f\" "
		       "viewBox=\"0 0 %f %f\" role=\"img\" aria-labelledby=\"ztitle zdesc\" "
		       "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" "
		       "font-size=\"11\" fill=\"#1a1a1a\">\n<title id=\"ztitle\">%t</title>\n",
		       width, height, width, height, title);
	g_free(title);
	put_description(svg);
	ztrace_svg_put(svg, "<rect width=\"%f\" height=\"%f\" fill=\"#ffffff\"/>\n", width, height);
	put_markers(svg);
	put_titles(svg);
}

void ztrace_svg(GString *text, const struct ztrace_log *log,
		const struct ztrace_chart_options *options)
{
	struct ztrace_chart *chart = ztrace_chart_new(log, options);
	struct ztrace_layout *layout = ztrace_layout_new(chart);
	struct ztrace_svg svg = {.out = g_string_new(NULL), .chart = chart, .layout = layout};
	GString *body = svg.out;
	double bottom, width = layout->width;

	ztrace_svg_axis(&svg);
	ztrace_svg_lanes(&svg);
	ztrace_svg_points(&svg);
	bottom = ztrace_svg_legend(&svg, layout->bottom + 12, &width);
	svg.out = text;
	put_opening(&svg, width, bottom + 12);
	g_string_append_len(text, body->str, (gssize)body->len);
	g_string_append(text, "</svg>\n");
	g_string_free(body, TRUE);
	ztrace_layout_free(layout);
	ztrace_chart_free(chart);
}
