/* SPDX-License-Identifier: MIT */
#include "trace/ladder.h"

#include <string.h>

#define TIME_WIDTH 13u /* "  1234.567 ms" */
#define MIN_GAP	   34u /* from column to column */
#define MAX_GAP	   60u
#define MAX_WIDTH  4096u
#define TAIL	   100u /* for words beside the last column */

enum arrow { WHOLE, LEAVING, ARRIVING };

struct glyphs {
	gunichar lane, dash, dot, right, left, away_right, away_left, mark, cut;
};

static const struct glyphs unicode_glyphs = {0x2502, 0x2500, 0x2504, 0x25b6, 0x25c0,
					     0x25b7, 0x25c1, 0x25cf, 0x2026};
static const struct glyphs ascii_glyphs = {'|', '-', '.', '>', '<', '>', '<', '*', '~'};

struct drawing {
	GString *text;
	const struct ztrace_chart *chart;
	unsigned lanes;
	const struct glyphs *glyphs;
	const char *prefix;
	char shown[32]; /* the time that stands in the rows above */
	size_t gap;
	gunichar cells[MAX_WIDTH];
	size_t width;
};

static size_t lane_at(const struct drawing *d, unsigned peer)
{
	return MIN(TIME_WIDTH + 4 + peer * d->gap, MAX_WIDTH - TAIL - 1);
}

static void clear_row(struct drawing *d)
{
	for (size_t i = 0; i < d->width; i++)
		d->cells[i] = ' ';
	for (unsigned peer = 0; peer < d->lanes; peer++)
		d->cells[lane_at(d, peer)] = d->glyphs->lane;
}

/* Writes words from a cell on, up to (not including) end. */
static void put_words(struct drawing *d, size_t at, size_t end, const char *words)
{
	size_t room = MIN(end, d->width);

	for (const char *c = words; *c; c = g_utf8_next_char(c)) {
		if (at >= room)
			return;
		d->cells[at] = g_utf8_get_char(c);
		if (++at == room && *g_utf8_next_char(c))
			d->cells[at - 1] = d->glyphs->cut;
	}
}

/* A time stands only in the first row that it belongs to. */
static void put_time(struct drawing *d, int64_t ns)
{
	char text[sizeof(d->shown)];

	g_snprintf(text, sizeof(text), "%10.3f ms", (double)ns / 1e6);
	if (strcmp(text, d->shown) == 0)
		return;
	g_strlcpy(d->shown, text, sizeof(d->shown));
	put_words(d, 0, TIME_WIDTH + 2, text);
}

static void flush_row(struct drawing *d)
{
	size_t end = d->width;

	while (end && d->cells[end - 1] == ' ')
		end--;
	g_string_append(d->text, d->prefix);
	for (size_t i = 0; i < end; i++)
		g_string_append_unichar(d->text, d->cells[i]);
	g_string_append_c(d->text, '\n');
}

/* ---- rows ---- */

/* The part of an arrow that a row shows: all of it, or the end that leaves or comes in. */
static void draw_shaft(struct drawing *d, size_t low, size_t high, bool right, enum arrow arrow)
{
	const struct glyphs *g = d->glyphs;

	for (size_t i = low; i < high; i++)
		d->cells[i] = g->dash;
	if (arrow == LEAVING)
		d->cells[right ? high - 1 : low] = right ? g->away_right : g->away_left;
	else
		d->cells[right ? high - 1 : low] = right ? g->right : g->left;
	if (arrow == ARRIVING)
		d->cells[right ? low : high - 1] = g->dot;
}

static void draw_arrow(struct drawing *d, unsigned from, unsigned to, enum arrow arrow,
		       const char *label)
{
	size_t a = lane_at(d, from), b = lane_at(d, to);
	size_t low = MIN(a, b) + 1, high = MAX(a, b); /* the cells between */
	size_t len = MIN((size_t)g_utf8_strlen(label, -1), high - low - 8);
	size_t part = len + 8;
	bool right = a < b;

	/* In flight: what is not drawn is the time between. */
	if (arrow == LEAVING ? right : arrow == ARRIVING && !right)
		high = MIN(high, low + part);
	else if (arrow != WHOLE)
		low = MAX(low, high - part);
	draw_shaft(d, low, high, right, arrow);
	a = low + (high - low - len) / 2;
	d->cells[a - 1] = ' ';
	put_words(d, a, a + len, label);
	d->cells[a + len] = ' ';
}

static void draw_note(struct drawing *d, unsigned peer, const char *label)
{
	size_t at = lane_at(d, peer);
	bool last = peer + 1 == d->lanes;

	d->cells[at] = d->glyphs->mark;
	put_words(d, at + 2, last ? d->width : lane_at(d, peer + 1) - 1, label);
}

static void draw_between(struct drawing *d, unsigned from, unsigned to, const char *label)
{
	size_t a = lane_at(d, MIN(from, to)), b = lane_at(d, MAX(from, to));
	size_t len = (size_t)g_utf8_strlen(label, -1) + 4;
	char *words = g_strdup_printf(from < to ? "[ %s >" : "< %s ]", label);

	put_words(d, a + 1 + (b - a - 1 > len ? (b - a - 1 - len) / 2 : 0), b, words);
	g_free(words);
}

static void draw_elided(struct drawing *d, const char *label)
{
	const char *cut = d->glyphs == &ascii_glyphs ? "..." : "\xe2\x80\xa6";
	char *words = g_strdup_printf("%s %s %s", cut, label, cut);

	for (unsigned lane = 0; lane < d->lanes; lane++)
		d->cells[lane_at(d, lane)] = d->glyphs->cut;
	put_words(d, lane_at(d, 0) + 2, d->width, words);
	g_free(words);
}

static void draw_script(struct drawing *d, const char *label)
{
	size_t from = lane_at(d, 0) + 1;

	put_words(d, from + 1, d->width, label);
}

static void draw_point(struct drawing *d, guint index)
{
	const struct ztrace_point *point = ztrace_chart_at(d->chart, index);

	/* One arrow will do: it is drawn where it arrives. */
	if (point->shape == ZTRACE_SHAPE_SEND && point->pair == index + 1 &&
	    ztrace_chart_at(d->chart, point->pair)->shape == ZTRACE_SHAPE_RECEIVE)
		return;
	clear_row(d);
	put_time(d, point->time);
	switch (point->shape) {
	case ZTRACE_SHAPE_NONE:
		break;
	case ZTRACE_SHAPE_NOTE:
		draw_note(d, point->lane, point->label);
		break;
	case ZTRACE_SHAPE_SEND:
		draw_arrow(d, point->lane, point->other, LEAVING, point->label);
		break;
	case ZTRACE_SHAPE_RECEIVE:
		/* The sender knows more of it. */
		if (point->pair + 1 == index)
			draw_arrow(d, point->other, point->lane, WHOLE,
				   ztrace_chart_at(d->chart, point->pair)->label);
		else
			draw_arrow(d, point->other, point->lane, ARRIVING, point->label);
		break;
	case ZTRACE_SHAPE_ACROSS:
		draw_arrow(d, point->lane, point->other, WHOLE, point->label);
		break;
	case ZTRACE_SHAPE_HELD:
		draw_between(d, point->lane, point->other, point->label);
		break;
	case ZTRACE_SHAPE_SCRIPT:
		draw_script(d, point->label);
		break;
	case ZTRACE_SHAPE_ELIDED:
		draw_elided(d, point->label);
		break;
	}
	flush_row(d);
}

/* Wide enough for what stands beside each column but the last. */
static size_t find_gap(const struct drawing *d)
{
	size_t gap = MIN_GAP;

	for (guint i = 0; i < d->chart->points->len; i++) {
		const struct ztrace_point *point = ztrace_chart_at(d->chart, i);
		const bool note = point->shape == ZTRACE_SHAPE_NOTE;

		if (point->lane == ZTRACE_NO_LANE || (note && point->lane + 1 == d->lanes))
			continue;
		gap = MAX(gap, (size_t)g_utf8_strlen(point->label, -1) + (note ? 4 : 12));
	}
	return MIN(gap, MAX_GAP);
}

static void draw_heads(struct drawing *d)
{
	for (size_t i = 0; i < d->width; i++)
		d->cells[i] = ' ';
	for (unsigned lane = 0; lane < d->lanes; lane++) {
		const char *name = ztrace_log_lane_at(d->chart->log, lane)->name;
		size_t len = strlen(name), at = lane_at(d, lane);

		put_words(d, at - MIN(len / 2, 3), d->width, name);
	}
	flush_row(d);
}

void ztrace_ladder(GString *text, const struct ztrace_log *log,
		   const struct ztrace_chart_options *options, bool ascii, const char *prefix)
{
	struct drawing *d = g_new0(struct drawing, 1);
	struct ztrace_chart *chart = ztrace_chart_new(log, options);

	d->text = text;
	d->chart = chart;
	d->lanes = log->lanes->len;
	d->glyphs = ascii ? &ascii_glyphs : &unicode_glyphs;
	d->prefix = prefix;
	d->gap = find_gap(d);
	d->width = MIN(lane_at(d, MAX(d->lanes, 1) - 1) + TAIL, MAX_WIDTH);
	draw_heads(d);
	for (guint i = 0; i < chart->points->len; i++)
		draw_point(d, i);
	if (chart->cut)
		g_string_append_printf(text, "%s(%u more events)\n", prefix, chart->cut);
	ztrace_chart_free(chart);
	g_free(d);
}
