/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_WORLD_IMPL_H
#define ZREAL_WORLD_IMPL_H

#include <glib.h>
#include <netinet/in.h>

#include "real/net.h"
#include "real/pcap.h"
#include "real/relay.h"
#include "real/world.h"

/*
 * The inside of a world on real sockets, shared by world.c (made and freed; descriptors),
 * world_peer.c (peers and their nodes), world_way.c (relays between them, and what they are asked),
 * world_time.c (script time, running, rest) and world_tell.c (what the runner hears).
 */

#define ZREAL_WORLD_MAX_PEERS 250

struct real_world;

/* What lies between two peers, seen from the first. */
struct real_way {
	struct zrelay *relay; /* for connections that the first opens; NULL: a plain world */
	unsigned held;	      /* units held from the first to the second */
	unsigned lose;	/* packets from the first to the second until one is lost; 0: none is */
	unsigned calls; /* of either: counted by who was added first */
	GQueue called;	/* of unsigned: calls of the first that the relay has not seen yet */
};

/* A node of a peer. One that crashed stays, unheard, until the kernel has let go of its pages. */
struct real_life {
	struct zworld_peer *peer;
	struct zreal_node *node;
	bool over;
};

struct zworld_peer {
	struct real_world *world;
	char *name;
	guint index;
	zcl_nid nid;
	struct in_addr address;
	struct real_life *life; /* NULL: crashed */
	struct zpcap *pcap;	/* NULL: none */
	struct real_way way[ZREAL_WORLD_MAX_PEERS];
};

struct real_world {
	struct zworld base;
	struct zloop *loop;
	struct zclock clock;
	GRand *chance;
	char *pcap_dir;	  /* NULL: none */
	GPtrArray *pcaps; /* of struct zpcap */
	uint32_t net;	  /* 127.a.b.0 */
	GPtrArray *peers;
	GPtrArray *lives;	 /* of struct real_life: all that there ever were */
	GPtrArray *appointments; /* all that were ever made */
	GPtrArray *relay_users, *links;
	GQueue news;
	struct zloop_work tell;
	struct zloop_timer rest_timer;
	void (*rest)(void *data); /* NULL: nobody waits */
	void *rest_data;
	unsigned rested; /* looks in a row that found nothing under way */
	bool plain;	 /* the peers reach each other without a relay */
	bool stopped, closing;
	guint closed;
	char why[128];
};

/* Each zreal_world_* below that takes a struct zworld is the operation of that name in
 * scenarios/world.h. */
static inline struct real_world *zreal_world_of(const struct zworld *world)
{
	return (struct real_world *)world;
}

/* ---- world_peer.c ------------------------------------------------------------------- */

/* The first peer that has the NID, or NULL. */
struct zworld_peer *zreal_world_peer_of(const struct real_world *world, zcl_nid nid);

struct zworld_peer *zreal_world_add_peer(struct zworld *base, const char *name,
					 const struct zcl_config *config, const char **why);
struct zcl_node *zreal_world_node(struct zworld_peer *peer);
const char *zreal_world_peer_name(const struct zworld_peer *peer);
void zreal_world_kick(struct zworld *base, struct zworld_peer *peer);
void zreal_world_crash(struct zworld *base, struct zworld_peer *peer);
bool zreal_world_restart(struct zworld *base, struct zworld_peer *peer,
			 const struct zcl_config *config, const char **why);

/* Shuts all nodes, and runs the loop until they are. From then on nobody is told anything. */
void zreal_world_close(struct real_world *world);

/* Frees all peers and lives, whose nodes are shut. */
void zreal_world_free_peers(struct real_world *world);

/* ---- world_way.c -------------------------------------------------------------------- */

/* Ways between a peer that was just added and all before it. False: the kernel refuses. */
bool zreal_world_add_ways(struct zworld_peer *peer);

/* The node of from is about to call that of to. */
void zreal_world_note_call(struct zworld_peer *from, struct zworld_peer *to);

/* A node is gone without a word: the relays hold its connections, and refuse calls to it. */
void zreal_world_ways_vanish(struct zworld_peer *peer);

/* It is back, on a new address. False: the kernel refuses. */
bool zreal_world_ways_return(struct zworld_peer *peer);

/* Nothing is on its way in any relay. */
bool zreal_world_ways_are_at_rest(const struct real_world *world);

void zreal_world_free_ways(struct zworld_peer *peer);

bool zreal_world_set_link(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
			  const struct zworld_link *link, const char **why);
void zreal_world_hold(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned units);
void zreal_world_release(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
			 unsigned units);
bool zreal_world_pass(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		      enum zworld_unit unit, unsigned call);
void zreal_world_foreach_held(const struct zworld *base,
			      void (*fn)(void *user, const struct zworld_held *held), void *user);
void zreal_world_reset(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
		       unsigned call);
void zreal_world_partition(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
			   bool cut);
void zreal_world_lose(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		      unsigned number);

/* ---- world_time.c ------------------------------------------------------------------- */

/* Puts the clock and the appointments in their first state, and takes back what is due. */
void zreal_world_init_time(struct real_world *world, double scale);
void zreal_world_cancel_time(struct real_world *world);

int64_t zreal_world_now(const struct zworld *base);
void zreal_world_at(struct zworld *base, int64_t when, void (*fn)(void *data), void *data);
bool zreal_world_run(struct zworld *base, int64_t until);
void zreal_world_stop(struct zworld *base);
void zreal_world_rest(struct zworld *base, void (*fn)(void *data), void *data);

/* ---- world_tell.c ------------------------------------------------------------------- */

void zreal_world_init_news(struct real_world *world);
void zreal_world_cancel_news(struct real_world *world);

/* What a node says of itself; user is its struct real_life. (struct zreal_options) */
void zreal_world_on_trace(void *user, const struct zcl_event *event);
void zreal_world_on_deliver(void *user, const struct zcl_lnet_event *event);

/* A relay holds a unit now. */
void zreal_world_on_held(struct zworld_peer *from, struct zworld_peer *to, enum zworld_unit unit);

#endif
