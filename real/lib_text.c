/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include <string.h>

/* Names, texts and small conversions; and that this header's numbers are the core's. */

#define SAME(ours, cores) _Static_assert((int)(ours) == (int)(cores), #ours)

SAME(ZCLND_OK, ZCL_OK);
SAME(ZCLND_E_BAD_MAGIC, ZCL_E_BAD_MAGIC);
SAME(ZCLND_E_BAD_ACCEPTOR_VERSION, ZCL_E_BAD_ACCEPTOR_VERSION);
SAME(ZCLND_E_WRONG_NID, ZCL_E_WRONG_NID);
SAME(ZCLND_E_UNKNOWN_VERSION, ZCL_E_UNKNOWN_VERSION);
SAME(ZCLND_E_BAD_HELLO_TYPE, ZCL_E_BAD_HELLO_TYPE);
SAME(ZCLND_E_TOO_MANY_IPS, ZCL_E_TOO_MANY_IPS);
SAME(ZCLND_E_ZERO_IP, ZCL_E_ZERO_IP);
SAME(ZCLND_E_ANY_NID, ZCL_E_ANY_NID);
SAME(ZCLND_E_BAD_CTYPE, ZCL_E_BAD_CTYPE);
SAME(ZCLND_E_BAD_KSM_TYPE, ZCL_E_BAD_KSM_TYPE);
SAME(ZCLND_E_BAD_CHECKSUM, ZCL_E_BAD_CHECKSUM);
SAME(ZCLND_E_BAD_LNET_TYPE, ZCL_E_BAD_LNET_TYPE);
SAME(ZCLND_E_PAYLOAD_TOO_LONG, ZCL_E_PAYLOAD_TOO_LONG);
SAME(ZCLND_E_BAD_COOKIE, ZCL_E_BAD_COOKIE);
SAME(ZCLND_E_BAD_SRC_NID, ZCL_E_BAD_SRC_NID);
SAME(ZCLND_E_BAD_DEST_NID, ZCL_E_BAD_DEST_NID);
SAME(ZCLND_E_EOF, ZCL_E_EOF);
SAME(ZCLND_E_RESET, ZCL_E_RESET);
SAME(ZCLND_E_REFUSED, ZCL_E_REFUSED);
SAME(ZCLND_E_UNREACHABLE, ZCL_E_UNREACHABLE);
SAME(ZCLND_E_TIMEDOUT, ZCL_E_TIMEDOUT);
SAME(ZCLND_E_IO, ZCL_E_IO);
SAME(ZCLND_E_RACE, ZCL_E_RACE);
SAME(ZCLND_E_VERSION, ZCL_E_VERSION);
SAME(ZCLND_E_FICKLE, ZCL_E_FICKLE);
SAME(ZCLND_E_STALE, ZCL_E_STALE);
SAME(ZCLND_E_DUPLICATE, ZCL_E_DUPLICATE);
SAME(ZCLND_E_SHUTDOWN, ZCL_E_SHUTDOWN);
SAME(ZCLND_E_ABORTED, ZCL_E_ABORTED);
SAME(ZCLND_E_INVALID, ZCL_E_INVALID);
SAME(ZCLND_E_LIMIT, ZCL_E_LIMIT);
SAME(ZCLND_E_NO_MATCH, ZCL_E_NO_MATCH);
SAME(ZCLND_E_NOT_FOUND, ZCL_E_NOT_FOUND);
SAME(ZCLND_E_SYNTAX, ZCL_E_SYNTAX);
SAME(ZCLND_ERR_LAST, ZCL_ERR_LAST);

SAME(ZCLND_EV_SEND, ZCL_LNET_EV_SEND);
SAME(ZCLND_EV_ACK, ZCL_LNET_EV_ACK);
SAME(ZCLND_EV_REPLY, ZCL_LNET_EV_REPLY);
SAME(ZCLND_EV_PUT, ZCL_LNET_EV_PUT);
SAME(ZCLND_EV_GET, ZCL_LNET_EV_GET);

SAME(ZCLND_MD_PUT, ZCL_MD_PUT);
SAME(ZCLND_MD_GET, ZCL_MD_GET);
SAME(ZCLND_MD_TRUNCATE, ZCL_MD_TRUNCATE);
SAME(ZCLND_MD_REMOTE_OFFSET, ZCL_MD_REMOTE_OFFSET);
SAME(ZCLND_MD_NO_ACK, ZCL_MD_NO_ACK);

SAME(ZCLND_RESERVED_AUTO, ZREAL_RESERVED_AUTO);
SAME(ZCLND_RESERVED_ALWAYS, ZREAL_RESERVED_ALWAYS);
SAME(ZCLND_RESERVED_NEVER, ZREAL_RESERVED_NEVER);

SAME(ZCLND_ACCEPT_ALL, ZREAL_ACCEPT_ALL);
SAME(ZCLND_ACCEPT_SECURE, ZREAL_ACCEPT_SECURE);

SAME(ZCLND_NOTE_UNRESERVED, ZREAL_NOTE_UNRESERVED);
SAME(ZCLND_NOTE_LIMIT, ZREAL_NOTE_LIMIT);
SAME(ZCLND_NOTE_FILES, ZREAL_NOTE_FILES);
SAME(ZCLND_NOTE_NOT_PERMITTED, ZREAL_NOTE_NOT_PERMITTED);
SAME(ZCLND_NOTE_PORTS_IN_USE, ZREAL_NOTE_PORTS_IN_USE);

SAME(ZCLND_WAY_COPY, ZWAY_COPY);
SAME(ZCLND_WAY_ZEROCOPY, ZWAY_ZEROCOPY);
SAME(ZCLND_WAY_SPLICE, ZWAY_SPLICE);
SAME(ZCLND_WAY_AUTO, ZWAY_AUTO);
SAME(ZCLND_WAY_LAST, ZWAY_LAST);

SAME(ZCLND_PORTALS, ZCL_LNET_PORTALS);
SAME(ZCLND_MAX_IOV, ZCL_LNET_MAX_IOV);
SAME(ZCLND_PING_MAX_NIS, ZCL_PING_MAX_NIS);
SAME(ZCLND_NID_STRLEN, ZCL_NID_STRLEN);
SAME(ZCLND_ADDR_STRLEN, ZSOCK_TEXT_MAX);
SAME(ZCLND_PORT, ZSOCK_PORT);
_Static_assert(ZCLND_NI_UP == ZCL_NI_UP && ZCLND_NI_DOWN == ZCL_NI_DOWN, "NI status");
_Static_assert(ZCLND_MTU == ZCL_LNET_MTU, "MTU");
_Static_assert(ZCLND_NID_ANY == ZCL_NID_ANY && ZCLND_NID_LO == ZCL_NID_LO, "NIDs");

const char *zclnd_version(void)
{
	return PACKAGE_VERSION;
}

const char *zclnd_err_name(enum zclnd_err err)
{
	return zcl_err_name((enum zcl_err)err);
}

const char *zclnd_strerror(enum zclnd_err err)
{
	return zcl_strerror((enum zcl_err)err);
}

/* ---- NIDs and addresses ------------------------------------------------------------- */

zclnd_nid zclnd_nid_tcp(uint32_t addr, uint16_t number)
{
	return zcl_nid_tcp(addr, number);
}

uint32_t zclnd_nid_addr(zclnd_nid nid)
{
	return zcl_nid_addr(nid);
}

uint16_t zclnd_nid_number(zclnd_nid nid)
{
	return zcl_nid_net_number(nid);
}

enum zclnd_err zclnd_nid_parse(const char *text, zclnd_nid *nid)
{
	zcl_nid parsed;

	if (zcl_nid_parse(text, &parsed) != ZCL_OK || parsed == ZCL_NID_ANY ||
	    zcl_nid_net_type(parsed) != ZCL_NET_TCP)
		return ZCLND_E_SYNTAX;
	*nid = parsed;
	return ZCLND_OK;
}

char *zclnd_nid_format(zclnd_nid nid, char *buf, size_t size)
{
	return zcl_nid_format(nid, buf, size);
}

zclnd_nid zclnd_nid_default(void)
{
	return zsock_default_nid();
}

enum zclnd_err zclnd_addr_parse(const char *text, struct sockaddr_in *addr)
{
	struct sockaddr_in parsed = *addr;

	if (!zsock_parse(text, &parsed))
		return ZCLND_E_SYNTAX;
	*addr = parsed;
	return ZCLND_OK;
}

char *zclnd_addr_format(const struct sockaddr_in *addr, char *buf, size_t size)
{
	char text[ZSOCK_TEXT_MAX];

	g_strlcpy(buf, zsock_format(addr, text), size);
	return buf;
}

/* ---- ways --------------------------------------------------------------------------- */

const char *zclnd_way_name(enum zclnd_way way)
{
	return zway_name((enum zway)way);
}

enum zclnd_err zclnd_way_parse(const char *text, enum zclnd_way *way)
{
	enum zway parsed;

	if (!zway_parse(text, &parsed))
		return ZCLND_E_SYNTAX;
	*way = (enum zclnd_way)parsed;
	return ZCLND_OK;
}

/* ---- traces ------------------------------------------------------------------------- */

int64_t zclnd_trace_time(const struct zclnd_trace *trace)
{
	return trace->event->time;
}

zclnd_nid zclnd_trace_self(const struct zclnd_trace *trace)
{
	return trace->event->self;
}

zclnd_nid zclnd_trace_peer(const struct zclnd_trace *trace)
{
	return trace->event->peer;
}

bool zclnd_trace_remote(const struct zclnd_trace *trace, struct sockaddr_in *addr)
{
	const struct zcl_event *event = trace->event;

	/* While an NI is being made there is no node yet. */
	if (!trace->node)
		return false;
	if (event->conn != 0 && zreal_node_remote(trace->node, event->conn, addr))
		return true;
	return event->peer != ZCL_NID_ANY && zreal_node_peer(trace->node, event->peer, addr);
}

const char *zclnd_trace_name(const struct zclnd_trace *trace)
{
	return zcl_event_name(trace->event->kind);
}

bool zclnd_trace_field(const struct zclnd_trace *trace, const char *field, char *buf, size_t size)
{
	return zcl_event_field(trace->event, field, buf, size);
}

const char *const *zclnd_trace_fields(void)
{
	return zcl_event_fields();
}
