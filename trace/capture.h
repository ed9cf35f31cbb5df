/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_CAPTURE_H
#define ZTRACE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* The TCP streams of a capture, put together by tshark. */

/* Bytes of one direction that came with one packet. */
struct ztrace_chunk {
	unsigned int side; /* who sent it: index into ztrace_stream.address */
	uint32_t frame;	   /* number of the packet in the capture, from 1 */
	int64_t time_ns;   /* since the first packet of the capture */
	bool after_gap;	   /* bytes before or in this chunk are missing in the capture */
	GBytes *data;
};

/* A FIN or RST: the first of its kind from that side. */
struct ztrace_end_mark {
	unsigned int side;
	uint32_t frame;
	int64_t time_ns;
	bool reset;
};

struct ztrace_stream {
	uint32_t number;   /* tshark's tcp.stream */
	char *address[2];  /* "10.77.0.2:1023", "[::1]:988" */
	GPtrArray *chunks; /* of struct ztrace_chunk, in stream order for each side; never empty */
	GArray *ends;	   /* of struct ztrace_end_mark, in the order of the capture */
};

struct ztrace_capture {
	GPtrArray *streams; /* of struct ztrace_stream that carried data, by number */
	char *note;	    /* what tshark said about a damaged end of the file; NULL: nothing */
};

#define ZTRACE_ERROR (ztrace_error_quark())
GQuark ztrace_error_quark(void);
enum ztrace_error {
	ZTRACE_ERROR_NO_TSHARK, /* tshark is not installed, or not where ZCLND_TSHARK says */
	ZTRACE_ERROR_UNREAD,	/* the file is missing, or no capture */
	ZTRACE_ERROR_OUTPUT,	/* tshark printed what is not understood here */
};

/*
 * Reads a capture through tshark: the program that the environment variable ZCLND_TSHARK names,
 * else tshark of PATH. NULL and *error (ZTRACE_ERROR, or what GLib says of the process), with the
 * remedy in its message. Free with ztrace_capture_free.
 */
struct ztrace_capture *ztrace_capture_read(const char *path, GError **error);
void ztrace_capture_free(struct ztrace_capture *capture);

#endif
