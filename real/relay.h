/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_RELAY_H
#define ZREAL_RELAY_H

#include <glib.h>
#include <netinet/in.h>

#include "real/clock.h"
#include "real/loop.h"
#include "scenarios/world.h"

/*
 * The way from one peer of a race script to another: it listens in the place of `to`, connects
 * onward in the name of `from`, and lets both directions of each connection through message by
 * message, late by the link's latency, held as the script says. A reset comes out as a reset, an
 * end as an end. Whoever sends more than the relay may hold is read no further (back-pressure).
 */
struct zrelay;

struct zrelay_options {
	struct in_addr listen_at;	/* an own address for it; it takes any port */
	struct in_addr from;		/* the caller's address, as which it connects onward */
	struct sockaddr_in to;		/* where the called peer listens */
	const struct zclock *clock;	/* script time; outlives the relay */
	const struct zworld_link *link; /* shared, may change; outlives the relay */
	GRand *chance;			/* for jitter; outlives the relay */
	/* Captures of the caller and the called (NULL: none), and which addresses they show. */
	struct zpcap *pcap[2];
	uint32_t shown_as[2];
	/* A unit was caught. forward: on its way from -> to. Must not call the relay back. */
	void (*held)(void *user, bool forward, enum zworld_unit unit);
	/* A call came in: its number (zworld.h). Called in the order of the calls. */
	unsigned (*called)(void *user);
	/* Of what goes there and back: so many packets until one is lost; shared, 0: none is. */
	unsigned *lose[2];
	void *user;
};

/* NULL with errno. */
struct zrelay *zrelay_new(struct zloop *loop, const struct zrelay_options *options);
/* Its connections are reset. */
void zrelay_free(struct zrelay *relay);
struct sockaddr_in zrelay_address(const struct zrelay *relay);
/*
 * NULL: the called peer is not there, and who calls is refused. Or, with where it listens now, it
 * is there again, and called at the same address as before; false with errno: somebody took that.
 */
bool zrelay_set_called(struct zrelay *relay, const struct sockaddr_in *to);
/*
 * The caller, or the called peer, has vanished: nothing more comes from its sockets; what is under
 * way from there arrives; what comes to them is answered with a reset.
 */
void zrelay_vanish(struct zrelay *relay, bool caller);
/*
 * All connections, or for call > 0 that one, are reset, in both directions; what is under way is
 * lost. But where ends are held, so is the reset, behind the rest.
 */
void zrelay_reset(struct zrelay *relay, unsigned call);
/* While cut, nothing passes, either way; a reset that would is lost. */
void zrelay_set_cut(struct zrelay *relay, bool cut);
/* The set of units held from now on in that direction; the others go on. */
void zrelay_set_held(struct zrelay *relay, bool forward, unsigned units);
/* The oldest connection (or, for call > 0, that one) of which such a unit can pass; 0: none. */
unsigned zrelay_can_pass(const struct zrelay *relay, bool forward, enum zworld_unit unit,
			 unsigned call);
/* Lets that unit go. */
void zrelay_pass(struct zrelay *relay, bool forward, enum zworld_unit unit, unsigned call);
/* Calls fn for each unit that is held at the head of its stream. */
void zrelay_foreach_held(const struct zrelay *relay,
			 void (*fn)(void *user, bool forward, unsigned call, enum zworld_unit unit),
			 void *user);
/* Nothing is under way here but what is held, or waits for the cut to end. */
bool zrelay_is_at_rest(const struct zrelay *relay);

#endif
