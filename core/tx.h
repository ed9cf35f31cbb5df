/* SPDX-License-Identifier: MIT */
#ifndef ZCL_TX_H
#define ZCL_TX_H

#include <glib.h>
#include <sys/uio.h>

#include "core/iov.h"
#include "core/queue.h"
#include "core/way.h"
#include "core/wire_msg.h"

struct zcl_conn;
struct zcl_peer;
struct zcl_node;
struct zcl_me;

/* What is told when a message is over. */
enum zcl_tx_owner_kind {
	ZCL_TX_NOBODY, /* LNet ACKs */
	ZCL_TX_PUT,    /* a PUT of the program that wants no answer: all of it is here */
	ZCL_TX_OP,     /* another PUT, or a GET */
	ZCL_TX_ME,     /* a REPLY from an attached buffer */
	ZCL_TX_SELF,   /* a REPLY from the node's own memory */
};

struct zcl_tx_owner {
	enum zcl_tx_owner_kind kind;
	uint32_t portal; /* PUT */
	union {
		struct zcl_me *me; /* ME: busy, and so there, until the message is over */
		uint64_t op;	   /* OP: its handle */
		void *user;	   /* PUT: for its event */
	};
	union {
		size_t offset;	   /* ME: where in the attached buffer */
		uint64_t hdr_data; /* PUT */
	};
	uint64_t match_bits; /* ME: of the GET; PUT */
};

/* A message that the program did not ask for. */
static inline bool zcl_tx_owner_is_peer(const struct zcl_tx_owner *owner)
{
	return owner->kind != ZCL_TX_PUT && owner->kind != ZCL_TX_OP;
}

/*
 * One LNET message on its way out. It is on one queue at a time: waiting on the peer, queued on a
 * connection, or sent and waiting for its releases (`inflight` of the connection). NOOPs are none:
 * core/txq.h has their cookies.
 */
struct zcl_tx {
	GList link;
	GList zc_link; /* on the peer's zc_reqs until the ZC-ACK comes */

	struct zcl_peer *peer;
	struct zcl_conn *conn;

	struct zcl_ksm ksm;
	size_t payload; /* bytes */
	size_t sent;	/* bytes of header and payload */
	uint32_t lnet_type;
	uint8_t header_at; /* where in `header` it starts */
	uint8_t niov;

	bool sealed;  /* ksm and the packed header hold the checksum of the cookies as they are */
	bool zc;      /* the payload may go out without a copy */
	bool unacked; /* the ZC-ACK has not come */
	bool spliced; /* the kernel may read payload pages for as long as it likes */
	enum zcl_way way;   /* of the payload bytes that went out last, */
	enum zcl_why why;   /* and the reason for it */
	enum zcl_err err;   /* its connection is down: what its owner will be told */
	uint32_t first_pin; /* the first number that the kernel counts for it */
	uint32_t pins;	    /* numbers used */
	uint32_t pins_left; /* numbers not yet released */
	int64_t deadline;   /* while waiting on the peer or for the ZC-ACK */

	struct zcl_tx_owner owner;

	uint8_t header[ZCL_MSG_HDR_SIZE]; /* packed as V2; V1 sends it from the LNet header on */
	struct zcl_iovs iovs;		  /* niov says what counts */
};

static inline size_t zcl_tx_header_size(const struct zcl_tx *tx)
{
	return (size_t)ZCL_MSG_HDR_SIZE - tx->header_at;
}

static inline size_t zcl_tx_size(const struct zcl_tx *tx)
{
	return zcl_tx_header_size(tx) + tx->payload;
}

/* A free list that grows by slabs, so that a steady state allocates nothing. */
struct zcl_tx_pool {
	GList *free; /* through link.next */
	GPtrArray *slabs;
	size_t in_use;
};

void zcl_tx_pool_init(struct zcl_tx_pool *pool);
void zcl_tx_pool_clear(struct zcl_tx_pool *pool);
void zcl_tx_pool_grow(struct zcl_tx_pool *pool);

/* A message, all zero but for its links, header and iovs. */
static inline struct zcl_tx *zcl_tx_get(struct zcl_tx_pool *pool)
{
	struct zcl_tx *tx;

	if (G_UNLIKELY(pool->free == NULL))
		zcl_tx_pool_grow(pool);
	tx = pool->free->data;
	pool->free = tx->link.next;
	tx->link.next = NULL;
	pool->in_use++;
	/* Neighbours in the struct: a few wide stores. */
	tx->peer = NULL;
	tx->conn = NULL;
	tx->ksm = (struct zcl_ksm){0};
	tx->payload = tx->sent = 0;
	tx->lnet_type = 0;
	tx->header_at = tx->niov = 0;
	tx->sealed = tx->zc = tx->unacked = tx->spliced = false;
	tx->way = ZCL_WAY_COPY;
	tx->why = ZCL_WHY_NONE;
	tx->err = ZCL_OK;
	tx->first_pin = tx->pins = tx->pins_left = 0;
	tx->deadline = 0;
	tx->owner = (struct zcl_tx_owner){0};
	return tx;
}

static inline void zcl_tx_put(struct zcl_tx_pool *pool, struct zcl_tx *tx)
{
	g_assert(pool->in_use > 0);
	/* The one that is still in the cache goes out next. */
	tx->link.next = pool->free;
	pool->free = &tx->link;
	pool->in_use--;
}

/*
 * Fills in the header of an LNET message, packed as V2; iov has hdr->payload_length bytes. In line:
 * where the type is known, the header is written from values that were never in a struct.
 */
ZCL_ALWAYS_INLINE void zcl_tx_init_lnet(struct zcl_tx *tx, const struct zcl_lnet_hdr *hdr,
					const struct iovec *iov, size_t niov)
{
	tx->ksm.ksm_type = ZCL_KSM_LNET;
	tx->lnet_type = hdr->type;
	zcl_lnet_hdr_pack(hdr, tx->header + ZCL_KSM_SIZE);
	zcl_iovs_set(&tx->iovs, iov, niov);
	tx->niov = (uint8_t)niov;
	tx->payload = hdr->payload_length;
}

/* Writes a NOOP that carries a ZC-ACK (ZCL_KSM_SIZE bytes), with its checksum when asked for. */
static inline void zcl_tx_pack_noop(uint64_t ack_cookie, bool checksum, uint8_t *buf)
{
	struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_NOOP, .ksm_zc_cookies[1] = ack_cookie};

	zcl_ksm_pack(&ksm, buf);
	if (G_LIKELY(!checksum))
		return;
	ksm.ksm_csum = zcl_crc(ZCL_CRC_INIT, buf, ZCL_KSM_SIZE);
	zcl_ksm_pack(&ksm, buf);
}

/*
 * Writes the ksock header into the packed one, with its checksum when asked for; once, until a
 * cookie changes (zcl_tx_set_ack). Who packs `ksm` elsewhere needs it for the checksum alone.
 */
void zcl_tx_seal(struct zcl_tx *tx, bool checksum);

/* Makes it carry this ZC-ACK. Nothing of it was sent. */
static inline void zcl_tx_set_ack(struct zcl_tx *tx, uint64_t cookie)
{
	g_assert(tx->sent == 0);
	tx->ksm.ksm_zc_cookies[1] = cookie;
	tx->ksm.ksm_csum = 0;
	tx->sealed = false;
}

#endif
