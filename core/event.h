/* SPDX-License-Identifier: MIT */
#ifndef ZCL_EVENT_H
#define ZCL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/nid.h"
#include "core/way.h"

/*
 * Everything that is seen from outside: traces, script expectations, metrics and plots all come
 * from this one enum. Each kind has a name (zcl_event_name) and fields (zcl_event_field).
 */
enum zcl_event_kind {
	/* Connecting (HLD 4.2.3, 4.2.4; wire notes 5). */
	ZCL_EV_CONNECT,	       /* "connect": an attempt starts: version, ctype */
	ZCL_EV_ACCEPT,	       /* "accept": a TCP connection came in (peer unknown yet) */
	ZCL_EV_HELLO_SENT,     /* "hello-sent": version, ctype */
	ZCL_EV_HELLO_RECEIVED, /* "hello-received": version, ctype, incarnation */
	ZCL_EV_REFUSE,	       /* "refuse": the passive side refuses: reason, version, ctype */
	ZCL_EV_REFUSED,	  /* "refused": the active side is refused: reason, version (the peer's) */
	ZCL_EV_FALLBACK,  /* "fallback": version is now used for this peer: to, reason told|guessed
			   */
	ZCL_EV_RETRY,	  /* "retry": another attempt after delay: delay, reason */
	ZCL_EV_CONN_UP,	  /* "up": version, ctype, initiator */
	ZCL_EV_CONN_DOWN, /* "down": an established connection ended: error, ctype */
	ZCL_EV_ATTEMPT_FAILED, /* "failed": no connection came about: error */
	ZCL_EV_STALE,	       /* "stale": the peer's incarnation changed: incarnation */
	ZCL_EV_GIVE_UP,	       /* "give-up": nothing left to connect: the wanted ones exist */
	/* Messages (HLD 4.1, 4.2.5; wire notes 6, 7). */
	ZCL_EV_MSG_QUEUED,   /* "queued": on a connection: lnet-type, length, cookie, version */
	ZCL_EV_MSG_SENT,     /* "sent": its last byte is given to the kernel: lnet-type, length,
				cookie, ack, way, why */
	ZCL_EV_MSG_RECEIVED, /* "received": complete and checked: lnet-type, length, cookie, ack */
	ZCL_EV_COOKIE_GIVEN, /* "cookie": a ZC request got its cookie: cookie, length */
	ZCL_EV_ACK_PIGGYBACKED, /* "piggyback": an ACK went onto a queued message: cookie */
	ZCL_EV_NOOP_QUEUED,	/* "noop-queued": cookie */
	ZCL_EV_NOOP_REPLACED,	/* "noop-replaced": a later LNET message took the NOOP's cookie and
				   place */
	ZCL_EV_NOOP_SENT,	/* "noop-sent": cookie */
	ZCL_EV_NOOP_RECEIVED,	/* "noop-received": cookie */
	ZCL_EV_ACKED,		/* "acked": a ZC request was acknowledged: cookie */
	ZCL_EV_RELEASED,  /* "released": a buffer is its owner's again: cookie, length, error */
	ZCL_EV_DELIVERED, /* "delivered": payload reached an attached buffer: lnet-type, length */
	ZCL_EV_DROPPED,	  /* "dropped": nobody wanted it: lnet-type, length, error */
	ZCL_EV_WAITING,	  /* "waiting": a message waits on the peer for a connection: lnet-type,
			     length */
	ZCL_EV_PROTOCOL_ERROR, /* "protocol-error": error */
	ZCL_EV_CUT_OFF,	       /* "cut-off": the peer asks and does not read: length (of what it was
				  to read), error */
	ZCL_EV_OVERDUE,	       /* "overdue": a ZC request was not acknowledged in time: cookie; all
				  connections of the peer go */
	ZCL_EV_CALLER_LOST,    /* "caller-lost": a caller ended, or took too long, before it said
				  who it is: error */
	ZCL_EV_LAST
};

/* Why a connection is refused (wire notes 5). */
enum zcl_reason {
	ZCL_REASON_NONE,
	ZCL_REASON_RACE,      /* favour of the higher NID */
	ZCL_REASON_VERSION,   /* a version that is not spoken here */
	ZCL_REASON_DUPLICATE, /* that connection exists already */
	ZCL_REASON_STALE,     /* the peer restarted */
	ZCL_REASON_RESET,     /* closed or reset before any HELLO came */
	ZCL_REASON_TOLD,      /* the peer's own HELLO said so */
	ZCL_REASON_GUESSED,   /* concluded from a bare close or reset */
	ZCL_REASON_LIMIT,     /* a configured limit */
	ZCL_REASON_LAST
};

struct zcl_event {
	enum zcl_event_kind kind;
	int64_t time; /* ns, of the call that caused it */
	zcl_nid self;
	zcl_nid peer;	  /* ZCL_NID_ANY while unknown */
	uint64_t conn;	  /* connection number on this node, from 1; 0: none */
	uint32_t version; /* 0: does not apply */
	int32_t ctype;	  /* of this side's view; ZCL_CONN_NONE when it does not apply */
	enum zcl_reason reason;
	enum zcl_err error;
	bool active;	    /* this side opened the connection */
	uint32_t lnet_type; /* enum zcl_lnet_type; UINT32_MAX: does not apply */
	size_t length;	    /* payload bytes */
	uint64_t cookie;    /* 0: none */
	uint64_t ack;	    /* the ACK cookie on the same message; 0: none */
	uint64_t incarnation;
	int64_t delay;	  /* ns */
	enum zcl_way way; /* of the payload; applies when why is not ZCL_WHY_NONE */
	enum zcl_why why;
};

/* "connect", "hello-sent", ...: never NULL. */
const char *zcl_event_name(enum zcl_event_kind kind);
/* The kind of a name; ZCL_EV_LAST when there is none. */
enum zcl_event_kind zcl_event_kind_of(const char *name);

const char *zcl_reason_name(enum zcl_reason reason);

/*
 * The value of a field as text: "reason" race|version|..., "version" and "to" v1|v2|v3, "ctype"
 * CONTROL.., "initiator" self|peer, "error" (zcl_err_name), "lnet-type", "length", "cookie",
 * "ack", "incarnation", "conn", "delay" (ns), "way" copy|zerocopy|splice, "why" (core/way.h).
 * Returns false for a name that no event has; a field that does not apply gives "". buf: 32 bytes
 * are enough.
 */
bool zcl_event_field(const struct zcl_event *ev, const char *field, char *buf, size_t size);
/* Whether events of this kind can have that field. False for a name that is none. */
bool zcl_event_has(enum zcl_event_kind kind, const char *field);
/* The field names, NULL-terminated, in the order in which a person wants to read them. */
const char *const *zcl_event_fields(void);

#endif
