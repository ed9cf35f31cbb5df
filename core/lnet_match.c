/* SPDX-License-Identifier: MIT */
#include "core/lnet_match.h"

/* Buffers attached to portals and match bits (wire notes 8). */

bool zcl_md_claim(const struct zcl_attach *spec, struct zcl_md_use *use, size_t rlength,
		  size_t remote_offset, struct zcl_claim *claim)
{
	return zcl_md_take(spec, zcl_iov_length(spec->iov, spec->niov), use, rlength, remote_offset,
			   claim);
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
