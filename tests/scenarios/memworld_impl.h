/* SPDX-License-Identifier: MIT */
#ifndef ZTEST_MEMWORLD_IMPL_H
#define ZTEST_MEMWORLD_IMPL_H

#include <glib.h>

#include "scenarios/gate.h"
#include "tests/scenarios/memworld.h"

/*
 * The inside of the world in memory, shared by memworld.c (made and freed; peers, links),
 * memworld_time.c (events, running, rest), memworld_core.c (what the cores ask for and say),
 * memworld_call.c (connecting), memworld_stream.c (bytes and ends), memworld_hold.c (what the gates
 * are told) and memworld_harm.c (crash, reset, partition, loss).
 */

#define MEMWORLD_MAX_PEERS	 128
#define MEMWORLD_DEFAULT_LATENCY (INT64_C(100) * 1000) /* ns */

struct memworld;

struct zworld_peer {
	struct memworld *world;
	char *name;
	size_t index;
	zcl_nid nid;
	struct zcl_node *node; /* NULL: crashed */
	bool muted;	       /* it is crashing: what its core says is not heard */
};

/* One end of a stream. The gate lets in what comes to this end. */
struct mem_conn {
	struct zworld_peer *owner;
	struct zcl_conn *conn;	/* NULL: gone */
	struct mem_conn *other; /* NULL: never came about */
	unsigned call;		/* its number between the two peers */
	struct zgate *gate;
	GByteArray *inbox;	/* while the core does not read */
	enum zcl_err inbox_end; /* ZCL_OK: none */
	int64_t clear_at;	/* when this end's last byte is on the wire */
	int64_t there_at;	/* when it is there, which depends on chance */
	bool lost;		/* it is not there any more, and the other end was not told */
	bool over;		/* reset: nothing passes any more */
};

struct mem_event {
	int64_t when;
	uint64_t number; /* of equal times the older first */
	void (*fn)(struct memworld *world, struct mem_event *event);
	struct mem_conn *end;
	GBytes *bytes;
	enum zcl_err why;
	void (*call)(void *data);
	void *data;
};

struct memworld {
	struct zworld base;
	struct zworld_ops ops;
	int64_t now;
	uint64_t numbers;
	bool stopped, dying;
	struct zworld_peer *peers[MEMWORLD_MAX_PEERS];
	size_t npeers;
	struct zworld_link links[MEMWORLD_MAX_PEERS][MEMWORLD_MAX_PEERS];
	unsigned holds[MEMWORLD_MAX_PEERS][MEMWORLD_MAX_PEERS];
	bool cut[MEMWORLD_MAX_PEERS][MEMWORLD_MAX_PEERS];
	unsigned lose[MEMWORLD_MAX_PEERS]
		     [MEMWORLD_MAX_PEERS]; /* packets until one is lost; 0: none is */
	unsigned calls[MEMWORLD_MAX_PEERS][MEMWORLD_MAX_PEERS]; /* [a][b], a < b */
	size_t flying;		  /* events that are not of the runner's */
	void (*rest)(void *data); /* NULL: nobody waits */
	void *rest_data;
	GQueue parked;	   /* of struct mem_event: what waits for a partition to heal */
	GSequence *events; /* of struct mem_event */
	GQueue requests;   /* of struct request */
	GQueue tales;	   /* of struct told */
	GPtrArray *conns;  /* of struct mem_conn */
	GRand *chance;
};

static inline struct memworld *memworld_of(const struct zworld *world)
{
	return (struct memworld *)world;
}

/* ---- memworld_time.c ---- */

/* fn at a time, for one end; NULL: of the runner's. What is scheduled for the past happens now. */
struct mem_event *memworld_schedule(struct memworld *w, int64_t when,
				    void (*fn)(struct memworld *, struct mem_event *),
				    struct mem_conn *end);
/* What was parked happens now. */
void memworld_again(struct memworld *w, struct mem_event *event);
void memworld_event_free(gpointer data);

int64_t memworld_now(const struct zworld *world);
void memworld_at(struct zworld *world, int64_t when, void (*fn)(void *data), void *data);
void memworld_rest(struct zworld *world, void (*fn)(void *data), void *data);
bool memworld_run(struct zworld *world, int64_t until);
void memworld_stop(struct zworld *world);

/* ---- memworld_core.c ---- */

/* Of a node whose user is its struct zworld_peer. */
extern const struct zcl_callbacks memworld_callbacks;

/* A gate holds a unit now. */
void memworld_note_held(struct zworld_peer *from, struct zworld_peer *to, enum zworld_unit unit);
/* Does all that the cores ask for, and (settle) tells the runner what they say. */
void memworld_do_requests(struct memworld *w);
void memworld_settle(struct memworld *w);

/* ---- memworld_call.c ---- */

void memworld_connect(struct memworld *w, struct zworld_peer *peer, struct zcl_conn *conn);

/* ---- memworld_stream.c ---- */

struct mem_conn *memworld_conn_new(struct zworld_peer *owner, struct zcl_conn *conn);
void memworld_conn_free(gpointer data);
/* Both ends are there: units that are held on the way to one and on the way back. */
void memworld_open_gates(struct mem_conn *caller, unsigned held, struct mem_conn *end,
			 unsigned held_back);
int64_t memworld_latency(const struct mem_conn *a, const struct mem_conn *b);
void memworld_send_end(struct memworld *w, struct mem_conn *end, enum zcl_err why);
void memworld_transmit(struct memworld *w, struct mem_conn *end);
void memworld_read_again(struct memworld *w, struct mem_conn *end);
/* The core hears that nothing is left of it. */
void memworld_gone(struct mem_conn *end);

/* ---- memworld_hold.c ---- */

void memworld_hold(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		   unsigned units);
void memworld_release(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned units);
bool memworld_pass(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		   enum zworld_unit unit, unsigned call);
void memworld_foreach_held(const struct zworld *world,
			   void (*fn)(void *user, const struct zworld_held *held), void *user);

/* ---- memworld_harm.c ---- */

/* Between this end and the other is a partition; what arrives there is parked until it heals. */
bool memworld_is_cut(const struct mem_conn *end);
void memworld_park(struct memworld *w, const struct mem_event *event);
/* One more packet goes from one to the other; true: that is lost. */
bool memworld_loses(const struct mem_conn *from, const struct mem_conn *to);

void memworld_crash(struct zworld *world, struct zworld_peer *peer);
bool memworld_restart(struct zworld *world, struct zworld_peer *peer,
		      const struct zcl_config *config, const char **why);
void memworld_reset(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
		    unsigned call);
void memworld_partition(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
			bool cut);
void memworld_lose(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		   unsigned number);

#endif
