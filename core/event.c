/* SPDX-License-Identifier: MIT */
#include "core/event.h"

#include <glib.h>
#include <string.h>

#include "core/wire.h"

static const char *const names[] = {
	[ZCL_EV_CONNECT] = "connect",
	[ZCL_EV_ACCEPT] = "accept",
	[ZCL_EV_HELLO_SENT] = "hello-sent",
	[ZCL_EV_HELLO_RECEIVED] = "hello-received",
	[ZCL_EV_REFUSE] = "refuse",
	[ZCL_EV_REFUSED] = "refused",
	[ZCL_EV_FALLBACK] = "fallback",
	[ZCL_EV_RETRY] = "retry",
	[ZCL_EV_CONN_UP] = "up",
	[ZCL_EV_CONN_DOWN] = "down",
	[ZCL_EV_ATTEMPT_FAILED] = "failed",
	[ZCL_EV_STALE] = "stale",
	[ZCL_EV_GIVE_UP] = "give-up",
	[ZCL_EV_MSG_QUEUED] = "queued",
	[ZCL_EV_MSG_SENT] = "sent",
	[ZCL_EV_MSG_RECEIVED] = "received",
	[ZCL_EV_COOKIE_GIVEN] = "cookie",
	[ZCL_EV_ACK_PIGGYBACKED] = "piggyback",
	[ZCL_EV_NOOP_QUEUED] = "noop-queued",
	[ZCL_EV_NOOP_REPLACED] = "noop-replaced",
	[ZCL_EV_NOOP_SENT] = "noop-sent",
	[ZCL_EV_NOOP_RECEIVED] = "noop-received",
	[ZCL_EV_ACKED] = "acked",
	[ZCL_EV_RELEASED] = "released",
	[ZCL_EV_DELIVERED] = "delivered",
	[ZCL_EV_DROPPED] = "dropped",
	[ZCL_EV_WAITING] = "waiting",
	[ZCL_EV_PROTOCOL_ERROR] = "protocol-error",
	[ZCL_EV_CUT_OFF] = "cut-off",
	[ZCL_EV_OVERDUE] = "overdue",
	[ZCL_EV_CALLER_LOST] = "caller-lost",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == ZCL_EV_LAST);

static const char *const reasons[] = {
	[ZCL_REASON_NONE] = "none",	  [ZCL_REASON_RACE] = "race",
	[ZCL_REASON_VERSION] = "version", [ZCL_REASON_DUPLICATE] = "duplicate",
	[ZCL_REASON_STALE] = "stale",	  [ZCL_REASON_RESET] = "reset",
	[ZCL_REASON_TOLD] = "told",	  [ZCL_REASON_GUESSED] = "guessed",
	[ZCL_REASON_LIMIT] = "limit",
};
G_STATIC_ASSERT(G_N_ELEMENTS(reasons) == ZCL_REASON_LAST);

const char *zcl_event_name(enum zcl_event_kind kind)
{
	return (unsigned)kind < ZCL_EV_LAST ? names[kind] : "?";
}

enum zcl_event_kind zcl_event_kind_of(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum zcl_event_kind)i;
	}
	return ZCL_EV_LAST;
}

const char *zcl_reason_name(enum zcl_reason reason)
{
	return (unsigned)reason < ZCL_REASON_LAST ? reasons[reason] : "?";
}

enum field {
	F_VERSION,
	F_TO,
	F_CTYPE,
	F_INITIATOR,
	F_REASON,
	F_ERROR,
	F_LNET_TYPE,
	F_LENGTH,
	F_COOKIE,
	F_ACK,
	F_INCARNATION,
	F_DELAY,
	F_CONN,
	F_WAY,
	F_WHY,
	F_LAST
};

static const char *const field_names[] = {
	[F_VERSION] = "version",
	[F_TO] = "to",
	[F_CTYPE] = "ctype",
	[F_INITIATOR] = "initiator",
	[F_REASON] = "reason",
	[F_ERROR] = "error",
	[F_LNET_TYPE] = "lnet-type",
	[F_LENGTH] = "length",
	[F_COOKIE] = "cookie",
	[F_ACK] = "ack",
	[F_INCARNATION] = "incarnation",
	[F_DELAY] = "delay",
	[F_CONN] = "conn",
	[F_WAY] = "way",
	[F_WHY] = "why",
	[F_LAST] = NULL,
};

const char *const *zcl_event_fields(void)
{
	return field_names;
}

static void put_number(char *buf, size_t size, uint64_t value)
{
	g_snprintf(buf, (gulong)size, "%" G_GUINT64_FORMAT, value);
}

static void put_text(char *buf, size_t size, const char *text)
{
	g_strlcpy(buf, text, size);
}

static bool has_length(enum zcl_event_kind kind)
{
	switch (kind) {
	case ZCL_EV_MSG_QUEUED:
	case ZCL_EV_MSG_SENT:
	case ZCL_EV_MSG_RECEIVED:
	case ZCL_EV_COOKIE_GIVEN:
	case ZCL_EV_RELEASED:
	case ZCL_EV_DELIVERED:
	case ZCL_EV_DROPPED:
	case ZCL_EV_WAITING:
	case ZCL_EV_CUT_OFF:
		return true;
	default:
		return false;
	}
}

static void put_ctype(const struct zcl_event *ev, char *buf, size_t size)
{
	bool applies = ev->kind == ZCL_EV_CONNECT || ev->kind == ZCL_EV_HELLO_SENT ||
		       ev->kind == ZCL_EV_HELLO_RECEIVED || ev->ctype != ZCL_CONN_NONE;

	if (applies)
		put_text(buf, size, zcl_ctype_name(ev->ctype));
}

/* A field that is a name; NULL: it is none, or does not apply. */
static const char *name_of(const struct zcl_event *ev, enum field field)
{
	switch (field) {
	case F_INITIATOR:
		if (ev->kind != ZCL_EV_CONN_UP && ev->kind != ZCL_EV_CONN_DOWN)
			return NULL;
		return ev->active ? "self" : "peer";
	case F_REASON:
		return ev->reason != ZCL_REASON_NONE ? zcl_reason_name(ev->reason) : NULL;
	case F_ERROR:
		return ev->error != ZCL_OK ? zcl_err_name(ev->error) : NULL;
	case F_LNET_TYPE:
		return ev->lnet_type != UINT32_MAX ? zcl_lnet_type_name(ev->lnet_type) : NULL;
	case F_WAY:
		return ev->why != ZCL_WHY_NONE ? zcl_way_name(ev->way) : NULL;
	case F_WHY:
		return ev->why != ZCL_WHY_NONE ? zcl_why_name(ev->why) : NULL;
	default:
		return NULL;
	}
}

/* A field that is a number from 1; 0: it is none, or does not apply. */
static uint64_t number_of(const struct zcl_event *ev, enum field field)
{
	switch (field) {
	case F_COOKIE:
		return ev->cookie;
	case F_ACK:
		return ev->ack;
	case F_INCARNATION:
		return ev->incarnation;
	case F_CONN:
		return ev->conn;
	default:
		return 0;
	}
}

static void put_field(const struct zcl_event *ev, enum field field, char *buf, size_t size)
{
	const char *name = name_of(ev, field);
	const uint64_t number = number_of(ev, field);

	switch (field) {
	case F_VERSION:
	case F_TO:
		if (ev->version != 0 && (field == F_VERSION || ev->kind == ZCL_EV_FALLBACK))
			g_snprintf(buf, (gulong)size, "v%u", ev->version);
		break;
	case F_CTYPE:
		put_ctype(ev, buf, size);
		break;
	case F_LENGTH:
		if (has_length(ev->kind))
			put_number(buf, size, ev->length);
		break;
	case F_DELAY:
		if (ev->kind == ZCL_EV_RETRY)
			g_snprintf(buf, (gulong)size, "%" G_GINT64_FORMAT, ev->delay);
		break;
	default:
		if (name)
			put_text(buf, size, name);
		else if (number != 0)
			put_number(buf, size, number);
		break;
	}
}

bool zcl_event_field(const struct zcl_event *ev, const char *field, char *buf, size_t size)
{
	g_assert(size >= 32);
	buf[0] = '\0';
	for (int i = 0; i < F_LAST; i++) {
		if (strcmp(field_names[i], field) == 0) {
			put_field(ev, (enum field)i, buf, size);
			return true;
		}
	}
	return false;
}

#define HAS(field)  (1u << F_##field)
#define HAS_CONN    (HAS(VERSION) | HAS(CTYPE) | HAS(CONN))
#define HAS_MESSAGE (HAS_CONN | HAS(LNET_TYPE) | HAS(LENGTH))

static const uint32_t fields_of[] = {
	[ZCL_EV_CONNECT] = HAS_CONN,
	[ZCL_EV_ACCEPT] = HAS(CONN),
	[ZCL_EV_HELLO_SENT] = HAS_CONN | HAS(INCARNATION),
	[ZCL_EV_HELLO_RECEIVED] = HAS_CONN | HAS(INCARNATION),
	[ZCL_EV_REFUSE] = HAS(VERSION) | HAS(CONN) | HAS(REASON),
	[ZCL_EV_REFUSED] = HAS(VERSION) | HAS(REASON),
	[ZCL_EV_FALLBACK] = HAS(VERSION) | HAS(TO) | HAS(REASON),
	[ZCL_EV_RETRY] = HAS(REASON) | HAS(DELAY),
	[ZCL_EV_CONN_UP] = HAS_CONN | HAS(INITIATOR),
	[ZCL_EV_CONN_DOWN] = HAS_CONN | HAS(INITIATOR) | HAS(ERROR),
	[ZCL_EV_ATTEMPT_FAILED] = HAS(ERROR),
	[ZCL_EV_STALE] = HAS(INCARNATION),
	[ZCL_EV_GIVE_UP] = 0,
	[ZCL_EV_MSG_QUEUED] = HAS_MESSAGE | HAS(COOKIE) | HAS(ACK),
	[ZCL_EV_MSG_SENT] = HAS_MESSAGE | HAS(COOKIE) | HAS(ACK) | HAS(WAY) | HAS(WHY),
	[ZCL_EV_MSG_RECEIVED] = HAS_MESSAGE | HAS(COOKIE) | HAS(ACK),
	[ZCL_EV_COOKIE_GIVEN] = HAS_MESSAGE | HAS(COOKIE),
	[ZCL_EV_ACK_PIGGYBACKED] = HAS_CONN | HAS(COOKIE),
	[ZCL_EV_NOOP_QUEUED] = HAS_CONN | HAS(COOKIE),
	[ZCL_EV_NOOP_REPLACED] = HAS_CONN | HAS(COOKIE),
	[ZCL_EV_NOOP_SENT] = HAS_CONN | HAS(COOKIE),
	[ZCL_EV_NOOP_RECEIVED] = HAS_CONN | HAS(COOKIE),
	[ZCL_EV_ACKED] = HAS_CONN | HAS(COOKIE),
	[ZCL_EV_RELEASED] = HAS_MESSAGE | HAS(COOKIE) | HAS(ERROR),
	[ZCL_EV_DELIVERED] = HAS_MESSAGE,
	[ZCL_EV_DROPPED] = HAS_MESSAGE | HAS(ERROR),
	[ZCL_EV_WAITING] = HAS(LNET_TYPE) | HAS(LENGTH),
	[ZCL_EV_PROTOCOL_ERROR] = HAS_CONN | HAS(ERROR),
	[ZCL_EV_CUT_OFF] = HAS(LENGTH) | HAS(ERROR),
	[ZCL_EV_OVERDUE] = HAS(COOKIE),
	[ZCL_EV_CALLER_LOST] = HAS(CONN) | HAS(ERROR),
};
G_STATIC_ASSERT(G_N_ELEMENTS(fields_of) == ZCL_EV_LAST);

bool zcl_event_has(enum zcl_event_kind kind, const char *field)
{
	for (int i = 0; i < F_LAST && (unsigned)kind < ZCL_EV_LAST; i++)
		if (strcmp(field_names[i], field) == 0)
			return (fields_of[kind] & 1u << i) != 0;
	return false;
}
