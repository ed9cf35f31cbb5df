/* SPDX-License-Identifier: MIT */
#include "scenarios/ladder.h"

#include <string.h>

#include "scenarios/ladder_words.h"

#define TIME_WIDTH 13u /* "  1234.567 ms" */
#define MIN_GAP	   34u /* from column to column */
#define MAX_GAP	   46u
#define MAX_WIDTH  4096u
#define TAIL	   100u /* for words beside the last column */
#define MAX_ROWS   2000u
#define UNPAIRED   G_MAXUINT

enum arrow { WHOLE, LEAVING, ARRIVING };

struct glyphs {
	gunichar lane, dash, dot, right, left, away_right, away_left, mark, cut;
};

static const struct glyphs unicode_glyphs = {0x2502, 0x2500, 0x2504, 0x25b6, 0x25c0,
					     0x25b7, 0x25c1, 0x25cf, 0x2026};
static const struct glyphs ascii_glyphs = {'|', '-', '.', '>', '<', '>', '<', '*', '~'};

struct drawing {
	GString *text;
	const struct zrace_script *script;
	const GArray *log;
	const struct glyphs *glyphs;
	const char *prefix;
	char shown[32]; /* the time that stands in the rows above */
	GArray *pairs;	/* guint for each record: the other end of its arrow, or UNPAIRED */
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
	for (unsigned peer = 0; peer < d->script->npeers; peer++)
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

/* ---- which arrival belongs to which sending ---- */

static void pair_up(struct drawing *d)
{
	GQueue open = G_QUEUE_INIT;
	guint none = UNPAIRED;

	for (guint i = 0; i < d->log->len; i++) {
		const struct zrace_record *record = zrace_log_at(d->log, i);
		enum zrace_shape shape = zrace_record_shape(record);

		g_array_append_val(d->pairs, none);
		if (shape == ZRACE_SHAPE_SEND)
			g_queue_push_tail(&open, GUINT_TO_POINTER(i));
		if (shape != ZRACE_SHAPE_RECEIVE)
			continue;
		for (GList *link = open.head; link; link = link->next) {
			guint sent = GPOINTER_TO_UINT(link->data);

			if (!zrace_record_pairs(zrace_log_at(d->log, sent), record))
				continue;
			g_array_index(d->pairs, guint, sent) = i;
			g_array_index(d->pairs, guint, i) = sent;
			g_queue_delete_link(&open, link);
			break;
		}
	}
	g_queue_clear(&open);
}

/* Nothing that is drawn lies between a sending and its arrival. */
static bool follows_at_once(const struct drawing *d, guint sent, guint received)
{
	for (guint i = sent + 1; i < received; i++)
		if (zrace_record_shape(zrace_log_at(d->log, i)) != ZRACE_SHAPE_NONE)
			return false;
	return true;
}

/* The script's `connect`, when the core says the same in the next row. */
static bool is_echoed(const struct drawing *d, guint index)
{
	const struct zrace_record *record = zrace_log_at(d->log, index);
	const struct zrace_record *next;

	if (record->kind != ZRACE_REC_ACTION || index + 1 == d->log->len)
		return false;
	next = zrace_log_at(d->log, index + 1);
	return next->kind == ZRACE_REC_EVENT && next->event.kind == ZCL_EV_CONNECT &&
	       next->peer == record->peer && next->other == record->other;
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
	bool last = peer + 1 == d->script->npeers;

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

static void draw_script(struct drawing *d, const char *label)
{
	size_t from = lane_at(d, 0) + 1;

	put_words(d, from + 1, d->width, label);
}

static void draw_record(struct drawing *d, guint index)
{
	const struct zrace_record *record = zrace_log_at(d->log, index);
	enum zrace_shape shape = zrace_record_shape(record);
	guint pair = g_array_index(d->pairs, guint, index);
	GString *label;

	if (shape == ZRACE_SHAPE_NONE || is_echoed(d, index))
		return;
	/* One arrow will do: it is drawn where it arrives. */
	if (shape == ZRACE_SHAPE_SEND && pair != UNPAIRED && follows_at_once(d, index, pair))
		return;
	label = g_string_new(NULL);
	zrace_record_label(label, d->script, record);
	clear_row(d);
	put_time(d, record->time);
	if (shape == ZRACE_SHAPE_SEND)
		draw_arrow(d, record->peer, record->other, LEAVING, label->str);
	else if (shape == ZRACE_SHAPE_RECEIVE)
		draw_arrow(d, record->other, record->peer,
			   pair != UNPAIRED && follows_at_once(d, pair, index) ? WHOLE : ARRIVING,
			   label->str);
	else if (shape == ZRACE_SHAPE_NOTE)
		draw_note(d, record->peer, label->str);
	else if (shape == ZRACE_SHAPE_HELD)
		draw_between(d, record->peer, record->other, label->str);
	else
		draw_script(d, label->str);
	flush_row(d);
	g_string_free(label, TRUE);
}

/* Wide enough for what stands beside each column but the last. */
static size_t find_gap(const struct drawing *d)
{
	size_t gap = MIN_GAP;
	GString *label = g_string_new(NULL);

	for (guint i = 0; i < d->log->len; i++) {
		const struct zrace_record *record = zrace_log_at(d->log, i);
		enum zrace_shape shape = zrace_record_shape(record);

		if (shape == ZRACE_SHAPE_NONE || shape == ZRACE_SHAPE_SCRIPT ||
		    (shape == ZRACE_SHAPE_NOTE && record->peer + 1 == d->script->npeers))
			continue;
		g_string_truncate(label, 0);
		zrace_record_label(label, d->script, record);
		gap = MAX(gap, (size_t)g_utf8_strlen(label->str, -1) +
				       (shape == ZRACE_SHAPE_NOTE ? 4 : 12));
	}
	g_string_free(label, TRUE);
	return MIN(gap, MAX_GAP);
}

static void draw_heads(struct drawing *d)
{
	for (size_t i = 0; i < d->width; i++)
		d->cells[i] = ' ';
	for (unsigned peer = 0; peer < d->script->npeers; peer++) {
		const char *name = d->script->peers[peer].name;
		size_t len = strlen(name), at = lane_at(d, peer);

		put_words(d, at - MIN(len / 2, 3), d->width, name);
	}
	flush_row(d);
}

void zrace_ladder(GString *text, const struct zrace_script *script, const GArray *log, bool ascii,
		  const char *prefix)
{
	struct drawing *d = g_new0(struct drawing, 1);
	guint rows = MIN(log->len, MAX_ROWS);

	d->text = text;
	d->script = script;
	d->log = log;
	d->glyphs = ascii ? &ascii_glyphs : &unicode_glyphs;
	d->prefix = prefix;
	d->pairs = g_array_new(FALSE, FALSE, sizeof(guint));
	pair_up(d);
	d->gap = find_gap(d);
	d->width = MIN(lane_at(d, (unsigned)script->npeers - 1) + TAIL, MAX_WIDTH);
	draw_heads(d);
	for (guint i = 0; i < rows; i++)
		draw_record(d, i);
	if (rows < log->len)
		g_string_append_printf(text, "%s(%u more events)\n", prefix, log->len - rows);
	g_array_unref(d->pairs);
	g_free(d);
}
