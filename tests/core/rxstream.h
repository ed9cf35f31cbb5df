/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_RXSTREAM_H
#define TESTS_CORE_RXSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/*
 * A stream as a sender of either byte order writes it, for tests of the receiving machine: made
 * from the wire notes alone, without the code under test. Each function appends to it.
 */
struct rxstream {
	GByteArray *bytes;
	uint32_t version;
	bool big; /* the sender's order */
};

struct rxstream rxstream_new(uint32_t version, bool big);
/* Everything that a stream can hold, summed and not. */
struct rxstream rxstream_sample(uint32_t version, bool big);
void rxstream_clear(struct rxstream *s);

void rxstream_accept(struct rxstream *s);
void rxstream_hello(struct rxstream *s, size_t nips);
/* Nothing on V1. */
void rxstream_noop(struct rxstream *s, uint64_t req, uint64_t ack);
/* With its payload, a pattern. */
void rxstream_lnet(struct rxstream *s, uint32_t type, size_t length, uint64_t req, uint64_t ack);
/* Writes the sum of the message that starts at `at`, and is the last, into it. */
void rxstream_seal(struct rxstream *s, size_t at);

#endif
