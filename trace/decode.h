/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_DECODE_H
#define ZTRACE_DECODE_H

#include <glib.h>

#include "core/rx.h"
#include "trace/capture.h"

/* From the bytes of a TCP stream to protocol messages, through core/rx. */

/* A whole protocol message: ACCEPT, HELLO, NOOP or MESSAGE. */
struct ztrace_record {
	const struct ztrace_stream *stream;
	unsigned int from; /* index into stream->address */
	uint32_t frame;	   /* the latest packet that it needed */
	int64_t time_ns;   /* when that packet was captured, since the first of the capture */
	uint32_t version;  /* of the HELLO of this direction; 0 before it */
	struct zcl_rx_item item;
};

enum ztrace_end {
	ZTRACE_END_CLEAN,     /* every byte belongs to a whole message */
	ZTRACE_END_TRUNCATED, /* the last message is not complete */
	ZTRACE_END_GAP,	      /* bytes are missing in the capture */
	ZTRACE_END_ERROR,     /* err says what the bytes have wrong */
};

/* How one direction of a stream ended. */
struct ztrace_result {
	enum ztrace_end end;
	enum zcl_err err; /* of ZTRACE_END_ERROR */
	uint64_t
		offset; /* where the message that is not whole begins, from the direction's start */
	uint64_t partial;	 /* how many bytes of it are there */
	enum zcl_rx_state state; /* what was being read */
};

/* Whether side's bytes open with an acceptor request: it is then the active side. */
bool ztrace_opens_with_request(const struct ztrace_stream *stream, unsigned int side);

/* Decodes what side (0 or 1) sent and appends a struct ztrace_record for each message. */
struct ztrace_result ztrace_decode(const struct ztrace_stream *stream, unsigned int side,
				   GArray *records);

#endif
