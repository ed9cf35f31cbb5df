/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_RELAY_IMPL_H
#define ZREAL_RELAY_IMPL_H

#include <glib.h>

#include "real/relay.h"
#include "scenarios/gate.h"

/* The inside of a relay, shared by relay.c (listener, streams) and relay_lane.c (what flows). */

struct zrelay_stream;

enum { ZRELAY_CALLER, ZRELAY_CALLED };

/* One of the two sockets of a stream. */
struct zrelay_side {
	struct zrelay_stream *stream;
	int index;
	struct zloop_io io; /* fd -1: not yet connected, or closed */
	bool connected;
	GByteArray *out;      /* passed the gate, to be written here */
	bool end_due;	      /* and then the end: */
	enum zcl_err end_why; /* ZCL_E_EOF: FIN, else RST */
	bool fin_sent;
	bool failed; /* a send failed, which may have taken the socket's error with it */
};

/* One direction; lane[i] starts at side[i]. */
struct zrelay_lane {
	struct zrelay_stream *stream;
	int from;
	GQueue late;	 /* struct chunk: under way, by when it is due */
	size_t nob;	 /* read and not yet written */
	int64_t free_at; /* when the link has sent what is before: script time */
	struct zloop_timer timer;
	struct zgate *gate;
	bool ended;	  /* the end is read: nothing more comes, but perhaps a reset */
	bool end_passed;  /* the end came out of the gate */
	bool reset_after; /* a reset came after an end that the gate still has */
};

struct zrelay_stream {
	struct zrelay *relay;
	GList link;
	int64_t opened; /* script time at which the caller's first byte may set out */
	struct zloop_timer connect_timer;
	struct zrelay_side side[2];
	struct zrelay_lane lane[2];
	bool over;
};

struct zrelay {
	struct zloop *loop;
	struct zrelay_options options;
	struct zloop_io listener;
	struct sockaddr_in address;
	struct zloop_work bury;
	GQueue streams;
	unsigned held[2]; /* by the side that the direction starts at */
};

/* relay.c: both sockets may be closed now. */
void zrelay_stream_settle(struct zrelay_stream *stream);

/* relay_lane.c */
void zrelay_lane_init(struct zrelay_stream *stream, int from);
void zrelay_lane_clear(struct zrelay_lane *lane);
void zrelay_lane_set_held(struct zrelay_lane *lane, unsigned units);
void zrelay_side_watch(struct zrelay_side *side);
/* Reads what is there; broken: there was EPOLLERR or EPOLLHUP, so to the very end. */
void zrelay_side_read(struct zrelay_side *side, bool broken);
void zrelay_side_flush(struct zrelay_side *side);
/* The socket failed: a reset sets out from here. */
void zrelay_side_broken(struct zrelay_side *side);
void zrelay_side_close(struct zrelay_side *side, bool reset);

#endif
