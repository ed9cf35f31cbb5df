/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h"

/* Buffers attached to portals and match bits (wire notes 8). */

static bool accepts_bits(const struct zcl_attach *spec, uint64_t match_bits, zcl_nid peer)
{
	return ((spec->match_bits ^ match_bits) & ~spec->ignore_bits) == 0 &&
	       (spec->peer == ZCL_NID_ANY || spec->peer == peer);
}

/* length: of all of spec */
ZCL_ALWAYS_INLINE bool md_claim(const struct zcl_attach *spec, size_t length,
				struct zcl_md_use *use, size_t rlength, size_t remote_offset,
				struct zcl_claim *claim)
{
	const bool remote = spec->options & ZCL_MD_REMOTE_OFFSET;
	const size_t offset = remote ? remote_offset : use->next;

	if (spec->threshold != 0 && use->operations >= spec->threshold)
		return false;
	if (!(spec->options & ZCL_MD_TRUNCATE) && (offset > length || rlength > length - offset))
		return false;
	claim->offset = MIN(offset, length);
	claim->mlength = MIN(rlength, length - claim->offset);
	if (!remote)
		use->next = claim->offset + claim->mlength;
	use->operations++;
	claim->last = spec->threshold != 0 && use->operations >= spec->threshold;
	return true;
}

bool zcl_md_claim(const struct zcl_attach *spec, struct zcl_md_use *use, size_t rlength,
		  size_t remote_offset, struct zcl_claim *claim)
{
	return md_claim(spec, zcl_iov_length(spec->iov, spec->niov), use, rlength, remote_offset,
			claim);
}

ZCL_ALWAYS_INLINE bool claims(struct zcl_me *me, uint64_t match_bits, zcl_nid peer, bool is_get,
			      size_t rlength, size_t remote_offset, struct zcl_claim *claim)
{
	const struct zcl_attach *spec = &me->spec;

	if (me->detached || !accepts_bits(spec, match_bits, peer))
		return false;
	if (!(spec->options & (is_get ? ZCL_MD_GET : ZCL_MD_PUT)))
		return false;
	if (spec->claim != NULL)
		return spec->claim(spec->shared, rlength, remote_offset, claim);
	return md_claim(spec, me->length, &me->use, rlength, remote_offset, claim);
}

/* In line: with the fields of a header, of which there are too many to be handed on. */
ZCL_ALWAYS_INLINE struct zcl_me *match(struct zcl_node *node, uint32_t portal, uint64_t match_bits,
				       zcl_nid peer, bool is_get, size_t rlength,
				       size_t remote_offset, struct zcl_claim *claim)
{
	const GPtrArray *list;

	if (portal >= ZCL_LNET_PORTALS || node->lnet.portal[portal] == NULL)
		return NULL;
	list = node->lnet.portal[portal];
	for (guint i = 0; i < list->len; i++) {
		struct zcl_me *me = list->pdata[i];

		if (!claims(me, match_bits, peer, is_get, rlength, remote_offset, claim))
			continue;
		me->busy++;
		me->detached = claim->last;
		return me;
	}
	return NULL;
}

struct zcl_me *zcl_lnet_match_put(struct zcl_node *node, const struct zcl_lnet_hdr *hdr,
				  struct zcl_claim *claim)
{
	return match(node, hdr->msg.put.ptl_index, hdr->msg.put.match_bits, hdr->src_nid, false,
		     hdr->payload_length, hdr->msg.put.offset, claim);
}

struct zcl_me *zcl_lnet_match_get(struct zcl_node *node, const struct zcl_lnet_hdr *hdr,
				  struct zcl_claim *claim)
{
	return match(node, hdr->msg.get.ptl_index, hdr->msg.get.match_bits, hdr->src_nid, true,
		     MIN(hdr->msg.get.sink_length, ZCL_LNET_MTU), hdr->msg.get.src_offset, claim);
}

void zcl_lnet_me_free(struct zcl_node *node, struct zcl_me *me)
{
	g_ptr_array_remove(node->lnet.portal[me->spec.portal], me);
	g_hash_table_remove(node->lnet.me_by_id, &me->id);
	node->lnet.attached--;
	g_free(me);
}

static bool attach_is_valid(const struct zcl_attach *a)
{
	return a->portal < ZCL_LNET_PORTALS && a->niov <= ZCL_LNET_MAX_IOV &&
	       (a->options & (ZCL_MD_PUT | ZCL_MD_GET)) != 0;
}

/* Messages of a lazy portal that waited go on when they match now. */
static void resume_waiting(struct zcl_node *node, uint32_t portal, int64_t now)
{
	GList *next;

	if (node->paused == 0)
		return;
	for (GList *l = node->conns.head; l != NULL; l = next) {
		struct zcl_conn *conn = l->data;

		next = l->next;
		if (conn->state != ZCL_CS_UP || !zcl_conn_rx_paused(conn))
			continue;
		if (conn->rx.hdr.msg.put.ptl_index != portal)
			continue;
		zcl_lnet_parse(conn, &conn->rx.hdr, now);
		if (zcl_conn_rx_paused(conn))
			continue;
		node->paused--;
		zcl_conn_rx_resume(conn, now);
	}
}

enum zcl_err zcl_lnet_attach(struct zcl_node *node, const struct zcl_attach *attach, uint64_t *id,
			     int64_t now)
{
	struct zcl_lnet *lnet = &node->lnet;
	struct zcl_me *me;

	if (!attach_is_valid(attach))
		return ZCL_E_INVALID;
	if (node->shut)
		return ZCL_E_SHUTDOWN;
	if (lnet->attached >= node->config.max_attached)
		return ZCL_E_LIMIT;
	me = g_new0(struct zcl_me, 1);
	me->spec = *attach;
	me->length = zcl_iov_length(attach->iov, attach->niov);
	me->id = ++lnet->next_me;
	if (lnet->portal[attach->portal] == NULL)
		lnet->portal[attach->portal] = g_ptr_array_new();
	g_ptr_array_add(lnet->portal[attach->portal], me);
	g_hash_table_insert(lnet->me_by_id, &me->id, me);
	lnet->attached++;
	*id = me->id;
	if (lnet->lazy[attach->portal])
		resume_waiting(node, attach->portal, now);
	return ZCL_OK;
}

enum zcl_err zcl_lnet_detach(struct zcl_node *node, uint64_t id)
{
	struct zcl_me *me = g_hash_table_lookup(node->lnet.me_by_id, &id);

	if (me == NULL)
		return ZCL_E_NOT_FOUND;
	me->detached = true;
	if (me->busy > 0)
		return ZCL_E_LIMIT;
	zcl_lnet_me_free(node, me);
	return ZCL_OK;
}

enum zcl_err zcl_lnet_set_lazy(struct zcl_node *node, uint32_t portal, bool lazy, int64_t now)
{
	if (portal >= ZCL_LNET_PORTALS)
		return ZCL_E_INVALID;
	node->lnet.lazy[portal] = lazy;
	/* What waits on a portal that is not lazy any more is dropped. */
	if (!lazy)
		resume_waiting(node, portal, now);
	return ZCL_OK;
}
