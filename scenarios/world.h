/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_WORLD_H
#define ZRACE_WORLD_H

#include "core/node.h"

/*
 * What a race script runs in: peers (nodes of the core), links, held messages, time. The runner
 * knows only this; the simulation (sim/) and real sockets (real/) each implement it once.
 * Single-threaded. Times: int64 ns since the start of the case.
 */

/* Whole protocol messages that can be held, by kind. */
enum zworld_unit {
	ZWORLD_ACCEPT = 1 << 0,	 /* "accept": acceptor request */
	ZWORLD_HELLO = 1 << 1,	 /* "hello": a HELLO that asks for or grants a connection */
	ZWORLD_REFUSAL = 1 << 2, /* "refusal": a HELLO of type NONE */
	ZWORLD_NOOP = 1 << 3,	 /* "noop" */
	ZWORLD_LNET = 1 << 4,	 /* "lnet" */
	ZWORLD_END = 1 << 5,	 /* "reset": the end of the stream, by FIN or RST */
	ZWORLD_ALL = (1 << 6) - 1,
};

/* Where there are no packets: when a call, and when what is sent on a connection, is repeated, ns.
 */
#define ZWORLD_CALL_AGAIN (INT64_C(1000) * 1000 * 1000)
#define ZWORLD_SEND_AGAIN (INT64_C(200) * 1000 * 1000)

struct zworld_peer; /* a peer of the script, made by the world */

struct zworld_link {
	int64_t latency;    /* ns, one way */
	int64_t jitter;	    /* ns: up to so much more, drawn anew each time; nothing overtakes */
	uint64_t bandwidth; /* bits per second; 0: the world's default */
	double loss;	    /* 0..1, per packet; 0 outside the simulation */
	uint32_t queue; /* packets that wait on the way; 0: the default, outside the simulation */
};

/* A message that a hold keeps at the head of its stream. */
struct zworld_held {
	struct zworld_peer *from, *to;
	/* The connection: numbered from 1 among those between the two, in the order in which
	   either called the other, also of calls that came to nothing. */
	unsigned call;
	enum zworld_unit unit;
};

/*
 * What the world tells the runner. Called between core calls. From here the runner calls only at,
 * now, stop and what looks at nodes; it acts (hold, release, crash .. kick, the core) before run
 * and from functions that `at` calls.
 */
struct zworld_listener {
	void (*event)(void *user, struct zworld_peer *peer, const struct zcl_event *event);
	void (*lnet_event)(void *user, struct zworld_peer *peer,
			   const struct zcl_lnet_event *event);
	/* A unit from -> to was caught by a hold. */
	void (*held)(void *user, struct zworld_peer *from, struct zworld_peer *to,
		     enum zworld_unit unit);
};

struct zworld_options {
	uint64_t seed;	      /* of all that is random: loss, jitter */
	const char *pcap_dir; /* NULL: none; else captures go there, one file per peer */
	double time_scale;    /* real sockets: one script second takes this many real ones */
	bool plain; /* of what follows, only `at`, `kick`, `rest` and `run` will be called: no
		       links, nothing held, cut, reset or crashed */
};

struct zworld {
	const struct zworld_ops *ops;
	const struct zworld_listener *listener; /* set by the runner */
	void *listener_user;
	/* the implementation's state follows in its own struct */
};

struct zworld_ops {
	const char *name; /* "simulation", "real sockets" */
	bool strict_time; /* time bounds are exact here */
	/*
	 * Room for so many connections between the peers, at the same time; before run. False with
	 * *why when this machine has it not. NULL: there is always room.
	 */
	bool (*make_room)(struct zworld *world, size_t conns, const char **why);
	void (*free)(struct zworld *world);
	int64_t (*now)(const struct zworld *world);
	/*
	 * name: the script's, copied; config: complete but for nothing. NULL with *why (static or
	 * owned by the world) on failure. The node exists at once and listens at once.
	 */
	struct zworld_peer *(*add_peer)(struct zworld *world, const char *name,
					const struct zcl_config *config, const char **why);
	/* NULL after crash. */
	struct zcl_node *(*node)(struct zworld_peer *peer);
	const char *(*peer_name)(const struct zworld_peer *peer);
	/* After the peers, before run. False with *why when this world cannot do it. */
	bool (*set_link)(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
			 const struct zworld_link *link, const char **why);
	/* Calls fn at that time (now or later), between core calls. */
	void (*at)(struct zworld *world, int64_t when, void (*fn)(void *data), void *data);
	/* units: a set of enum zworld_unit. Holds are per direction and keep the order of a stream:
	   what follows a held unit on its stream waits behind it. */
	void (*hold)(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		     unsigned units);
	/* Stops holding these units there and lets what waits go on. */
	void (*release)(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
			unsigned units);
	/*
	 * Lets one held unit go, which is the head of its stream: of that call, or for 0 of the
	 * oldest that has such a head. What follows it is held as before. False: there is none.
	 * A reset need not be the head: what waits before it is lost.
	 */
	bool (*pass)(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		     enum zworld_unit unit, unsigned call);
	/* Calls fn for the head of each stream that is held, between each two the oldest first. */
	void (*foreach_held)(const struct zworld *world,
			     void (*fn)(void *user, const struct zworld_held *held), void *user);
	/*
	 * Calls fn once, between core calls, when all is at rest: what was sent has arrived, is
	 * held, or is lost, and what is due now has happened. Timers still run. One at a time.
	 */
	void (*rest)(struct zworld *world, void (*fn)(void *data), void *data);
	/*
	 * The node vanishes: no word to anybody, nothing listens there any more, and what comes to
	 * its old connections is answered by a reset. Its events end here; its memory is free.
	 */
	void (*crash)(struct zworld *world, struct zworld_peer *peer);
	/* A crashed peer is there again with a new node, as add_peer; holds and links stay. */
	bool (*restart)(struct zworld *world, struct zworld_peer *peer,
			const struct zcl_config *config, const char **why);
	/*
	 * The connections between the two, or for call > 0 that one, are reset, and both sides see
	 * it at once. What is under way on them is lost, and so is what is held. But where ends
	 * are held, the reset is held as well, behind the rest.
	 */
	void (*reset)(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
		      unsigned call);
	/*
	 * cut: nothing passes between the two, either way, until it is not cut any more; then what
	 * was sent arrives, late, as TCP repeats it. But a reset is sent once and is lost.
	 */
	void (*partition)(struct zworld *world, struct zworld_peer *a, struct zworld_peer *b,
			  bool cut);
	/*
	 * Before run: of what goes from one to the other, that packet (counted from 1) is lost,
	 * once. Where there are no packets, that call, message or end is late by as much as TCP
	 * takes to repeat it; a reset, which is sent once, is lost.
	 */
	void (*lose)(struct zworld *world, struct zworld_peer *from, struct zworld_peer *to,
		     unsigned number);
	/* After a script called the core for this peer (connect, put ...): see to its requests. */
	void (*kick)(struct zworld *world, struct zworld_peer *peer);
	/* Runs until stop was called or that time is reached; returns true when stopped.
	   Simulation: returns at once, having moved time to `until`, when nothing is left to
	   happen. */
	bool (*run)(struct zworld *world, int64_t until);
	void (*stop)(struct zworld *world);
};

#endif
