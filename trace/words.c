/* SPDX-License-Identifier: MIT */
#include "trace/words.h"

#include <inttypes.h>
#include <string.h>

/*
 * Words for an event: {peer} is the other peer, {x} the field x; what stands in [ ] goes away when
 * a field in it is empty. An event that has no entry is written with all its fields.
 */
static const struct {
	enum zcl_event_kind kind;
	enum ztrace_shape shape;
	enum ztrace_class class;
	const char *words;
} table[] = {
	{ZCL_EV_CONNECT, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN,
	 "calls {peer}[ with {version}][ {ctype}]"},
	{ZCL_EV_ACCEPT, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN, "is called"},
	{ZCL_EV_HELLO_SENT, ZTRACE_SHAPE_SEND, ZTRACE_CLASS_HELLO, "HELLO {version}[ {ctype}]"},
	{ZCL_EV_HELLO_RECEIVED, ZTRACE_SHAPE_RECEIVE, ZTRACE_CLASS_HELLO,
	 "HELLO {version}[ {ctype}]"},
	{ZCL_EV_REFUSE, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "refuses {peer}[: {reason}]"},
	{ZCL_EV_REFUSED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "is refused by {peer}[: {reason}]"},
	{ZCL_EV_FALLBACK, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_RETRY, "falls back to {to}[ ({reason})]"},
	{ZCL_EV_RETRY, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_RETRY, "retries in {delay}[ ({reason})]"},
	{ZCL_EV_CONN_UP, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_UP,
	 "UP {version}[ {ctype}][, initiator {initiator}]"},
	{ZCL_EV_CONN_DOWN, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "DOWN[ {ctype}][: {error}]"},
	{ZCL_EV_ATTEMPT_FAILED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "attempt failed[: {error}]"},
	{ZCL_EV_STALE, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "sees that {peer} restarted"},
	{ZCL_EV_GIVE_UP, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN, "needs no more connections"},
	{ZCL_EV_MSG_QUEUED, ZTRACE_SHAPE_NONE, ZTRACE_CLASS_PLAIN, ""},
	{ZCL_EV_MSG_SENT, ZTRACE_SHAPE_SEND, ZTRACE_CLASS_LNET,
	 "{lnet-type}[ {length} B][, cookie {cookie}][, ZC-ACK {ack}][, {way}: {why}]"},
	{ZCL_EV_MSG_RECEIVED, ZTRACE_SHAPE_RECEIVE, ZTRACE_CLASS_LNET,
	 "{lnet-type}[ {length} B][, cookie {cookie}][, ZC-ACK {ack}]"},
	{ZCL_EV_NOOP_QUEUED, ZTRACE_SHAPE_NONE, ZTRACE_CLASS_PLAIN, ""},
	{ZCL_EV_NOOP_SENT, ZTRACE_SHAPE_SEND, ZTRACE_CLASS_NOOP, "NOOP, ZC-ACK {cookie}"},
	{ZCL_EV_NOOP_RECEIVED, ZTRACE_SHAPE_RECEIVE, ZTRACE_CLASS_NOOP, "NOOP, ZC-ACK {cookie}"},
	{ZCL_EV_WAITING, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN,
	 "{lnet-type} waits for a connection"},
	{ZCL_EV_COOKIE_GIVEN, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN, "ZC request, cookie {cookie}"},
	{ZCL_EV_ACK_PIGGYBACKED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN,
	 "ZC-ACK {cookie} rides on a message"},
	{ZCL_EV_NOOP_REPLACED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN,
	 "a message takes the NOOP's ZC-ACK {cookie}"},
	{ZCL_EV_ACKED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN, "cookie {cookie} is acknowledged"},
	{ZCL_EV_RELEASED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN, "buffer released[: {error}]"},
	{ZCL_EV_DELIVERED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_PLAIN,
	 "{lnet-type} delivered[, {length} B]"},
	{ZCL_EV_DROPPED, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "{lnet-type} dropped[: {error}]"},
	{ZCL_EV_PROTOCOL_ERROR, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "protocol error[: {error}]"},
	{ZCL_EV_CUT_OFF, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD,
	 "cuts {peer} off, which does not read[: {error}]"},
	{ZCL_EV_CUT_OFF, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD,
	 "cuts off {peer}, which asks and does not read"},
	{ZCL_EV_OVERDUE, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD,
	 "cookie {cookie} is not acknowledged in time"},
	{ZCL_EV_CALLER_LOST, ZTRACE_SHAPE_NOTE, ZTRACE_CLASS_BAD, "a caller is gone[: {error}]"},
};

static int find(enum zcl_event_kind kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		if (table[i].kind == kind)
			return (int)i;
	return -1;
}

static enum ztrace_shape event_shape(const struct ztrace_entry *entry)
{
	const int index = find(entry->event.kind);

	if (index < 0)
		return ZTRACE_SHAPE_NOTE;
	/* An arrow needs two ends. */
	if (entry->other == ZTRACE_NO_LANE && table[index].shape != ZTRACE_SHAPE_NONE)
		return ZTRACE_SHAPE_NOTE;
	return table[index].shape;
}

enum ztrace_shape ztrace_entry_shape(const struct ztrace_entry *entry)
{
	switch (entry->kind) {
	case ZTRACE_EVENT:
		return entry->lane == ZTRACE_NO_LANE ? ZTRACE_SHAPE_NONE : event_shape(entry);
	case ZTRACE_HELD:
		return ZTRACE_SHAPE_HELD;
	case ZTRACE_ACTION:
		return entry->lane == ZTRACE_NO_LANE ? ZTRACE_SHAPE_SCRIPT : ZTRACE_SHAPE_NOTE;
	case ZTRACE_WIRE:
		return ZTRACE_SHAPE_ACROSS;
	}
	g_assert_not_reached();
}

static enum ztrace_class event_class(const struct zcl_event *event)
{
	const int index = find(event->kind);

	if (index < 0)
		return ZTRACE_CLASS_PLAIN;
	if (table[index].class == ZTRACE_CLASS_HELLO && event->ctype == ZCL_CONN_NONE)
		return ZTRACE_CLASS_REFUSAL;
	if (table[index].class == ZTRACE_CLASS_LNET && event->cookie != 0)
		return ZTRACE_CLASS_ZC;
	return table[index].class;
}

static enum ztrace_class wire_class(const struct ztrace_wire *wire)
{
	switch (wire->kind) {
	case ZTRACE_WIRE_ACCEPT:
		return ZTRACE_CLASS_REQUEST;
	case ZTRACE_WIRE_HELLO:
		return wire->item.hello.kshm_ctype == ZCL_CONN_NONE ? ZTRACE_CLASS_REFUSAL
								    : ZTRACE_CLASS_HELLO;
	case ZTRACE_WIRE_NOOP:
		return ZTRACE_CLASS_NOOP;
	case ZTRACE_WIRE_LNET:
		return wire->item.ksm.ksm_zc_cookies[0] ? ZTRACE_CLASS_ZC : ZTRACE_CLASS_LNET;
	case ZTRACE_WIRE_RESET:
		return ZTRACE_CLASS_RESET;
	default:
		return ZTRACE_CLASS_CLOSE;
	}
}

enum ztrace_class ztrace_entry_class(const struct ztrace_entry *entry)
{
	switch (entry->kind) {
	case ZTRACE_EVENT:
		return event_class(&entry->event);
	case ZTRACE_WIRE:
		return wire_class(entry->wire);
	default:
		return ZTRACE_CLASS_SCRIPT;
	}
}

/* ---- words ---- */

void ztrace_words_time(GString *text, int64_t ns)
{
	if (ABS(ns) >= INT64_C(1000000000))
		g_string_append_printf(text, "%.3f s", (double)ns / 1e9);
	else
		g_string_append_printf(text, "%.3f ms", (double)ns / 1e6);
}

void ztrace_words_cookies(GString *text, uint64_t first, uint64_t second)
{
	if (first == 0 && second == ZCL_KEEPALIVE_COOKIE)
		g_string_append(text, "keepalive");
	else if (first == 0)
		g_string_append_printf(text, "ZC-ACK %" PRIu64, second);
	else if (first < second)
		g_string_append_printf(text, "ZC-ACKs %" PRIu64 " to %" PRIu64, first, second);
	else
		g_string_append_printf(text, "ZC-ACKs %" PRIu64 ", %" PRIu64, first, second);
}

static const char *lane_name(const struct ztrace_log *log, unsigned lane)
{
	return lane == ZTRACE_NO_LANE ? "somebody" : ztrace_log_lane_at(log, lane)->name;
}

/* Appends the value of {name}; false when it is empty. */
static bool append_value(GString *text, const struct ztrace_log *log,
			 const struct ztrace_entry *entry, const char *name)
{
	char value[64] = "";

	if (strcmp(name, "peer") == 0) {
		g_string_append(text, lane_name(log, entry->other));
		return true;
	}
	if (strcmp(name, "initiator") == 0 && entry->other != ZTRACE_NO_LANE) {
		g_string_append(text,
				lane_name(log, entry->event.active ? entry->lane : entry->other));
		return true;
	}
	if (strcmp(name, "delay") == 0) {
		ztrace_words_time(text, entry->event.delay);
		return true;
	}
	if (!zcl_event_field(&entry->event, name, value, sizeof(value)) || *value == '\0' ||
	    strcmp(value, "0") == 0)
		return false;
	g_string_append(text, value);
	return true;
}

static void expand(GString *text, const struct ztrace_log *log, const struct ztrace_entry *entry,
		   const char *words)
{
	gsize option = 0; /* length of the text where a [ began */
	bool complete = true;

	for (const char *c = words; *c; c++) {
		const char *end;
		char name[32];

		if (*c == '[') {
			option = text->len;
			complete = true;
		} else if (*c == ']') {
			if (!complete)
				g_string_truncate(text, option);
		} else if (*c == '{') {
			end = strchr(c, '}');
			g_strlcpy(name, c + 1, MIN(sizeof(name), (size_t)(end - c)));
			complete &= append_value(text, log, entry, name);
			c = end;
		} else {
			g_string_append_c(text, *c);
		}
	}
}

/* An event that the table does not know: its name and what it says. */
static void spell_out(GString *text, const struct ztrace_log *log, const struct ztrace_entry *entry)
{
	char value[64];

	g_string_append(text, zcl_event_name(entry->event.kind));
	if (entry->other != ZTRACE_NO_LANE)
		g_string_append_printf(text, " %s", lane_name(log, entry->other));
	for (const char *const *name = zcl_event_fields(); *name; name++) {
		if (strcmp(*name, "conn") != 0 &&
		    zcl_event_field(&entry->event, *name, value, sizeof(value)) && *value)
			g_string_append_printf(text, " %s=%s", *name, value);
	}
}

static void message_words(GString *text, const struct zcl_rx_item *item)
{
	g_string_append(text, zcl_lnet_type_name(item->hdr.type));
	if (item->hdr.payload_length)
		g_string_append_printf(text, " %" PRIu32 " B", item->hdr.payload_length);
	if (item->ksm.ksm_zc_cookies[0])
		g_string_append_printf(text, ", cookie %" PRIu64, item->ksm.ksm_zc_cookies[0]);
	if (item->ksm.ksm_zc_cookies[1])
		g_string_append_printf(text, ", ZC-ACK %" PRIu64, item->ksm.ksm_zc_cookies[1]);
}

static void wire_words(GString *text, const struct ztrace_wire *wire)
{
	const struct zcl_rx_item *item = &wire->item;

	switch (wire->kind) {
	case ZTRACE_WIRE_ACCEPT:
		g_string_append(text, "acceptor request");
		break;
	case ZTRACE_WIRE_HELLO:
		g_string_append_printf(text, "HELLO v%" PRIu32 " %s", wire->version,
				       zcl_ctype_name(item->hello.kshm_ctype));
		break;
	case ZTRACE_WIRE_NOOP:
		g_string_append(text, "NOOP, ");
		ztrace_words_cookies(text, item->ksm.ksm_zc_cookies[0],
				     item->ksm.ksm_zc_cookies[1]);
		break;
	case ZTRACE_WIRE_LNET:
		message_words(text, item);
		break;
	case ZTRACE_WIRE_RESET:
		g_string_append(text, "RST");
		break;
	default:
		g_string_append(text, "FIN");
		break;
	}
}

void ztrace_entry_label(GString *text, const struct ztrace_log *log,
			const struct ztrace_entry *entry)
{
	int index;

	switch (entry->kind) {
	case ZTRACE_HELD:
		g_string_append_printf(text, "%s held", entry->text);
		break;
	case ZTRACE_ACTION:
		g_string_append_printf(text, "(%s)", entry->text);
		break;
	case ZTRACE_WIRE:
		wire_words(text, entry->wire);
		break;
	case ZTRACE_EVENT:
		index = find(entry->event.kind);
		if (index >= 0)
			expand(text, log, entry, table[index].words);
		else
			spell_out(text, log, entry);
		break;
	}
}

static bool is_received(const struct zcl_event *a, const struct zcl_event *b)
{
	const bool hello = a->kind == ZCL_EV_HELLO_SENT && b->kind == ZCL_EV_HELLO_RECEIVED;
	const bool kinds = hello ||
			   (a->kind == ZCL_EV_MSG_SENT && b->kind == ZCL_EV_MSG_RECEIVED) ||
			   (a->kind == ZCL_EV_NOOP_SENT && b->kind == ZCL_EV_NOOP_RECEIVED);

	return kinds && a->version == b->version && a->lnet_type == b->lnet_type &&
	       a->length == b->length && a->cookie == b->cookie &&
	       (!hello || (a->ctype == b->ctype && a->incarnation == b->incarnation));
}

bool ztrace_entry_pairs(const struct ztrace_entry *sent, const struct ztrace_entry *received)
{
	const struct zcl_event *a = &sent->event, *b = &received->event;

	if (sent->lane != received->other || sent->other != received->lane)
		return false;
	if (sent->lane != received->lane && a->active == b->active)
		return false;
	return is_received(a, b);
}
