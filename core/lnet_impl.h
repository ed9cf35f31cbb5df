/* SPDX-License-Identifier: MIT */
#ifndef ZCL_LNET_IMPL_H
#define ZCL_LNET_IMPL_H

#include "core/conn.h"
#include "core/lnet.h"

/* Inside the core: LNet above the connections. */

/* An attached buffer. */
struct zcl_me {
	struct zcl_attach spec;
	size_t length; /* bytes of spec.iov */
	uint64_t id;
	struct zcl_md_use use;
	size_t busy;   /* messages in the middle of it */
	bool detached; /* goes when busy falls to 0 */
};

enum zcl_op_kind {
	ZCL_OP_FREE,
	ZCL_OP_PUT,
	ZCL_OP_GET,
	ZCL_OP_PING,
};

/* A PUT or GET of this side that is not over and waits, or waited, for an ACK or a REPLY. */
struct zcl_op {
	enum zcl_op_kind kind;
	uint32_t generation;
	uint8_t niov;
	bool sending;	/* its message is not over */
	bool answering; /* an ACK or REPLY is still due */
	uint32_t index;
	uint32_t next_free; /* FREE: the next one's index + 1; 0: the last */
	struct zcl_peer *peer;
	GList link; /* in peer->ops while answering */
	uint32_t portal;
	uint64_t match_bits;
	uint64_t hdr_data;
	size_t rlength;
	struct zcl_conn *receiving; /* its REPLY comes in there */
	int64_t deadline;
	void *user;
	uint8_t *ping;	      /* the sink of a ping */
	struct zcl_iovs iovs; /* of a GET; niov says what counts */
};

#define ZCL_OP_SLAB 64

struct zcl_lnet {
	GPtrArray *portal[ZCL_LNET_PORTALS]; /* struct zcl_me, in order of attachment; NULL: none */
	bool lazy[ZCL_LNET_PORTALS];
	GHashTable *me_by_id; /* looked up, never walked */
	uint64_t next_me;
	size_t attached;
	GPtrArray *op_slabs; /* of ZCL_OP_SLAB each: an op never moves, payload may go there */
	uint32_t nops;	     /* indices in use or free */
	uint32_t free_op;    /* index + 1 of the one that was freed last; 0: none */
	size_t ops_used;     /* PUTs that want no answer among them, which need no op */
	uint8_t ping_info[ZCL_PING_MAX_SIZE];
	size_t ping_info_size;
};

void zcl_lnet_init(struct zcl_node *node);
void zcl_lnet_clear(struct zcl_node *node);

/* A header came: says where the payload goes, or waits. lnet_parse.c */
void zcl_lnet_parse(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now);
/* Its payload is complete and checked. */
void zcl_lnet_received(struct zcl_conn *conn, const struct zcl_lnet_hdr *hdr, int64_t now);
/* The connection ends in the middle of a payload. */
void zcl_lnet_cut(struct zcl_conn *conn, enum zcl_err why, int64_t now);
/* A message is over. */
void zcl_lnet_tx_done(struct zcl_node *node, const struct zcl_tx *tx, enum zcl_err err,
		      int64_t now);
/* The last connection to that peer is gone: what waits for its answer fails. */
void zcl_lnet_peer_lost(struct zcl_peer *peer, enum zcl_err why, int64_t now);
/* Answers of this peer that are overdue; when the next one is. */
void zcl_lnet_peer_tick(struct zcl_peer *peer, int64_t now);
int64_t zcl_lnet_peer_expiry(const struct zcl_peer *peer);

/* lnet_match.c */
/* Gone, with its place on the portal. */
void zcl_lnet_me_free(struct zcl_node *node, struct zcl_me *me);
/* Returns true when it is detached now, and gone. */
static inline bool zcl_lnet_me_end(struct zcl_node *node, struct zcl_me *me)
{
	g_assert(me->busy > 0);
	me->busy--;
	if (G_LIKELY(!me->detached || me->busy > 0))
		return false;
	zcl_lnet_me_free(node, me);
	return true;
}
/* lnet_op.c: the PUTs and GETs that are not over and have an answer to wait for, by handle. */
struct zcl_op *zcl_lnet_op_new(struct zcl_peer *peer, enum zcl_op_kind kind, int64_t now);
/* By index, free ones too; index < nops. */
struct zcl_op *zcl_lnet_op_at(const struct zcl_lnet *lnet, uint32_t index);
void zcl_lnet_op_free(struct zcl_node *node, struct zcl_op *op);
uint64_t zcl_lnet_op_handle(const struct zcl_op *op);
struct zcl_op *zcl_lnet_op(struct zcl_node *node, uint64_t handle);
void zcl_lnet_op_answered(struct zcl_node *node, struct zcl_op *op, enum zcl_err status,
			  size_t mlength, int64_t now);
/* lnet_submit.c */
/* A message of this node to a peer, for zcl_peer_launch; whose it is (owner) is to be filled in. */
struct zcl_tx *zcl_lnet_message(struct zcl_peer *peer, const struct zcl_lnet_hdr *hdr,
				const struct iovec *iov, size_t niov);

/* lnet_ping.c */
size_t zcl_ping_encode(const struct zcl_config *config, uint8_t *buf);
enum zcl_err zcl_ping_decode(const uint8_t *buf, size_t len, struct zcl_ping_info *info);

#endif
