/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_RXREADER_H
#define TESTS_CORE_RXREADER_H

#include <glib.h>

#include "core/rx.h"
#include "tests/core/rxstream.h"

/* A receiving machine with a reader that takes its units, answers, and writes them into a log. */

/* How it answers a message's header: takes all, nothing, all but 3 bytes; or all, but waits. */
enum rxsink { SINK_ALL, SINK_NONE, SINK_SLOP, SINK_WAIT };

struct rxreader {
	struct zcl_rx rx;
	GString *log; /* a line for each unit, and for an error */
	enum rxsink sink;
	struct iovec iov[4];
	uint8_t payload[64];
	size_t length;	  /* wanted of the present payload */
	bool in_place;	  /* feed by zcl_rx_feed */
	size_t unit_size; /* in place: bytes of the present unit so far */
};

void rxreader_init(struct rxreader *r, bool accept_first, uint32_t max_version, enum rxsink sink);
/* One that stands behind the HELLO, with an empty log, and an empty stream to extend. */
void rxreader_begin(struct rxstream *s, struct rxreader *r, uint32_t version, bool big,
		    enum rxsink sink);
void rxreader_end(struct rxstream *s, struct rxreader *r);

/* Feeds all of data; on an error returns it. */
enum zcl_err rxreader_feed(struct rxreader *r, const uint8_t *data, size_t len);
/* Says where the payload behind hdr goes, which the machine has just told. */
void rxreader_answer(struct rxreader *r, const struct zcl_lnet_hdr *hdr);

#endif
