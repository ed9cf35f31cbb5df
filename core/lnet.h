/* SPDX-License-Identifier: MIT */
#ifndef ZCL_LNET_H
#define ZCL_LNET_H

#include <sys/uio.h>

#include "core/wire.h"

/*
 * LNet as a peer needs it (wire notes 8): PUT, GET, REPLY, ACK, buffers attached to portal and
 * match bits, and the ping. Called between other calls of the same node, never from a callback.
 */
struct zcl_node;

#define ZCL_LNET_PORTALS     64
#define ZCL_LNET_MAX_IOV     16
#define ZCL_PING_PORTAL	     0u
#define ZCL_PING_MATCHBITS   0x8000000000000000ull
#define ZCL_PING_FEAT_BASE   1u
#define ZCL_PING_FEAT_STATUS 2u
#define ZCL_PING_MAX_NIS     16
/* Bytes of an answer to a ping with that many entries. */
#define ZCL_PING_MAX_SIZE (16 + 16 * ZCL_PING_MAX_NIS)
#define ZCL_NI_UP	  0x15aac0deu
#define ZCL_NI_DOWN	  0xdeadfaceu

/* ---- buffers that peers put into and get from ---------------------------------------------- */

enum zcl_md_options {
	ZCL_MD_PUT = 1 << 0,	  /* PUTs may land here */
	ZCL_MD_GET = 1 << 1,	  /* GETs may read here */
	ZCL_MD_TRUNCATE = 1 << 2, /* take the part that fits; else a longer PUT does not match */
	ZCL_MD_REMOTE_OFFSET = 1 << 3, /* the peer's offset counts; else each message starts where
					  the one before ended */
	ZCL_MD_NO_ACK = 1 << 4,	       /* send no LNet ACK even when the peer wants one */
};

/* How far an attached buffer is used. */
struct zcl_md_use {
	uint32_t operations;
	size_t next; /* where the next one starts, without ZCL_MD_REMOTE_OFFSET */
};

/* One operation on it. */
struct zcl_claim {
	size_t offset, mlength;
	bool last; /* the threshold is reached: no other can follow */
};

struct zcl_attach {
	uint32_t portal; /* 0 .. ZCL_LNET_PORTALS - 1 */
	uint64_t match_bits;
	uint64_t ignore_bits; /* bits that need not match */
	zcl_nid peer;	      /* only from this NID; ZCL_NID_ANY: from all */
	uint32_t options;     /* enum zcl_md_options */
	uint32_t threshold;   /* operations until it is detached by itself; 0: no end */
	struct iovec iov[ZCL_LNET_MAX_IOV]; /* may be empty: a sink with ZCL_MD_TRUNCATE */
	size_t niov;
	void *user; /* comes back in events */
	/*
	 * For a buffer that is attached to several nodes of several threads, else NULL: takes an
	 * operation from the use that they share, by zcl_md_claim under a lock. It calls nothing
	 * else.
	 */
	bool (*claim)(void *shared, size_t rlength, size_t remote_offset, struct zcl_claim *claim);
	void *shared;
};

/*
 * Takes an operation of rlength bytes from an attached buffer; false, with nothing changed, when
 * its threshold is reached or the operation does not fit. Any thread, with *use its own.
 */
bool zcl_md_claim(const struct zcl_attach *spec, struct zcl_md_use *use, size_t rlength,
		  size_t remote_offset, struct zcl_claim *claim);

/*
 * Buffers are tried in the order in which they were attached. The memory stays the caller's and
 * must live until an event says `unlinked` or zcl_lnet_detach returned ZCL_OK. *id is never 0.
 * A message on a lazy portal that waited (PARSE_WAIT) for such a buffer goes on.
 * ZCL_E_INVALID, ZCL_E_LIMIT.
 */
enum zcl_err zcl_lnet_attach(struct zcl_node *node, const struct zcl_attach *attach, uint64_t *id,
			     int64_t now);
/*
 * ZCL_OK: gone, no byte will be written or read there any more. ZCL_E_LIMIT: a message is in the
 * middle of it; it is detached at its end and an event says `unlinked`. ZCL_E_NOT_FOUND.
 */
enum zcl_err zcl_lnet_detach(struct zcl_node *node, uint64_t id);
/* On a lazy portal a PUT without a matching buffer waits instead of being dropped. */
enum zcl_err zcl_lnet_set_lazy(struct zcl_node *node, uint32_t portal, bool lazy, int64_t now);

/* ---- operations ----------------------------------------------------------------------------- */

struct zcl_put {
	zcl_nid target;
	uint32_t portal;
	uint64_t match_bits;
	uint64_t hdr_data;
	uint32_t offset;
	const struct iovec *iov; /* the array is copied, the memory is borrowed until ..._SEND */
	size_t niov;		 /* <= ZCL_LNET_MAX_IOV, together <= ZCL_LNET_MTU bytes */
	bool want_ack;
	void *user; /* comes back in events */
};

struct zcl_get {
	zcl_nid target;
	uint32_t portal;
	uint64_t match_bits;
	uint32_t src_offset;
	const struct iovec *iov; /* the sink; borrowed until the final event */
	size_t niov;
	void *user;
};

/*
 * Submits; every submission that returns ZCL_OK ends in exactly one event with `final`.
 * ZCL_E_INVALID, ZCL_E_LIMIT (try again after an event), ZCL_E_SHUTDOWN.
 */
enum zcl_err zcl_lnet_put(struct zcl_node *node, const struct zcl_put *put, int64_t now);
enum zcl_err zcl_lnet_get(struct zcl_node *node, const struct zcl_get *get, int64_t now);
/* A GET to the ping portal into a buffer of the node's own; its REPLY event carries `ping`. */
enum zcl_err zcl_lnet_ping(struct zcl_node *node, zcl_nid target, void *user, int64_t now);

struct zcl_ping_info {
	uint32_t features;
	uint32_t pid;
	uint32_t nnis; /* entries below */
	struct {
		zcl_nid nid;
		uint32_t status; /* ZCL_NI_UP, ZCL_NI_DOWN */
	} ni[ZCL_PING_MAX_NIS];
};

/* ---- events --------------------------------------------------------------------------------- */

enum zcl_lnet_event_kind {
	ZCL_LNET_EV_SEND,  /* a PUT's buffer is the owner's again (both releases), or it failed */
	ZCL_LNET_EV_ACK,   /* the target acknowledged a PUT: mlength, at most rlength */
	ZCL_LNET_EV_REPLY, /* a GET is answered or failed: mlength, ping */
	ZCL_LNET_EV_PUT,   /* a PUT landed in an attached buffer */
	ZCL_LNET_EV_GET,   /* a GET read from an attached buffer; its pages are free again */
};

struct zcl_lnet_event {
	enum zcl_lnet_event_kind kind;
	enum zcl_err status;
	bool final;    /* SEND, ACK, REPLY: the submission is over */
	bool unlinked; /* PUT, GET: the buffer is detached */
	zcl_nid peer;
	uint32_t portal;
	uint64_t match_bits;
	uint64_t hdr_data;
	size_t offset;			  /* where in the attached buffer */
	size_t rlength;			  /* what was asked for */
	size_t mlength;			  /* what was moved */
	uint64_t id;			  /* PUT, GET: the attachment */
	void *user;			  /* of the submission or the attachment */
	const struct zcl_ping_info *ping; /* REPLY of a ping, else NULL; valid during the call */
};

#endif
