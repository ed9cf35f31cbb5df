/* SPDX-License-Identifier: MIT */
#ifndef TESTS_REAL_PAIR_H
#define TESTS_REAL_PAIR_H

#include <glib.h>

#include "real/mem.h"
#include "real/net.h"
#include "real/sink.h"

/* Two nodes of one process on one loop, on 127.x addresses of their own, who know of each other. */

#define PAIR_PORTAL 50

enum { LEFT, RIGHT };

struct pair;

struct pair_end {
	struct pair *pair;
	struct zreal_options options;
	struct zreal_node *node;
	struct zsink sink;
	zcl_nid nid;
	unsigned submitted;
	unsigned final;	    /* final events of own submissions */
	unsigned failed;    /* of them with an error */
	enum zcl_err error; /* the last */
	unsigned replies, acks;
	struct zcl_ping_info ping;    /* of the last answered */
	unsigned counts[ZCL_EV_LAST]; /* trace events */
	void (*on_event)(struct pair_end *end, const struct zcl_lnet_event *event);
};

struct pair {
	struct zloop *loop;
	struct zloop_timer guard, look;
	struct zmem *mem; /* of pair_memory */
	struct pair_end end[2];
};

/* Options at their defaults but: any port, accept=all, short retry times. */
void pair_init(struct pair *pair);
/* Starts a node with what its options now say, and a sink that checks patterns. */
void pair_start(struct pair *pair, int which);
/* Both, and each knows where the other is. */
void pair_start_both(struct pair *pair);
void pair_meet(struct pair *pair);
/* Runs the loop until done(pair) is true. Hanging is a failure, not a wait for ever. */
void pair_wait(struct pair *pair, bool (*done)(const struct pair *pair));
/* A predicate: every submission of both has ended. */
bool pair_settled(const struct pair *pair);
/* Closes in order. */
void pair_clear(struct pair *pair);

/* n buffers of LNET_MTU, in a row; of registered memory or of other. */
uint8_t *pair_memory(struct pair *pair, size_t n, bool registered);
void pair_memory_free(struct pair *pair, uint8_t *memory);

/* The pattern of `number`, size bytes, from `which` to the other's sink. */
void pair_put(struct pair *pair, int which, uint8_t *buffer, size_t size, uint64_t number,
	      bool want_ack);
void pair_ping(struct pair *pair, int which);

#endif
