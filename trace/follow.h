/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_FOLLOW_H
#define ZTRACE_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "trace/capture.h"

/* Understands the YAML that `tshark -z follow,tcp,yaml,N` prints. Private to trace/. */

#define ZTRACE_NO_STREAM UINT32_MAX

/* What is known of a packet beforehand. */
struct ztrace_frame {
	int64_t time_ns; /* since the first packet */
	uint32_t stream; /* ZTRACE_NO_STREAM: not TCP */
	bool cut;	 /* captured only in part */
};

struct ztrace_follow {
	GPtrArray *streams;   /* the caller's: what is found is added here */
	const GArray *frames; /* the caller's: of struct ztrace_frame */
	GHashTable *found;    /* stream number -> struct ztrace_stream of streams */

	char *host[2], *port[2]; /* of the document that is being read */
	unsigned int peer;
	bool in_packets;
	uint32_t frame; /* 0: no packet is open */
	bool in_data;
	bool gap[2];
	GString *base64;
};

void ztrace_follow_init(struct ztrace_follow *follow, GPtrArray *streams, const GArray *frames);
void ztrace_follow_clear(struct ztrace_follow *follow);

/* A ztrace_line_func; user: the struct ztrace_follow. */
bool ztrace_follow_line(char *line, void *user, GError **error);

/* The output is at its end: takes the last packet in. */
bool ztrace_follow_end(struct ztrace_follow *follow, GError **error);

/* A stream without chunks and addresses. */
struct ztrace_stream *ztrace_stream_new(uint32_t number);

#endif
