/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_BACKEND_H
#define ZSIM_BACKEND_H

#include "core/node.h"
#include "scenarios/world.h"
#include "sim/shim.h"

/*
 * A node of the core on a simulated host: listens on port 988, calls other nodes at the address in
 * their NID from reserved ports, moves bytes, keeps time. Single-threaded; times are those of the
 * simulation.
 */
struct zsimnode;

#define ZSIMNODE_PORT 988

struct zsimnode_options {
	struct zcl_config core;
	/*
	 * Every received stream passes a gate (scenarios/gate.h), so that messages can be held.
	 * Costs a second decoding of every byte.
	 */
	bool gated;
	/*
	 * From when there is something to send until it is taken from the core, ns: what a real
	 * node's loop or scheduler thread needs to get to it. What was queued meanwhile goes along.
	 */
	int64_t tx_delay;
	/*
	 * The first source port that is tried, going down; 0: 1023. A node that follows another on
	 * a host goes on where that one was, so as not to call from a port that a peer still knows.
	 */
	uint16_t first_port;
	/* The core's callbacks: note what they say, call nothing. Each may be NULL. */
	void (*deliver)(void *user, const struct zcl_lnet_event *event);
	void (*trace)(void *user, const struct zcl_event *event);
	/* A message from this address was caught by a hold: as above. */
	void (*held)(void *user, uint32_t from, enum zworld_unit unit);
	/* Gives the number (zworld.h) of a call that leaves here, or came in. May be NULL. */
	unsigned (*number)(void *user, bool active, uint32_t other, uint16_t port);
	/* No core call is under way: the place to act on what was noted. May be NULL. */
	void (*settled)(void *user);
	void *user;
};

/*
 * options are copied. The host must be the one of the NID's address. NULL with *why (static) when
 * the core refuses the configuration or the host's port is taken.
 */
struct zsimnode *zsimnode_new(zsim *sim, zsim_host *host, const struct zsimnode_options *options,
			      const char **why);
/* Resets all connections, tells the core that they are gone, frees. Before zsim_free. */
void zsimnode_free(struct zsimnode *node);
/*
 * The host loses its power: its connections vanish without a packet; the node is freed. A new one
 * may be made on the host at once.
 */
void zsimnode_crash(struct zsimnode *node);

/*
 * All connections with that address (or, for call > 0, that one) are reset, as if by something in
 * between; what a gate held of them is lost, or, where it holds ends, the reset waits behind it.
 */
void zsimnode_reset(struct zsimnode *node, uint32_t from, unsigned call);
/* For zsimnode_options.first_port of the next node on this host. */
uint16_t zsimnode_next_port(const struct zsimnode *node);

struct zcl_node *zsimnode_core(const struct zsimnode *node);
int64_t zsimnode_now(const struct zsimnode *node);
/* After calls to the core: does what they asked for. */
void zsimnode_kick(struct zsimnode *node);
/* Gated nodes: holds these units (of enum zworld_unit) of what comes from that address, too. */
void zsimnode_hold(struct zsimnode *node, uint32_t from, unsigned units);
/* Holds them no more; what waited for it arrives. */
void zsimnode_release(struct zsimnode *node, uint32_t from, unsigned units);
/* Lets one held unit go: of that call, or for 0 of the oldest. False: there is none. */
bool zsimnode_pass(struct zsimnode *node, uint32_t from, enum zworld_unit unit, unsigned call);
/* Calls fn for each unit that is held at the head of its stream. */
void zsimnode_foreach_held(const struct zsimnode *node,
			   void (*fn)(void *user, uint32_t from, unsigned call,
				      enum zworld_unit unit),
			   void *user);

#endif
