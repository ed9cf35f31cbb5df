/* SPDX-License-Identifier: MIT */
#ifndef TEST_SIM_PAIR_H
#define TEST_SIM_PAIR_H

#include <glib.h>

#include "sim/backend.h"

/* Two nodes on a simulated star, for tests; all that they say is recorded. */
struct pair;

struct pair_end {
	struct pair *pair;
	zsim_host *host;
	struct zsimnode *node; /* NULL: the host is there alone */
	struct zsimnode_options options;
	GArray *events;	     /* struct zcl_event */
	GArray *lnet_events; /* struct zcl_lnet_event, ping pointer cleared */
	GArray *held;	     /* enum zworld_unit: what holds caught on the way here */
};

struct pair {
	zsim *sim;
	struct pair_end a, b;
};

/* Hosts at 10.0.0.1 and 10.0.0.2, half a millisecond from the router; options that tests change. */
struct pair *pair_new(uint32_t version, double loss);
/* Makes the node as its options say. */
void pair_start(struct pair_end *end);
void pair_free(struct pair *pair);

zcl_nid pair_nid(const struct pair_end *end);
struct zcl_node *pair_core(const struct pair_end *end);
/* Lets so much simulated time pass, ns. */
void pair_run(struct pair *pair, int64_t ns);
/* `end` wants connections to the other; a second passes. */
void pair_connect(struct pair_end *end);
/* A PUT to the other at portal 9, LNet ACK wanted. */
void pair_put(struct pair_end *end, const void *data, size_t size);
/* A sink for PUTs of at most size bytes at portal 9, one after the other; NULL: they are dropped
   there. */
void pair_attach(struct pair_end *end, void *memory, size_t size);

guint pair_count(const struct pair_end *end, enum zcl_event_kind kind);
/* The first event of a kind; NULL: none. */
const struct zcl_event *pair_event(const struct pair_end *end, enum zcl_event_kind kind);
guint pair_lnet_count(const struct pair_end *end, enum zcl_lnet_event_kind kind);
/* Connections that are up. */
guint pair_conns(const struct pair_end *end);

#define SECOND INT64_C(1000000000)
#define MS     INT64_C(1000000)

#endif
