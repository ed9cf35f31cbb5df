/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "trace/svg_impl.h"

#define LINE	  16.0
#define MAX_LINKS 24u
#define SAMPLE	  34.0

struct legend {
	struct ztrace_svg *svg;
	double x, y;
};

static void put_words(struct legend *l, const char *words)
{
	ztrace_svg_put(l->svg, "<text x=\"%f\" y=\"%f\">%t</text>\n", l->x + SAMPLE + 10, l->y + 4,
		       words);
	l->y += LINE;
}

static void put_sample(struct legend *l, enum ztrace_class class)
{
	char a[2][G_ASCII_DTOSTR_BUF_SIZE];
	char *path =
		g_strdup_printf("M%s,%s h%d", g_ascii_formatd(a[0], sizeof(a[0]), "%.1f", l->x),
				g_ascii_formatd(a[1], sizeof(a[1]), "%.1f", l->y), (int)SAMPLE);

	ztrace_svg_path(l->svg, class, true, path);
	if (class == ZTRACE_CLASS_REFUSAL)
		ztrace_svg_put(l->svg,
			       "<path d=\"M%f,%f l7,7 m0,-7 l-7,7\" stroke=\"%s\" "
			       "stroke-width=\"1.6\" fill=\"none\"/>\n",
			       l->x + SAMPLE * 0.5 - 3.5, l->y - 3.5,
			       ztrace_svg_style(class)->colour);
	g_free(path);
	put_words(l, ztrace_svg_style(class)->words);
}

/* A round number of ns that is at least 10 pixels high. */
static int64_t round_time(double scale)
{
	int64_t time = 1;

	for (unsigned i = 0; (double)time * scale < 10; i++)
		time = i % 3 == 1 ? time / 2 * 5 : time * 2;
	return time;
}

static void put_scale(struct legend *l)
{
	const double scale = l->svg->layout->scale;
	const int64_t time = round_time(scale);
	const double high = (double)time * scale;
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	l->y += MAX(0, high / 2 - 6);
	ztrace_svg_put(l->svg,
		       "<path d=\"M%f,%f h6 m-3,0 V%f m-3,0 h6\" stroke=\"#333\" "
		       "fill=\"none\"/>\n",
		       l->x + SAMPLE / 2 - 3, l->y - high / 2, l->y + high / 2);
	ztrace_svg_put(l->svg, "<text x=\"%f\" y=\"%f\">%s ms</text>\n", l->x + SAMPLE + 10,
		       l->y + 4,
		       g_ascii_formatd(number, sizeof(number), "%.6g", (double)time / 1e6));
	l->y += MAX(LINE, high / 2 + 10);
}

static void put_marks(struct legend *l)
{
	struct ztrace_svg *svg = l->svg;

	if (svg->held) {
		ztrace_svg_put(svg,
			       "<path d=\"M%f,%f h9 m0,4 h-9\" stroke=\"#1a1a1a\" "
			       "stroke-width=\"1.8\" fill=\"none\"/>\n",
			       l->x + SAMPLE / 2 - 4.5, l->y - 2);
		put_words(l, "held here on its way, until released");
	}
	if (svg->lost) {
		ztrace_svg_put(svg,
			       "<path d=\"M%f,%f l7,7 m0,-7 l-7,7\" stroke=\"#1a1a1a\" "
			       "stroke-width=\"1.6\" fill=\"none\"/>\n",
			       l->x + SAMPLE / 2 - 3.5, l->y - 3.5);
		put_words(l, "at the end of a line: not seen to arrive");
	}
	if (svg->still) {
		ztrace_svg_put(svg,
			       "<rect x=\"%f\" y=\"%f\" width=\"%f\" height=\"12\" "
			       "fill=\"#e4e4e4\"/>\n",
			       l->x, l->y - 6, SAMPLE);
		put_words(l, "many things at one time: in order, not to scale");
	}
	if (svg->broken) {
		ztrace_svg_put(svg,
			       "<path d=\"M%f,%f l10,-5 m-10,11 l10,-5\" stroke=\"#333\" "
			       "fill=\"none\"/>\n",
			       l->x + SAMPLE / 2 - 5, l->y + 1);
		put_words(l, "time is cut out here");
	}
	put_scale(l);
}

/* Returns how wide it is. */
static double put_link(struct legend *l, guint conn)
{
	const struct ztrace_log *log = l->svg->chart->log;
	const struct ztrace_link *link = ztrace_chart_link(l->svg->chart, conn);
	GString *text = g_string_new(NULL);
	double width;

	if (link->from != ZTRACE_NO_LANE && link->to != ZTRACE_NO_LANE)
		g_string_append_printf(text, "%s calls %s, ",
				       ztrace_log_lane_at(log, link->from)->name,
				       ztrace_log_lane_at(log, link->to)->name);
	ztrace_words_time(text, link->time);
	if (link->end)
		g_string_append_printf(text, ": %s", link->end);
	ztrace_svg_badge(l->svg, conn, link->class, l->x + 8, l->y);
	ztrace_svg_put(l->svg, "<text x=\"%f\" y=\"%f\">%t</text>\n", l->x + 22, l->y + 4,
		       text->str);
	l->y += LINE;
	width = ztrace_label_width(text->str);
	g_string_free(text, TRUE);
	return width;
}

static double put_links(struct ztrace_svg *svg, double x, double top, double *width)
{
	struct legend l = {svg, x, top};
	double widest = 0;
	const guint n = svg->chart->links->len;

	if (n == 0)
		return top;
	ztrace_svg_put(svg, "<text x=\"%f\" y=\"%f\" font-weight=\"bold\">Connections</text>\n", x,
		       top + 4);
	l.y += LINE;
	for (guint i = 1; i <= MIN(n, MAX_LINKS); i++)
		widest = fmax(widest, put_link(&l, i));
	*width = fmax(*width, x + 40 + widest);
	if (n > MAX_LINKS) {
		ztrace_svg_put(svg, "<text x=\"%f\" y=\"%f\">and %u more</text>\n", x + 22, l.y + 4,
			       n - MAX_LINKS);
		l.y += LINE;
	}
	return l.y;
}

double ztrace_svg_legend(struct ztrace_svg *svg, double top, double *width)
{
	struct legend l = {svg, 20, top + 14};
	double end;

	ztrace_svg_put(svg, "<g class=\"legend\">\n<path d=\"M14,%f H%f\" stroke=\"#bbb\"/>\n", top,
		       svg->layout->width - 14);
	for (unsigned i = 0; i <= ZTRACE_CLASS_CLOSE; i++)
		if (svg->used[i])
			put_sample(&l, (enum ztrace_class)i);
	put_marks(&l);
	end = put_links(svg, MAX(svg->layout->width / 2, 330), top + 14, width);
	ztrace_svg_put(svg, "</g>\n");
	return MAX(l.y, end);
}
