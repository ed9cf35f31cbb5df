/* SPDX-License-Identifier: MIT */
#ifndef ZCL_CONN_H
#define ZCL_CONN_H

#include "core/deadline.h"
#include "core/node.h"
#include "core/proto.h"
#include "core/rx.h"

/* Inside the core: one connection. The public half of its interface is in node.h. */

enum zcl_conn_state {
	ZCL_CS_CONNECTING, /* active: TCP is being opened */
	ZCL_CS_CALLING,	   /* active: request and HELLO sent, waiting for the HELLO */
	ZCL_CS_CALLED,	   /* passive: waiting for request and HELLO */
	ZCL_CS_UP,
	ZCL_CS_REFUSING, /* passive: our HELLO of type NONE is on its way, then close */
	ZCL_CS_DOWN,	 /* close or abort was asked: only zcl_conn_gone is due */
};

/* Where the payload of the present message goes. */
enum zcl_sink_kind {
	ZCL_SINK_NONE,
	ZCL_SINK_ME,	 /* an attached buffer */
	ZCL_SINK_OP,	 /* the buffer of a GET */
	ZCL_SINK_HEADER, /* all that counts is in the header */
};

struct zcl_sink {
	enum zcl_sink_kind kind;
	struct zcl_me *me; /* ME: busy, and so there, until the payload ends */
	uint64_t op;	   /* OP: its handle */
	struct zcl_claim claim;
};

struct zcl_conn {
	struct zcl_node *node;
	struct zcl_peer *peer; /* NULL before a caller's HELLO */
	void *backend;
	uint64_t number;
	GList link;	 /* in node->conns */
	GList peer_link; /* in peer->conns while UP */
	enum zcl_conn_state state;
	bool active;
	int32_t ctype; /* this side's view */
	const struct zcl_proto *proto;
	enum zcl_match suits[2]; /* UP: messages below min_bulk, and others */
	uint32_t called_as; /* the version that our HELLO said, when not that of proto; else 0 */

	uint8_t hello[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];
	size_t hello_len, hello_sent;

	struct zcl_rx rx;
	bool ack_taken; /* of the message that is being received, before its LNet header */
	struct zcl_sink sink;
	GByteArray *stash;		  /* bytes that came in while in PARSE_WAIT; NULL: none */
	struct zcl_deadline due;	  /* the earlier one of these */
	int64_t rx_deadline, tx_deadline; /* INT64_MAX: none */

	struct zcl_txq txq;
	GQueue inflight; /* sent, waiting for a release */
	uint32_t next_pin;
	bool zc_capable;
	size_t copy_below; /* ZC payloads shorter than this are copied with what is around them */
	enum zcl_why why;  /* of the way in which the next payloads go */
	bool tx_awake;
};

/* A new connection in CONNECTING or CALLED, on the node's list. */
struct zcl_conn *zcl_conn_new(struct zcl_node *node, struct zcl_peer *peer, int32_t ctype,
			      const struct zcl_proto *proto, int64_t now);

/*
 * Ends a connection: its unsent and unacknowledged messages fail with why (zero-copy ones when the
 * kernel has let go), close or abort is asked of the backend. Nothing happens when it is down.
 */
void zcl_conn_end(struct zcl_conn *conn, enum zcl_err why, bool abort, int64_t now);

/* Counts and traces what is wrong with the peer's bytes. */
void zcl_conn_note_error(struct zcl_conn *conn, enum zcl_err err, int64_t now);

/* The handshake, conn_hello.c. */
void zcl_conn_hello_start(struct zcl_conn *conn, int64_t now);
void zcl_conn_hello_accept(struct zcl_conn *conn, const struct zcl_accept_req *req, int64_t now);
void zcl_conn_hello_received(struct zcl_conn *conn, const struct zcl_hello *hello, int64_t now);
void zcl_conn_hello_error(struct zcl_conn *conn, enum zcl_err err, int64_t now);

/* conn_tx.c */
void zcl_conn_fail_queued(struct zcl_conn *conn, enum zcl_err why, bool zc_too, int64_t now);
/* True when nothing but zcl_tx_finish is left to do for a message that was sent. */
static inline bool zcl_tx_is_over(const struct zcl_tx *tx)
{
	return tx->sent == zcl_tx_size(tx) && tx->pins_left == 0 && !tx->unacked;
}
/* Takes a message off its connection and its peer, tells its owner, recycles it. */
void zcl_tx_finish(struct zcl_node *node, struct zcl_tx *tx, enum zcl_err err, int64_t now);

/* conn_rx.c: goes on with what is there (after PARSE_WAIT). */
void zcl_conn_rx_resume(struct zcl_conn *conn, int64_t now);

/* The earliest deadline of a connection; INT64_MAX: none. */
static inline int64_t zcl_conn_expiry(const struct zcl_conn *conn)
{
	return MIN(conn->rx_deadline, conn->tx_deadline);
}

static inline bool zcl_conn_is_down(const struct zcl_conn *conn)
{
	return conn->state == ZCL_CS_DOWN;
}

#endif
