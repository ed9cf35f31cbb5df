/* SPDX-License-Identifier: MIT */
#ifndef ZTRACE_LOG_H
#define ZTRACE_LOG_H

#include <glib.h>

#include "core/event.h"
#include "core/rx.h"

/*
 * What was seen of a run of several nodes, in the order in which it was seen: the one thing that
 * trace files, captures, race scripts and the explorer fill in, and that is written as JSON Lines
 * (trace/json.h), as a text ladder (trace/ladder.h) or as SVG (trace/svg.h).
 *
 *	struct ztrace_log *log = ztrace_log_new("two nodes", "zclnd-sim");
 *	const unsigned a = ztrace_log_lane(log, "old", nid_a), b = ztrace_log_lane(log, "new",
 *nid_b); ztrace_log_event(log, a, b, event.time, &event);	for each event of a's core that is
 *about b ztrace_svg(text, log, NULL); ztrace_log_free(log);
 *
 * No thread safety: one caller.
 */

#define ZTRACE_MAX_LANES   1024u
#define ZTRACE_MAX_ENTRIES 4000000u
#define ZTRACE_NO_LANE	   UINT_MAX

/* A node, or a host of a capture. */
struct ztrace_lane {
	char *name;   /* unique in the log */
	zcl_nid nid;  /* ZCL_NID_ANY: not known */
	bool vantage; /* its own events are in the log; else it is known from others' only */
};

enum ztrace_wire_kind {
	ZTRACE_WIRE_ACCEPT, /* "accept_request" */
	ZTRACE_WIRE_HELLO,  /* "hello" */
	ZTRACE_WIRE_NOOP,   /* "noop" */
	ZTRACE_WIRE_LNET,   /* "lnet" */
	ZTRACE_WIRE_RESET,  /* "reset": an RST */
	ZTRACE_WIRE_CLOSE,  /* "close": a FIN */
	ZTRACE_WIRE_LAST
};

#define ZTRACE_ADDRESS 72 /* an IPv6 address in brackets and its port, and room */

/* A whole message as a capture has it. */
struct ztrace_wire {
	enum ztrace_wire_kind kind;
	uint32_t stream, frame; /* tshark's numbers: streams from 0, frames from 1 */
	uint32_t version; /* of the HELLO of this direction; 0 before it, and of RST and FIN */
	char from[ZTRACE_ADDRESS], to[ZTRACE_ADDRESS];
	struct zcl_rx_item item; /* not of RESET and CLOSE */
};

enum ztrace_entry_kind {
	ZTRACE_EVENT,  /* event: of the core of `lane`, about `other` */
	ZTRACE_HELD,   /* text: the kind of message ("hello") that was held on its way to other */
	ZTRACE_ACTION, /* text: what the script did; lane: who acted, or ZTRACE_NO_LANE */
	ZTRACE_WIRE,   /* wire: a message from lane to other */
};

struct ztrace_entry {
	enum ztrace_entry_kind kind;
	int64_t time;		  /* ns since the start of the log */
	unsigned lane, other;	  /* ZTRACE_NO_LANE: unknown or none */
	struct zcl_event event;	  /* of ZTRACE_EVENT */
	char *text;		  /* of ZTRACE_HELD and ZTRACE_ACTION; owned */
	struct ztrace_wire *wire; /* of ZTRACE_WIRE; owned */
};

struct ztrace_log {
	char *title;	   /* for people; NULL: none */
	char *program;	   /* what wrote it: "zclnd-sim race" */
	char *file;	   /* the script; NULL: none */
	char *run_case;	   /* NULL: none */
	char *vary;	   /* the peer whose start was shifted; NULL: none */
	int64_t shift;	   /* ns, by how much */
	int64_t seed;	   /* 0: none */
	int64_t reference; /* ns since 1970 at time 0; 0: not said (the time of a simulation) */
	GPtrArray *lanes;  /* of struct ztrace_lane */
	GArray *entries;   /* of struct ztrace_entry */
};

/* The texts are copied, NULL stays NULL. The caller frees the log. */
struct ztrace_log *ztrace_log_new(const char *title, const char *program);
void ztrace_log_free(struct ztrace_log *log);

/*
 * The number of the lane of this name, which is added when it is new, as a vantage point. nid:
 * ZCL_NID_ANY when it is not known. Past ZTRACE_MAX_LANES: ZTRACE_NO_LANE.
 */
unsigned ztrace_log_lane(struct ztrace_log *log, const char *name, zcl_nid nid);
/* The same without adding; ZTRACE_NO_LANE when there is none. */
unsigned ztrace_log_find_lane(const struct ztrace_log *log, const char *name);
unsigned ztrace_log_find_nid(const struct ztrace_log *log, zcl_nid nid);

/*
 * Each appends an entry; time: ns since the start. Lanes: numbers from ztrace_log_lane, or
 * ZTRACE_NO_LANE. Past ZTRACE_MAX_ENTRIES nothing is added. Texts are copied, wire is taken over.
 */
void ztrace_log_event(struct ztrace_log *log, unsigned lane, unsigned other, int64_t time,
		      const struct zcl_event *event);
void ztrace_log_held(struct ztrace_log *log, unsigned from, unsigned to, int64_t time,
		     const char *unit);
void ztrace_log_action(struct ztrace_log *log, unsigned lane, unsigned other, int64_t time,
		       const char *text);
void ztrace_log_wire(struct ztrace_log *log, unsigned from, unsigned to, int64_t time,
		     struct ztrace_wire *wire);

/*
 * What of a log is about one lane, as a new log, with the lanes that it speaks of; what the script
 * did to all stays. The caller frees it.
 */
struct ztrace_log *ztrace_log_only(const struct ztrace_log *log, unsigned lane);

/* "accept_request", "hello", "noop", "lnet", "reset", "close". */
const char *ztrace_wire_name(enum ztrace_wire_kind kind);

static inline const struct ztrace_entry *ztrace_log_at(const struct ztrace_log *log, size_t index)
{
	return &((const struct ztrace_entry *)(const void *)log->entries->data)[index];
}

static inline const struct ztrace_lane *ztrace_log_lane_at(const struct ztrace_log *log,
							   unsigned lane)
{
	return log->lanes->pdata[lane];
}

#endif
