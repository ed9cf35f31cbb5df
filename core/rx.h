/* SPDX-License-Identifier: MIT */
#ifndef ZCL_RX_H
#define ZCL_RX_H

#include <sys/uio.h>

#include "core/wire.h"

/*
 * The receiving half of one direction of one TCP stream, for any cut of its bytes: acceptor
 * request, HELLO, then messages through the RX states of HLD 6.1. A connection of the core, the
 * trace tool and the relay all decode through this one machine. No thread safety: one caller.
 *
 * Two ways of use. A connection calls zcl_rx_feed, which reads units where they lie. Who would
 * rather have them by value gives it bytes (zcl_rx_push, or zcl_rx_iov + zcl_rx_advance to receive
 * a payload straight into its destination), then calls zcl_rx_next until it says ZCL_ITEM_MORE.
 */

enum zcl_rx_state {
	ZCL_RX_ACCEPT,	     /* reading the acceptor request */
	ZCL_RX_HELLO_PEEK,   /* reading magic and version */
	ZCL_RX_HELLO,	     /* reading the rest of the fixed part */
	ZCL_RX_HELLO_IPS,    /* reading the IP addresses */
	ZCL_RX_KSM_HEADER,   /* V2+: the start state of every message */
	ZCL_RX_LNET_HEADER,  /* V1: the start state of every message */
	ZCL_RX_PARSE,	     /* header handed out; waiting in the same call for a decision */
	ZCL_RX_PARSE_WAIT,   /* told to wait: nothing is read until zcl_rx_payload */
	ZCL_RX_LNET_PAYLOAD, /* reading payload into its destination */
	ZCL_RX_SLOP,	     /* skipping payload that nobody wants */
	ZCL_RX_DONE,	     /* message complete, about to be handed out */
	ZCL_RX_FAILED,	     /* an error was reported: no way on */
};

enum zcl_item_kind {
	ZCL_ITEM_MORE,	  /* needs more bytes */
	ZCL_ITEM_ACCEPT,  /* .accept */
	ZCL_ITEM_HELLO,	  /* .hello */
	ZCL_ITEM_NOOP,	  /* .ksm; its checksum was right or absent */
	ZCL_ITEM_LNET,	  /* .ksm (zeros on V1) and .hdr: call zcl_rx_payload or zcl_rx_wait */
	ZCL_ITEM_MESSAGE, /* .ksm and .hdr: the whole payload is there and its checksum holds */
};

struct zcl_rx_item {
	enum zcl_item_kind kind;
	struct zcl_accept_req accept;
	struct zcl_hello hello;
	struct zcl_ksm ksm;
	struct zcl_lnet_hdr hdr;
	size_t wire_size; /* bytes of this unit on the wire (MESSAGE: headers and payload) */
};

struct zcl_rx {
	enum zcl_rx_state state;
	bool flipped;	      /* the sender's byte order is not ours (from its HELLO) */
	uint32_t version;     /* of the HELLO that was read, 0 before it */
	uint32_t max_version; /* newer versions are ZCL_E_UNKNOWN_VERSION */
	uint32_t bad_version; /* what ZCL_E_UNKNOWN_VERSION was about */

	size_t have, need; /* of the unit that is being read; in buf when it came in pieces */

	/* Where the rest of the payload goes: the sink's list, borrowed. */
	const struct iovec *iov;
	size_t offset; /* in the first entry */
	size_t want;   /* payload bytes still to deliver */
	size_t slop;   /* payload bytes to skip after them */
	uint32_t crc;

	struct zcl_ksm ksm;
	struct zcl_lnet_hdr hdr;
	uint8_t buf[ZCL_HELLO_MAX_SIZE];
	struct zcl_accept_req accept;
	struct zcl_hello hello;
};

/*
 * Starts a stream. accept_first: the stream of the active side, which opens with an acceptor
 * request. max_version: ZCL_V1..ZCL_V3; a HELLO of a newer version ends in
 * ZCL_E_UNKNOWN_VERSION as soon as its first 8 bytes are there, with bad_version set. A V1-only
 * reader (max_version ZCL_V1) thus refuses V2's magic with ZCL_E_UNKNOWN_VERSION, bad_version 2.
 */
void zcl_rx_init(struct zcl_rx *rx, bool accept_first, uint32_t max_version);

/*
 * Takes bytes from *at on, up to end, until a unit is complete: *kind says which, rx->accept,
 * hello, ksm and hdr hold it until the next call, and *at is behind what was taken. ZCL_ITEM_MORE:
 * the bytes are used up, or PARSE_WAIT lets none in. No bytes (at == end) are legal: what is
 * complete already comes out. On an error the stream is FAILED and every later call repeats
 * ZCL_E_INVALID.
 */
enum zcl_err zcl_rx_feed(struct zcl_rx *rx, const uint8_t **at, const uint8_t *end,
			 enum zcl_item_kind *kind);

/* The same without bytes: what is complete, by value. Call again until kind is ZCL_ITEM_MORE. */
enum zcl_err zcl_rx_next(struct zcl_rx *rx, struct zcl_rx_item *item);

/*
 * The version that the messages after the HELLO have, when it is not the HELLO's own. Legal only
 * between HELLO and the first message byte.
 */
void zcl_rx_set_version(struct zcl_rx *rx, uint32_t version);

/*
 * Answers ZCL_ITEM_LNET (in PARSE or PARSE_WAIT): the first `want` bytes of the payload go to iov
 * from byte `offset` of it on (the lengths sum up to at least offset + want), the rest is skipped.
 * The list and the memory stay the caller's and must live until ZCL_ITEM_MESSAGE or
 * zcl_rx_drop_sink.
 */
void zcl_rx_payload(struct zcl_rx *rx, const struct iovec *iov, size_t offset, size_t want);
/* Answers ZCL_ITEM_LNET: wait to be told (PARSE_WAIT), or go on waiting. */
void zcl_rx_wait(struct zcl_rx *rx);
/* The destination goes away: what is still to come of this payload is skipped. */
void zcl_rx_drop_sink(struct zcl_rx *rx);

/*
 * In LNET_PAYLOAD: where the next bytes go, at most `max` entries; else 0 (push the bytes
 * instead). Report what was filled in with zcl_rx_advance (n <= the sum of the lengths).
 */
size_t zcl_rx_iov(const struct zcl_rx *rx, struct iovec *iov, size_t max);
void zcl_rx_advance(struct zcl_rx *rx, size_t n);

/*
 * Takes from data what the present unit still needs; returns how many bytes (0 in PARSE,
 * PARSE_WAIT, DONE and FAILED, when zcl_rx_next or a decision is due first).
 */
size_t zcl_rx_push(struct zcl_rx *rx, const void *data, size_t len);

/* True when the stream may end here: between messages, or before the first byte. */
bool zcl_rx_at_boundary(const struct zcl_rx *rx);

/* "KSM_HEADER" ...: never NULL. */
const char *zcl_rx_state_name(enum zcl_rx_state state);

#endif
