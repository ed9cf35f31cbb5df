/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_LIB_H
#define ZREAL_LIB_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "real/net.h"
#include "real/ring.h"
#include "real/zclnd.h"

/*
 * The inside of libzclnd. An instance has loops; an NI has a part on each loop, which is a node of
 * the core of its own (same NID, same incarnation) with the peers that belong to that loop. So the
 * core has no locks: what other threads ask for comes to a loop
 *
 *   by its ring      operations: lib_submit.c
 *   by controls      attach, detach, ...: a list per part under the NI's lock, seen to before any
 *                    operation and before any received byte, so that whoever sees an effect of
 *                    something said after them finds them done: lib_match.c
 *   by posts         questions, connect and disconnect, callers from the acceptor, the end
 */

struct zl_part;
struct zcallers;

struct zl_loop {
	struct zclnd *z;
	unsigned index;
	struct zloop *loop;
	struct zring *ring;
	pthread_t thread;
	atomic_ulong self; /* pthread_self() of its thread while that runs, else 0 */
	unsigned parts_up; /* while it stops */
};

enum zl_state {
	ZL_NEW,
	ZL_RUNNING,
	ZL_STOPPING,
	ZL_STOPPED, /* the threads are gone */
};

struct zclnd {
	struct zclnd_options options;
	_Atomic enum zl_state state;
	pthread_mutex_t lock; /* starting, the last part of stopping, questions from outside */
	GPtrArray *nis;
	struct zl_loop loops[ZCLND_MAX_THREADS]; /* options.threads of them */
};

/* Events of a part that wait for the core to be left: a ring that grows. */
struct zl_events {
	struct zclnd_event *ring;
	size_t size, head, n;
};

struct zl_part {
	struct zclnd_ni *ni;
	struct zl_loop *loop;
	struct zreal_node *node;
	struct zl_events events; /* with `unlinked` as it is on this loop */
	atomic_bool asked;	 /* there are controls */
	GQueue controls;	 /* under the NI's lock */
	GHashTable *entries;	 /* id -> struct zl_piece */
	bool down;
};

struct zclnd_ni {
	struct zclnd *z;
	struct zclnd_ni_options options;
	pthread_mutex_t lock;
	bool closed; /* under the lock: takes no more controls */
	uint64_t next_id;
	atomic_size_t attached;
	struct sockaddr_in address;
	struct zl_part *parts;	  /* one per loop */
	struct zclnd_ni *host;	  /* whose listener it shares; NULL: it has its own, or none */
	GPtrArray *guests;	  /* NIs that share its listener */
	struct zcallers *callers; /* NULL: each caller is the first loop's and this NI's */
};

/* An event of the core and the node that it is of, for zclnd_trace_*. */
struct zclnd_trace {
	const struct zcl_event *event;
	const struct zreal_node *node;
};

/* lib.c */
void zl_error(struct zclnd_error *error, enum zclnd_err err, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* The loop of the calling thread's own; NULL: it is none of this instance. */
struct zl_loop *zl_here(struct zclnd *z);
static inline bool zl_is_here(const struct zl_loop *loop)
{
	return atomic_load_explicit(&loop->self, memory_order_relaxed) ==
	       (unsigned long)pthread_self();
}
/*
 * Runs fn(data) on the loop's thread and waits for it; at once when that is this thread or when
 * no thread runs. ZCLND_E_INVALID on the thread of another loop.
 */
enum zclnd_err zl_ask(struct zl_loop *loop, void (*fn)(void *data), void *data);

/* lib_ni.c */
bool zl_ni_open(struct zclnd_ni *ni, struct zclnd_error *error);
void zl_ni_free(struct zclnd_ni *ni);
struct zl_part *zl_part_of(struct zclnd_ni *ni, zclnd_nid peer);

/* lib_accept.c */
/* A zreal_options.route and its has_room; user: the part on the first loop. */
bool zl_has_room(void *user);
bool zl_route(void *user, int fd, const struct sockaddr_in *from);
/* Who calls is to be found out before a caller is given to a node. */
void zl_accept_by_looking(struct zclnd_ni *ni);
/* An NI that listens already where these options want to; NULL: none. */
struct zclnd_ni *zl_host_of(const struct zclnd *z, const struct zclnd_ni_options *options);
/* guest takes its callers from host's listener. */
void zl_join(struct zclnd_ni *host, struct zclnd_ni *guest);

/* lib_event.c */
void zl_event_push(struct zl_part *part, const struct zclnd_event *event);
/* Gives what waits to the program: outside of the core. */
void zl_events_deliver(struct zl_part *part);
/* An event of the core, from inside it. */
void zl_event_of_core(struct zl_part *part, const struct zcl_lnet_event *event);
/* The final event of a submission that came to nothing. */
void zl_event_failed(struct zl_part *part, const struct zclnd_event *event);

/* lib_submit.c */
#define ZL_RING_SLOTS 1024
size_t zl_op_size(void);
bool zl_ops_wait(void *loop);
bool zl_ops_run(void *loop);
/* The ring is closed: takes the rest. */
void zl_ops_drain(struct zl_loop *loop);
/* The program's own pointer of a ping that is over; fills in its information. */
void *zl_ping_over(void *user, const struct zcl_ping_info *ping);

/* lib_match.c */
/* Does what was asked for of the part (noted in `asked`). */
void zl_controls_run(struct zl_part *part);
static inline void zl_catch_up(struct zl_part *part)
{
	if (atomic_load_explicit(&part->asked, memory_order_acquire))
		zl_controls_run(part);
}
/* Of what the core carries for an attached buffer. */
uint64_t zl_entry_id(const void *core_user);
void *zl_entry_user(const void *core_user);
/* Attached on one loop only: its last event says `unlinked` itself. */
bool zl_entry_is_single(const struct zl_part *part, uint64_t id);
/*
 * The last event of the buffer on this loop was delivered. True: it was attached nowhere else any
 * more, and is gone.
 */
bool zl_entry_left(struct zl_part *part, uint64_t id);
/* The node is down: its entries end. */
void zl_entries_end(struct zl_part *part);
void zl_entries_init(struct zl_part *part);
void zl_entries_clear(struct zl_part *part);

/* lib_eq.c: all are taken. */
void zl_eq_push(struct zclnd_eq *eq, const struct zclnd_event *events, size_t n);

#endif
