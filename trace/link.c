/* SPDX-License-Identifier: MIT */
#include "trace/chart.h"

#include <string.h>

/*
 * Each node numbers its connections for itself. A message that one node sends and another receives
 * tells that two of these numbers are one TCP connection.
 */

struct half {
	guint partner; /* index + 1 of the other side's half; 0: not known */
	guint number;  /* in the end: of the connection, from 1 */
	struct ztrace_link link;
};

struct ztrace_linker {
	struct ztrace_chart *chart;
	GArray *halves;	   /* of struct half */
	GHashTable *known; /* "lane conn" -> index + 1 */
};

struct ztrace_linker *ztrace_linker_new(struct ztrace_chart *chart)
{
	struct ztrace_linker *linker = g_new0(struct ztrace_linker, 1);

	linker->chart = chart;
	linker->halves = g_array_new(FALSE, TRUE, sizeof(struct half));
	linker->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return linker;
}

void ztrace_linker_free(struct ztrace_linker *linker)
{
	g_hash_table_unref(linker->known);
	g_array_unref(linker->halves);
	g_free(linker);
}

static struct half *half_at(const struct ztrace_linker *linker, guint id)
{
	return &g_array_index(linker->halves, struct half, id - 1);
}

static void note_end(struct half *half, const struct ztrace_entry *entry)
{
	const enum zcl_event_kind kind = entry->event.kind;
	GString *text;

	if (kind != ZCL_EV_CONN_UP && kind != ZCL_EV_REFUSE)
		return;
	text = g_string_new(NULL);
	if (kind == ZCL_EV_CONN_UP) {
		g_string_append_printf(text, "UP v%u", entry->event.version);
		if (half->link.from == entry->lane || half->link.end == NULL)
			g_string_append_printf(text, " %s", zcl_ctype_name(entry->event.ctype));
	} else {
		g_string_append_printf(text, "refused: %s", zcl_reason_name(entry->event.reason));
	}
	g_free(half->link.end);
	half->link.end = g_string_free(text, FALSE);
	half->link.class = kind == ZCL_EV_CONN_UP ? ZTRACE_CLASS_UP : ZTRACE_CLASS_BAD;
}

static void note_wire(struct half *half, const struct ztrace_entry *entry)
{
	const struct ztrace_wire *wire = entry->wire;

	if (wire->kind == ZTRACE_WIRE_ACCEPT) {
		half->link.from = entry->lane;
		half->link.to = entry->other;
	}
	/* The passive side's answer decides. */
	if (wire->kind != ZTRACE_WIRE_HELLO || half->link.to != entry->lane)
		return;
	g_free(half->link.end);
	if (wire->item.hello.kshm_ctype == ZCL_CONN_NONE) {
		half->link.end = g_strdup("refused");
		half->link.class = ZTRACE_CLASS_BAD;
		return;
	}
	half->link.end =
		g_strdup_printf("UP v%u %s", wire->version,
				zcl_ctype_name(zcl_ctype_invert(wire->item.hello.kshm_ctype)));
	half->link.class = ZTRACE_CLASS_UP;
}

static guint new_half(struct ztrace_linker *linker, const struct ztrace_entry *entry)
{
	struct half half = {.link = {.from = ZTRACE_NO_LANE,
				     .to = ZTRACE_NO_LANE,
				     .time = entry->time,
				     .class = ZTRACE_CLASS_PLAIN}};

	if (entry->kind == ZTRACE_EVENT) {
		half.link.from = entry->event.active ? entry->lane : entry->other;
		half.link.to = entry->event.active ? entry->other : entry->lane;
	}
	g_array_append_val(linker->halves, half);
	return linker->halves->len;
}

guint ztrace_linker_conn(struct ztrace_linker *linker, const struct ztrace_entry *entry)
{
	const bool is_event = entry->kind == ZTRACE_EVENT;
	gpointer found;
	char *key;
	guint id;

	if (!is_event && entry->kind != ZTRACE_WIRE)
		return 0;
	if (is_event && entry->event.conn == 0)
		return 0;
	key = is_event ? g_strdup_printf("%u %" G_GUINT64_FORMAT, entry->lane, entry->event.conn)
		       : g_strdup_printf("stream %u", entry->wire->stream);
	found = g_hash_table_lookup(linker->known, key);
	/* A node that restarted counts from 1 again. */
	if (found == NULL || (is_event && (entry->event.kind == ZCL_EV_CONNECT ||
					   entry->event.kind == ZCL_EV_ACCEPT))) {
		id = new_half(linker, entry);
		g_hash_table_insert(linker->known, key, GUINT_TO_POINTER(id));
	} else {
		id = GPOINTER_TO_UINT(found);
		g_free(key);
	}
	if (is_event)
		note_end(half_at(linker, id), entry);
	else
		note_wire(half_at(linker, id), entry);
	return id;
}

bool ztrace_linker_fit(struct ztrace_linker *linker, guint a, guint b, bool join)
{
	if (a == 0 || b == 0)
		return a == b;
	if (half_at(linker, a)->partner != 0 || half_at(linker, b)->partner != 0)
		return half_at(linker, a)->partner == b && half_at(linker, b)->partner == a;
	if (join) {
		half_at(linker, a)->partner = b;
		half_at(linker, b)->partner = a;
	}
	return a != b;
}

/* What both sides know of a connection, in one. */
static void merge(struct ztrace_link *link, struct ztrace_link *other)
{
	link->from = link->from == ZTRACE_NO_LANE ? other->from : link->from;
	link->to = link->to == ZTRACE_NO_LANE ? other->to : link->to;
	link->time = MIN(link->time, other->time);
	/* The refusal is the refuser's to tell, and the passive side is up first. */
	if (link->end == NULL || other->class == ZTRACE_CLASS_BAD) {
		char *end = link->end;

		link->end = other->end;
		other->end = end;
		link->class = other->class;
	}
}

void ztrace_linker_finish(struct ztrace_linker *linker)
{
	struct ztrace_chart *chart = linker->chart;

	for (guint i = 0; i < chart->points->len; i++) {
		struct ztrace_point *point = ztrace_chart_at(chart, i);
		struct half *half, *partner;

		if (point->conn == 0)
			continue;
		half = half_at(linker, point->conn);
		if (half->number == 0) {
			g_array_append_val(chart->links, half->link);
			half->number = chart->links->len;
			half->link.end = NULL;
			partner = half->partner ? half_at(linker, half->partner) : NULL;
			if (partner) {
				merge(ztrace_chart_link(chart, half->number), &partner->link);
				partner->number = half->number;
			}
		}
		point->conn = half->number;
	}
	for (guint i = 0; i < linker->halves->len; i++)
		g_free(half_at(linker, i + 1)->link.end);
}
