/* SPDX-License-Identifier: MIT */
#ifndef TEST_MEMNET_H
#define TEST_MEMNET_H

#include <glib.h>

#include "core/node.h"

/*
 * Nodes of the core wired to each other in memory, for tests: no latency, no loss, FIFO, virtual
 * time that moves only when nothing else is left to do. Every event is recorded.
 */
struct memnet;

struct memnode {
	struct memnet *net;
	struct zcl_node *node;
	GArray *events;		   /* struct zcl_event */
	GArray *lnet_events;	   /* struct zcl_lnet_event, ping pointer cleared */
	struct zcl_ping_info ping; /* of the last REPLY that carried one */
	bool deaf;		   /* nobody listens there: calls to it are refused */
};

/* chunk: at most so many bytes move at once, each way. */
struct memnet *memnet_new(size_t chunk);
/* Shuts all nodes down, asserts that nothing is left, frees everything. */
void memnet_free(struct memnet *net);
int64_t memnet_now(const struct memnet *net);
/* One cut at this absolute position of every stream, whatever chunk says; SIZE_MAX: none. */
void memnet_set_cut(struct memnet *net, size_t cut);
/* The kernel keeps zero-copy pages until memnet_release. */
void memnet_set_pinning(struct memnet *net, bool pinning);
void memnet_release(struct memnet *net);

struct memnode *memnet_add(struct memnet *net, const struct zcl_config *config);
/* A config that tests start from: nid 10.0.0.LAST@tcp, untyped. */
struct zcl_config memnet_config(uint8_t last, uint32_t version);
zcl_nid memnet_nid(uint8_t last);

/* Moves at most one chunk on each stream each way; false: nothing moved. */
bool memnet_step(struct memnet *net);
/* Moves bytes until nothing moves; time stands still. */
void memnet_settle(struct memnet *net);
/* Settles, then lets time pass, until a time is reached or nothing is left to come. */
void memnet_run(struct memnet *net, int64_t until);
/* Opens no new streams: what is asked for waits until this is false again. */
void memnet_hold_connects(struct memnet *net, bool hold);
/* Both ends see a reset at once. */
void memnet_reset_all(struct memnet *net);
/* No stream, present or to come, carries anything any more, but nobody is told. */
void memnet_freeze_all(struct memnet *net);
/* Streams that are opened from now on carry bytes again. */
void memnet_thaw_new(struct memnet *net);
/* Bytes that went over all streams so far, both ways. */
size_t memnet_bytes(const struct memnet *net);

guint memnode_count(const struct memnode *node, enum zcl_event_kind kind);
/* The first event of a kind; NULL: none. Valid until the next one. */
const struct zcl_event *memnode_event(const struct memnode *node, enum zcl_event_kind kind);
guint memnode_lnet_count(const struct memnode *node, enum zcl_lnet_event_kind kind);
const struct zcl_lnet_event *memnode_lnet_event(const struct memnode *node,
						enum zcl_lnet_event_kind kind);
/* Connections that are up. */
guint memnode_conns(const struct memnode *node);
/* The first connection that is up. */
struct zcl_conn_info memnode_conn(const struct memnode *node);

#endif
