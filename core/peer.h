/* SPDX-License-Identifier: MIT */
#ifndef ZCL_PEER_H
#define ZCL_PEER_H

#include "core/conn.h"

/*
 * Inside the core: a peer, its connections, the attempts to connect to it, and the messages that
 * wait for a connection or for a ZC-ACK.
 */
struct zcl_peer {
	struct zcl_node *node;
	zcl_nid nid;
	const struct zcl_proto *proto; /* remembered for calling it; NULL: the best we speak */
	bool told;		       /* by the peer's own refusal: holds until it restarts */
	uint64_t incarnation;	       /* 0: unknown */
	GQueue conns;		       /* UP, oldest first */
	size_t holders;		       /* connections that know it, until they are gone */

	struct zcl_conn *attempt; /* active, not yet UP */
	bool connecting; /* the connecting mark: held across fallback and the types of a set */
	bool wanted;	 /* the set is to be completed */
	bool keep;	 /* ... and tried again after failures */
	bool enough;	 /* it wants no more of a type than there are; one of each is */
	int64_t retry_at;
	int64_t retry_interval;
	uint32_t lost_races;
	/* Since the connecting mark went up. */
	uint32_t fallbacks;
	size_t granted;

	GQueue waiting; /* messages without a connection */
	GQueue zc_reqs; /* messages whose ZC-ACK has not come, oldest first */
	uint64_t next_cookie;
	uint64_t lost_cookie; /* the last whose message failed while its ACK was due; 0: none */
	size_t under_way;     /* messages that are not over */
	/* Of those, what the peer asked for, and NOOPs. */
	size_t answers, answer_bytes;
	bool settled; /* no message needs to ask whether the set is to be completed */

	GQueue ops; /* PUTs and GETs whose ACK or REPLY is due, oldest first */
	struct zcl_deadline due;
};

struct zcl_peer *zcl_peer_find(const struct zcl_node *node, zcl_nid nid);
/*
 * A new one at the limit takes the place of one that is idle, the one that came longest ago first;
 * NULL: none is.
 */
struct zcl_peer *zcl_peer_get(struct zcl_node *node, zcl_nid nid, int64_t now);
/* A connection knows the peer from now on; it does not any more. */
void zcl_peer_hold(struct zcl_peer *peer);
void zcl_peer_let_go(struct zcl_peer *peer);
void zcl_peer_free(struct zcl_peer *peer);

bool zcl_peer_has_type(const struct zcl_peer *peer, int32_t ctype);
/* As many of that type as there may be (wire notes 5). */
bool zcl_peer_is_full(const struct zcl_peer *peer, int32_t ctype);
/* The first type that the set lacks; false: it is complete. */
bool zcl_peer_missing(const struct zcl_peer *peer, int32_t *ctype);
/* zcl_peer_pick of node_impl.h, for one connection or more. */
struct zcl_conn *zcl_peer_pick_of(const struct zcl_peer *peer, size_t nob);
/* Connections of a complete set. */
size_t zcl_peer_set_size(const struct zcl_peer *peer);

/* Sends a message now or lets it wait; a connection is opened when none is up. */
void zcl_peer_launch(struct zcl_peer *peer, struct zcl_tx *tx, int64_t now);
/* A message for which no connection is up. */
void zcl_peer_wait(struct zcl_peer *peer, struct zcl_tx *tx, int64_t now);
/* A message asks for what is missing of the set; not again until a connection comes or goes. */
void zcl_peer_look_after_set(struct zcl_peer *peer, int64_t now);
/* Gives the messages that wait to the connections that are up. */
void zcl_peer_flush(struct zcl_peer *peer, int64_t now);
/* It asks for more than it reads: its connections are closed (max_answers). */
void zcl_peer_cut_off(struct zcl_peer *peer, int64_t now);
void zcl_peer_fail_waiting(struct zcl_peer *peer, enum zcl_err why, int64_t now);

/* Counts an answer (zcl_tx_owner_is_peer; NOOPs: 0) that is to be sent, and one that is over. */
static inline void zcl_peer_owes(struct zcl_peer *peer, size_t payload)
{
	peer->answers++;
	peer->answer_bytes += payload;
}

static inline void zcl_peer_paid(struct zcl_peer *peer, size_t payload)
{
	peer->answers--;
	peer->answer_bytes -= payload;
}

/* peer_connect.c: attempts and what comes of them (wire notes 5). */
void zcl_peer_want(struct zcl_peer *peer, int64_t now);
void zcl_peer_start_attempt(struct zcl_peer *peer, int64_t now);
void zcl_peer_attempt_up(struct zcl_peer *peer, int64_t now);
void zcl_peer_attempt_lost(struct zcl_peer *peer, enum zcl_reason reason, int64_t now);
/* The peer speaks `proto`; told: it said so, else it is guessed from a bare close or reset. */
void zcl_peer_attempt_version(struct zcl_peer *peer, const struct zcl_proto *proto, bool told,
			      int64_t now);
void zcl_peer_attempt_failed(struct zcl_peer *peer, enum zcl_err why, int64_t now);
/* A caller's connection came up. */
void zcl_peer_called(struct zcl_peer *peer, int64_t now);
/* The peer restarted: its old connections are closed, what was remembered is forgotten. */
void zcl_peer_restarted(struct zcl_peer *peer, uint64_t incarnation, int64_t now);
/* A connection that was UP is gone. */
void zcl_peer_conn_lost(struct zcl_peer *peer, enum zcl_err why, int64_t now);
void zcl_peer_tick(struct zcl_peer *peer, int64_t now);
int64_t zcl_peer_expiry(const struct zcl_peer *peer);

#endif
