/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_RELAY_IMPL_H
#define ZREAL_RELAY_IMPL_H

#include <glib.h>

#include "real/pcap.h"
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
	bool gone;   /* vanished, and the other side was not told */
};

/* One direction; lane[i] starts at side[i]. */
struct zrelay_lane {
	struct zrelay_stream *stream;
	int from;
	GQueue late;	  /* struct chunk: under way, by when it is due */
	size_t nob;	  /* read and not yet written */
	int64_t free_at;  /* when the link has sent what is before: script time */
	int64_t there_at; /* when that is there */
	struct zloop_timer timer;
	struct zgate *gate;
	bool ended;	  /* the end is read: nothing more comes, but perhaps a reset */
	bool end_entered; /* the end is at the gate, or through */
	bool end_passed;  /* the end came out of the gate */
	bool reset_after; /* a reset came after an end that the gate still has */
	bool cut_off;	  /* the stream was reset in between */
	bool reset;	  /* a reset answered what came to a side that is gone */
};

struct zrelay_stream {
	struct zrelay *relay;
	GList link;
	unsigned call;	/* its number between the two peers */
	int64_t opened; /* script time at which the caller's first byte may set out */
	struct zloop_timer connect_timer;
	struct zrelay_side side[2];
	struct zrelay_lane lane[2];
	struct zpcap_flow flow;
	bool postponed; /* to be connected onward when the way is not cut any more */
	bool over;
};

struct zrelay {
	struct zloop *loop;
	struct zrelay_options options;
	struct zloop_io listener;
	struct sockaddr_in address;
	struct zloop_work bury;
	GQueue streams;
	bool cut;
	unsigned held[2]; /* by the side that the direction starts at */
};

/* relay.c: one more packet starts at that side; true: it is lost (world.h). */
bool zrelay_loses(const struct zrelay *relay, int from);
/* relay.c: both sockets may be closed now. */
void zrelay_stream_settle(struct zrelay_stream *stream);

/* relay_lane.c */
void zrelay_lane_init(struct zrelay_stream *stream, int from);
void zrelay_lane_clear(struct zrelay_lane *lane);
void zrelay_lane_set_held(struct zrelay_lane *lane, unsigned units);
/* Whether there is somebody to receive it. */
bool zrelay_lane_can_pass(const struct zrelay_lane *lane, enum zworld_unit unit);
void zrelay_lane_pass(struct zrelay_lane *lane, enum zworld_unit unit);
/* The unit that is held at the head; 0: none. */
unsigned zrelay_lane_waiting(const struct zrelay_lane *lane);
/* The stream is reset in between: who receives on this lane sees it now, or when it passes. */
void zrelay_lane_cut_off(struct zrelay_lane *lane);
bool zrelay_lane_is_at_rest(const struct zrelay_lane *lane);
/* A reset sets out, once, from the side that is gone. */
void zrelay_lane_reset(struct zrelay_lane *lane);
/* The way was cut, or is not any more. */
void zrelay_lane_cut(struct zrelay_lane *lane);
/* All that was sent from here before is read; then the socket is closed, and nobody is told. */
void zrelay_side_vanish(struct zrelay_side *side);
void zrelay_side_watch(struct zrelay_side *side);
/* Reads what is there; broken: there was EPOLLERR or EPOLLHUP, so to the very end. */
void zrelay_side_read(struct zrelay_side *side, bool broken);
void zrelay_side_flush(struct zrelay_side *side);
/* The socket failed: a reset sets out from here. */
void zrelay_side_broken(struct zrelay_side *side);
void zrelay_side_close(struct zrelay_side *side, bool reset);

#endif
