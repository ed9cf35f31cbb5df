/* SPDX-License-Identifier: MIT */
#ifndef ZCL_NODE_IMPL_H
#define ZCL_NODE_IMPL_H

#include "core/fault.h"
#include "core/lnet_impl.h"
#include "core/peer.h"

/* Inside the core: the node. */
struct zcl_node {
	struct zcl_config config;
	struct zcl_callbacks cb;
	void *user;
	bool shut;
	bool traces; /* somebody wants to know of every message */

	GPtrArray *peers;      /* in the order in which they were met, as far as max_peers */
	guint next_place;      /* there; the next to be looked at for another peer */
	guint held_peers;      /* those that connections know */
	uint64_t first_cookie; /* of a new peer: above those that were given to forgotten ones */
	struct zcl_peer *last_peer; /* the one that was found last */
	GHashTable *peer_by_nid;    /* looked up, never walked: its order is not ours */
	GQueue conns;		    /* oldest first */
	uint64_t next_conn;
	size_t handshakes; /* callers in CALLED */
	size_t paused;	   /* connections that are UP and in PARSE_WAIT */
	struct zcl_tx_pool pool;
	uint8_t *stage; /* where small messages of a batch lie behind each other; NULL: not yet */
	struct zcl_lnet lnet;
	struct zcl_deadlines deadlines;
	struct zcl_stats stats;
};

/* Something of a connection or a peer is due at `when`. */
static inline void zcl_conn_arm(struct zcl_conn *conn, int64_t when)
{
	zcl_deadline_arm(&conn->node->deadlines, &conn->due, when);
}

static inline void zcl_peer_arm(struct zcl_peer *peer, int64_t when)
{
	zcl_deadline_arm(&peer->node->deadlines, &peer->due, when);
}

/* now + delay, without overflow. */
static inline int64_t zcl_time_after(int64_t now, int64_t delay)
{
	return delay > INT64_MAX - now ? INT64_MAX : now + delay;
}

/* An event with nothing in it but what node, peer and connection (both may be NULL) tell. */
struct zcl_event zcl_event_of(const struct zcl_node *node, const struct zcl_peer *peer,
			      const struct zcl_conn *conn, enum zcl_event_kind kind, int64_t now);
void zcl_node_emit(const struct zcl_node *node, const struct zcl_event *event);
/* Both at once, for events that need no field of their own. */
void zcl_node_note(const struct zcl_node *node, const struct zcl_peer *peer,
		   const struct zcl_conn *conn, enum zcl_event_kind kind, int64_t now);

/* Whether somebody wants to know of every message. */
static inline bool zcl_node_traces(const struct zcl_node *node)
{
	return G_UNLIKELY(node->traces);
}

/* Whether what is sent on it has checksums. */
static inline bool zcl_conn_checksums(const struct zcl_conn *conn)
{
	return conn->node->config.checksum && conn->proto->checksums;
}

/* zcl_peer_get; nearly always it is the one that was found last. */
static inline struct zcl_peer *zcl_peer_of(struct zcl_node *node, zcl_nid nid, int64_t now)
{
	struct zcl_peer *last = node->last_peer;

	return last != NULL && last->nid == nid ? last : zcl_peer_get(node, nid, now);
}

/*
 * The connection that suits a message of nob bytes, as V2 packs it, best; of equals the one with
 * fewest queued; NULL: none up.
 */
static inline struct zcl_conn *zcl_peer_pick(const struct zcl_peer *peer, size_t nob)
{
	const GList *first = peer->conns.head;
	struct zcl_conn *only;

	if (first == NULL)
		return NULL;
	if (first->next != NULL)
		return zcl_peer_pick_of(peer, nob);
	only = first->data;
	/* A type that takes small messages takes large ones too, and the reverse. */
	return only->suits[0] != ZCL_MATCH_NO ? only : NULL;
}

#endif
