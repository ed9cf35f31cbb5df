/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CAPTURES_STREAMS_H
#define TESTS_CAPTURES_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* The byte streams of the captures beside this file, for tests: without tshark. */

struct stream_chunk {
	bool from_active; /* from the side that opened the connection */
	int64_t time_ns;  /* since the first packet of the capture */
	GBytes *data;	  /* one TCP segment's new bytes, never empty */
};

struct stream_bytes {
	uint32_t number;	/* tshark's tcp.stream */
	char *active, *passive; /* "10.77.0.2:1023" */
	GPtrArray *chunks;	/* of struct stream_chunk, as captured */
};

/*
 * name: "v2-ping". An array of struct stream_bytes by number; free with g_ptr_array_unref. What is
 * missing or malformed ends the test program. Needs g_test_init before.
 */
GPtrArray *streams_load(const char *name);

/* All bytes of one side, joined. */
GByteArray *streams_join(const struct stream_bytes *stream, bool from_active);

#endif
