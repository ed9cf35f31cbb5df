/* SPDX-License-Identifier: MIT */
#include "scenarios/ladder_words.h"

#include <string.h>

#include "scenarios/words.h"

/*
 * Words for an event: {peer} is the other peer, {x} the field x; what stands in [ ] goes away when
 * a field in it is empty. An event that has no entry is written as the script language writes it.
 */
static const struct {
	enum zcl_event_kind kind;
	enum zrace_shape shape;
	const char *words;
} table[] = {
	{ZCL_EV_CONNECT, ZRACE_SHAPE_NOTE, "calls {peer}[ with {version}][ {ctype}]"},
	{ZCL_EV_ACCEPT, ZRACE_SHAPE_NOTE, "is called"},
	{ZCL_EV_HELLO_SENT, ZRACE_SHAPE_SEND, "HELLO {version}[ {ctype}]"},
	{ZCL_EV_HELLO_RECEIVED, ZRACE_SHAPE_RECEIVE, "HELLO {version}[ {ctype}]"},
	{ZCL_EV_REFUSE, ZRACE_SHAPE_NOTE, "refuses {peer}[: {reason}]"},
	{ZCL_EV_REFUSED, ZRACE_SHAPE_NOTE, "is refused by {peer}[: {reason}]"},
	{ZCL_EV_FALLBACK, ZRACE_SHAPE_NOTE, "falls back to {to}[ ({reason})]"},
	{ZCL_EV_RETRY, ZRACE_SHAPE_NOTE, "retries in {delay}[ ({reason})]"},
	{ZCL_EV_CONN_UP, ZRACE_SHAPE_NOTE, "UP {version}[ {ctype}][, initiator {initiator}]"},
	{ZCL_EV_CONN_DOWN, ZRACE_SHAPE_NOTE, "DOWN[ {ctype}][: {error}]"},
	{ZCL_EV_ATTEMPT_FAILED, ZRACE_SHAPE_NOTE, "attempt failed[: {error}]"},
	{ZCL_EV_STALE, ZRACE_SHAPE_NOTE, "sees that {peer} restarted"},
	{ZCL_EV_GIVE_UP, ZRACE_SHAPE_NOTE, "needs no more connections"},
	{ZCL_EV_MSG_QUEUED, ZRACE_SHAPE_NONE, ""},
	{ZCL_EV_MSG_SENT, ZRACE_SHAPE_SEND,
	 "{lnet-type}[ {length} B][ cookie {cookie}][ ack {ack}]"},
	{ZCL_EV_MSG_RECEIVED, ZRACE_SHAPE_RECEIVE,
	 "{lnet-type}[ {length} B][ cookie {cookie}][ ack {ack}]"},
	{ZCL_EV_NOOP_QUEUED, ZRACE_SHAPE_NONE, ""},
	{ZCL_EV_NOOP_SENT, ZRACE_SHAPE_SEND, "NOOP ack {cookie}"},
	{ZCL_EV_NOOP_RECEIVED, ZRACE_SHAPE_RECEIVE, "NOOP ack {cookie}"},
	{ZCL_EV_WAITING, ZRACE_SHAPE_NOTE, "{lnet-type} waits for a connection"},
	{ZCL_EV_COOKIE_GIVEN, ZRACE_SHAPE_NOTE, "ZC request, cookie {cookie}"},
	{ZCL_EV_ACK_PIGGYBACKED, ZRACE_SHAPE_NOTE, "ZC-ACK {cookie} rides on a message"},
	{ZCL_EV_NOOP_REPLACED, ZRACE_SHAPE_NOTE, "a message takes the NOOP's ZC-ACK {cookie}"},
	{ZCL_EV_ACKED, ZRACE_SHAPE_NOTE, "cookie {cookie} is acknowledged"},
	{ZCL_EV_RELEASED, ZRACE_SHAPE_NOTE, "buffer released[: {error}]"},
	{ZCL_EV_DELIVERED, ZRACE_SHAPE_NOTE, "{lnet-type} delivered[, {length} B]"},
	{ZCL_EV_DROPPED, ZRACE_SHAPE_NOTE, "{lnet-type} dropped[: {error}]"},
	{ZCL_EV_PROTOCOL_ERROR, ZRACE_SHAPE_NOTE, "protocol error[: {error}]"},
	{ZCL_EV_OVERDUE, ZRACE_SHAPE_NOTE, "cookie {cookie} is not acknowledged in time"},
	{ZCL_EV_CALLER_LOST, ZRACE_SHAPE_NOTE, "a caller is gone[: {error}]"},
};

static int find(enum zcl_event_kind kind)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		if (table[i].kind == kind)
			return (int)i;
	return -1;
}

enum zrace_shape zrace_record_shape(const struct zrace_record *record)
{
	int index;

	if (record->kind == ZRACE_REC_HELD)
		return ZRACE_SHAPE_HELD;
	if (record->kind == ZRACE_REC_ACTION)
		return record->peer == ZRACE_ANY_PEER ? ZRACE_SHAPE_SCRIPT : ZRACE_SHAPE_NOTE;
	index = find(record->event.kind);
	if (index < 0)
		return ZRACE_SHAPE_NOTE;
	/* An arrow needs two ends. */
	if (record->other == ZRACE_ANY_PEER && table[index].shape != ZRACE_SHAPE_NONE)
		return ZRACE_SHAPE_NOTE;
	return table[index].shape;
}

/* Appends the value of {name}; false when it is empty. */
static bool append_value(GString *text, const struct zrace_script *script,
			 const struct zrace_record *record, const char *name)
{
	char value[64] = "";

	if (strcmp(name, "peer") == 0) {
		g_string_append(text, record->other == ZRACE_ANY_PEER
					      ? "somebody"
					      : script->peers[record->other].name);
		return true;
	}
	if (strcmp(name, "initiator") == 0 && record->other != ZRACE_ANY_PEER) {
		unsigned by = record->event.active ? record->peer : record->other;

		g_string_append(text, script->peers[by].name);
		return true;
	}
	if (strcmp(name, "delay") == 0) {
		zrace_words_time(text, record->event.delay);
		return true;
	}
	if (!zcl_event_field(&record->event, name, value, sizeof(value)) || *value == '\0' ||
	    strcmp(value, "0") == 0)
		return false;
	g_string_append(text, value);
	return true;
}

static void expand(GString *text, const struct zrace_script *script,
		   const struct zrace_record *record, const char *words)
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
			complete &= append_value(text, script, record, name);
			c = end;
		} else {
			g_string_append_c(text, *c);
		}
	}
}

void zrace_record_label(GString *text, const struct zrace_script *script,
			const struct zrace_record *record)
{
	int index;

	if (record->kind == ZRACE_REC_HELD) {
		zrace_words_units(text, record->unit);
		g_string_append(text, " held");
		return;
	}
	if (record->kind == ZRACE_REC_ACTION) {
		g_string_append_printf(text, "(%s)", record->text);
		return;
	}
	index = find(record->event.kind);
	if (index >= 0) {
		expand(text, script, record, table[index].words);
		return;
	}
	zrace_words_record(text, script, record);
	/* The column says whose it is. */
	if (record->peer != ZRACE_ANY_PEER)
		g_string_erase(text, 0, (gssize)strlen(script->peers[record->peer].name) + 1);
}

bool zrace_record_pairs(const struct zrace_record *sent, const struct zrace_record *received)
{
	const struct zcl_event *a = &sent->event, *b = &received->event;
	bool kinds = (a->kind == ZCL_EV_HELLO_SENT && b->kind == ZCL_EV_HELLO_RECEIVED) ||
		     (a->kind == ZCL_EV_MSG_SENT && b->kind == ZCL_EV_MSG_RECEIVED) ||
		     (a->kind == ZCL_EV_NOOP_SENT && b->kind == ZCL_EV_NOOP_RECEIVED);

	return kinds && sent->peer == received->other && sent->other == received->peer &&
	       a->version == b->version && a->lnet_type == b->lnet_type && a->length == b->length &&
	       a->cookie == b->cookie;
}
