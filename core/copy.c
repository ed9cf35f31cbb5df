/* SPDX-License-Identifier: MIT */
#include "core/copy.h"

#include <stddef.h>
#include <string.h>

#include "core/node_impl.h"

/*
 * One node becomes what another one is. Structs are copied whole, so that a new plain field needs
 * nothing here; what points into a node is then made to point into the copy. What the copy has
 * already (peers, attached buffers, recycled messages) is used again.
 */

struct copying {
	struct zcl_node *to;
	const struct zcl_node *from;
	GQueue spare; /* connections of `to` as it was, to be used again */
};

static struct zcl_conn *twin_conn(const struct copying *c, const struct zcl_conn *conn)
{
	const GList *twin = c->to->conns.head;

	if (conn == NULL)
		return NULL;
	for (const GList *l = c->from->conns.head; l->data != conn; l = l->next)
		twin = twin->next;
	return twin->data;
}

static struct zcl_peer *twin_peer(const struct copying *c, const struct zcl_peer *peer)
{
	guint i = 0;

	if (peer == NULL)
		return NULL;
	while (c->from->peers->pdata[i] != peer)
		i++;
	return c->to->peers->pdata[i];
}

static struct zcl_me *twin_me(const struct copying *c, const struct zcl_me *me)
{
	return me ? g_hash_table_lookup(c->to->lnet.me_by_id, &me->id) : NULL;
}

static bool is_within(const void *base, const uint8_t *start, size_t size)
{
	return (const uint8_t *)base >= start && (const uint8_t *)base < start + size;
}

/* Memory of the node itself moves with it; all else is the program's and stays. */
static void move_iov(const struct copying *c, struct iovec *iov)
{
	const struct zcl_lnet *lnet = &c->from->lnet;
	const uint8_t *base = iov->iov_base;

	if (is_within(base, lnet->ping_info, sizeof(lnet->ping_info))) {
		iov->iov_base = c->to->lnet.ping_info + (base - lnet->ping_info);
		return;
	}
	for (uint32_t i = 0; i < lnet->nops; i++) {
		const uint8_t *ping = zcl_lnet_op_at(lnet, i)->ping;

		if (ping != NULL && is_within(base, ping, ZCL_PING_MAX_SIZE))
			iov->iov_base = zcl_lnet_op_at(&c->to->lnet, i)->ping + (base - ping);
	}
}

/* ---- messages ---- */

static struct zcl_tx *copy_tx(const struct copying *c, const struct zcl_tx *src,
			      struct zcl_conn *conn)
{
	struct zcl_tx *tx = zcl_tx_get(&c->to->pool);

	memcpy(tx, src, offsetof(struct zcl_tx, iovs));
	zcl_iovs_set(&tx->iovs, zcl_iovs(&src->iovs, src->niov), src->niov);
	tx->link = (GList){.data = tx};
	tx->zc_link = (GList){.data = tx};
	tx->conn = conn;
	tx->peer = twin_peer(c, src->peer);
	if (src->owner.kind == ZCL_TX_ME)
		tx->owner.me = twin_me(c, src->owner.me);
	for (size_t i = 0; i < tx->niov; i++)
		move_iov(c, &zcl_iovs(&tx->iovs, tx->niov)[i]);
	return tx;
}

static void copy_queue(const struct copying *c, GQueue *to, const GQueue *from,
		       struct zcl_conn *conn)
{
	g_queue_init(to);
	for (const GList *l = from->head; l != NULL; l = l->next)
		g_queue_push_tail_link(to, &copy_tx(c, l->data, conn)->link);
}

static void drop_queue(struct zcl_node *node, GQueue *queue)
{
	struct zcl_tx *tx;

	while (queue->head != NULL) {
		tx = g_queue_pop_head_link(queue)->data;
		zcl_tx_put(&node->pool, tx);
	}
}

/* The link in `to` at the place that `link` has in `from`; NULL: none. */
static GList *twin_link(const GQueue *to, const GQueue *from, const GList *link)
{
	GList *twin = to->head;
	const GList *l = from->head;

	for (; l != NULL && l != link; l = l->next)
		twin = twin->next;
	return l ? twin : NULL;
}

static struct zcl_tx *twin_tx(const struct copying *c, const struct zcl_tx *tx)
{
	const struct zcl_conn *from = tx->conn, *to = twin_conn(c, from);
	const GList *twin = twin_link(&to->inflight, &from->inflight, &tx->link);

	if (twin == NULL)
		twin = twin_link(&to->txq.queue, &from->txq.queue, &tx->link);
	return twin->data;
}

/* ---- connections ---- */

static void drop_conn(struct zcl_node *node, struct zcl_conn *conn)
{
	drop_queue(node, &conn->inflight);
	drop_queue(node, &conn->txq.queue);
	zcl_txq_clear(&conn->txq);
	if (conn->stash)
		g_byte_array_unref(conn->stash);
}

static struct zcl_conn *spare_conn(struct copying *c)
{
	const GList *link = g_queue_pop_head_link(&c->spare);

	return link ? link->data : g_new(struct zcl_conn, 1);
}

/* The list that a payload goes to is the attached buffer's or the GET's. */
static const struct iovec *twin_list(const struct copying *c, const struct zcl_conn *src)
{
	const struct zcl_sink *sink = &src->sink;
	const struct zcl_op *from, *to;

	if (src->rx.state != ZCL_RX_LNET_PAYLOAD)
		return NULL;
	if (sink->kind == ZCL_SINK_ME)
		return twin_me(c, sink->me)->spec.iov + (src->rx.iov - sink->me->spec.iov);
	from = zcl_lnet_op_at(&c->from->lnet, (uint32_t)sink->op);
	to = zcl_lnet_op_at(&c->to->lnet, (uint32_t)sink->op);
	return zcl_iovs(&to->iovs, to->niov) + (src->rx.iov - zcl_iovs(&from->iovs, from->niov));
}

static void copy_conn(struct copying *c, const struct zcl_conn *src)
{
	struct zcl_conn *conn = spare_conn(c);

	*conn = *src;
	conn->node = c->to;
	conn->peer = twin_peer(c, src->peer);
	conn->link = (GList){.data = conn};
	conn->peer_link = (GList){.data = conn};
	conn->sink.me = twin_me(c, src->sink.kind == ZCL_SINK_ME ? src->sink.me : NULL);
	if (src->stash) {
		conn->stash = g_byte_array_sized_new(src->stash->len);
		g_byte_array_append(conn->stash, src->stash->data, src->stash->len);
	}
	conn->rx.iov = twin_list(c, src);
	conn->due.owner = conn;
	copy_queue(c, &conn->inflight, &src->inflight, conn);
	copy_queue(c, &conn->txq.queue, &src->txq.queue, conn);
	if (src->txq.room > 0)
		conn->txq.cookies =
			g_memdup2(src->txq.cookies, src->txq.room * sizeof(*src->txq.cookies));
	conn->txq.carrier = twin_link(&conn->txq.queue, &src->txq.queue, src->txq.carrier);
	g_queue_push_tail_link(&c->to->conns, &conn->link);
}

/* ---- peers ---- */

static void drop_peers(struct zcl_node *node, guint from)
{
	while (node->peers->len > from) {
		struct zcl_peer *peer = g_ptr_array_steal_index(node->peers, node->peers->len - 1);

		g_hash_table_remove(node->peer_by_nid, &peer->nid);
		g_free(peer);
	}
}

/* As in `from`: its plain fields; connections and messages come later. */
static void copy_peers(const struct copying *c)
{
	struct zcl_node *to = c->to;
	const struct zcl_node *from = c->from;

	for (guint i = 0; i < from->peers->len; i++) {
		const struct zcl_peer *src = from->peers->pdata[i];
		struct zcl_peer *peer = i < to->peers->len ? to->peers->pdata[i] : NULL;

		if (peer == NULL || peer->nid != src->nid) {
			drop_peers(to, i);
			peer = g_new(struct zcl_peer, 1);
			peer->nid = src->nid;
			g_ptr_array_add(to->peers, peer);
			g_hash_table_insert(to->peer_by_nid, &peer->nid, peer);
		}
		*peer = *src;
		peer->node = to;
		peer->due.owner = peer;
	}
	drop_peers(to, from->peers->len);
	to->last_peer = twin_peer(c, from->last_peer);
}

static void join_peer(const struct copying *c, struct zcl_peer *peer, const struct zcl_peer *src)
{
	peer->attempt = twin_conn(c, src->attempt);
	g_queue_init(&peer->conns);
	for (const GList *l = src->conns.head; l != NULL; l = l->next)
		g_queue_push_tail_link(&peer->conns, &twin_conn(c, l->data)->peer_link);
	copy_queue(c, &peer->waiting, &src->waiting, NULL);
	g_queue_init(&peer->zc_reqs);
	for (const GList *l = src->zc_reqs.head; l != NULL; l = l->next)
		g_queue_push_tail_link(&peer->zc_reqs, &twin_tx(c, l->data)->zc_link);
	g_queue_init(&peer->ops);
	for (const GList *l = src->ops.head; l != NULL; l = l->next) {
		const struct zcl_op *op = l->data;

		g_queue_push_tail_link(&peer->ops, &zcl_lnet_op_at(&c->to->lnet, op->index)->link);
	}
}

/* ---- LNet ---- */

static bool same_buffers(const GPtrArray *to, const GPtrArray *from)
{
	if ((to ? to->len : 0) != (from ? from->len : 0))
		return false;
	for (guint i = 0; from != NULL && i < from->len; i++) {
		const struct zcl_me *one = to->pdata[i], *other = from->pdata[i];

		if (one->id != other->id)
			return false;
	}
	return true;
}

/* Attached buffers with these ids, in their order; what is in them comes later. */
static void make_buffers(struct zcl_lnet *to, size_t portal, const GPtrArray *from)
{
	GPtrArray *list = to->portal[portal];

	if (list == NULL)
		list = to->portal[portal] = g_ptr_array_new();
	for (guint i = 0; i < list->len; i++) {
		struct zcl_me *me = list->pdata[i];

		g_hash_table_remove(to->me_by_id, &me->id);
		g_free(me);
	}
	g_ptr_array_set_size(list, 0);
	for (guint i = 0; from != NULL && i < from->len; i++) {
		struct zcl_me *me = g_memdup2(from->pdata[i], sizeof(*me));

		g_ptr_array_add(list, me);
		g_hash_table_insert(to->me_by_id, &me->id, me);
	}
}

static void copy_buffers(struct zcl_lnet *to, const struct zcl_lnet *from)
{
	for (size_t p = 0; p < ZCL_LNET_PORTALS; p++) {
		const GPtrArray *list = from->portal[p];

		if (list == NULL && to->portal[p] == NULL)
			continue;
		if (!same_buffers(to->portal[p], list))
			make_buffers(to, p, list);
		for (guint i = 0; list != NULL && i < list->len; i++)
			memcpy(to->portal[p]->pdata[i], list->pdata[i], sizeof(struct zcl_me));
	}
}

static void copy_ops(struct zcl_lnet *to, const struct zcl_lnet *from)
{
	for (uint32_t i = 0; i < to->nops; i++)
		g_free(zcl_lnet_op_at(to, i)->ping);
	while (to->op_slabs->len < from->op_slabs->len)
		g_ptr_array_add(to->op_slabs, g_new0(struct zcl_op, ZCL_OP_SLAB));
	for (uint32_t i = 0; i < from->nops; i++) {
		struct zcl_op *op = zcl_lnet_op_at(to, i);

		const struct zcl_op *src = zcl_lnet_op_at(from, i);
		struct zcl_iovs iovs = op->iovs;

		zcl_iovs_set(&iovs, zcl_iovs(&src->iovs, src->niov), src->niov);
		*op = *src;
		op->iovs = iovs;
		op->link = (GList){.data = op};
		op->ping = op->kind == ZCL_OP_PING ? g_memdup2(op->ping, ZCL_PING_MAX_SIZE) : NULL;
	}
}

static void join_ops(const struct copying *c)
{
	for (uint32_t i = 0; i < c->to->lnet.nops; i++) {
		struct zcl_op *op = zcl_lnet_op_at(&c->to->lnet, i);

		if (op->kind == ZCL_OP_FREE)
			continue;
		op->peer = twin_peer(c, op->peer);
		op->receiving = twin_conn(c, op->receiving);
		if (op->kind == ZCL_OP_PING)
			move_iov(c, &op->iovs.few[0]);
	}
}

/* ---- the node ---- */

static void keep_place(GPtrArray *heap, struct zcl_deadline *d)
{
	if (d->at != INT64_MAX)
		heap->pdata[d->place] = d;
}

static void copy_deadlines(struct zcl_node *to, const struct zcl_node *from)
{
	GPtrArray *heap = to->deadlines.heap;

	g_ptr_array_set_size(heap, (gint)from->deadlines.heap->len);
	for (GList *l = to->conns.head; l != NULL; l = l->next)
		keep_place(heap, &((struct zcl_conn *)l->data)->due);
	for (guint i = 0; i < to->peers->len; i++)
		keep_place(heap, &((struct zcl_peer *)to->peers->pdata[i])->due);
}

/* Everything but what the copy has of its own. */
static void copy_fields(struct zcl_node *to, const struct zcl_node *from)
{
	const struct zcl_callbacks cb = to->cb;
	const struct zcl_tx_pool pool = to->pool;
	const struct zcl_deadlines deadlines = to->deadlines;
	uint8_t *stage = to->stage;
	void *user = to->user;
	GPtrArray *peers = to->peers, *op_slabs = to->lnet.op_slabs;
	GHashTable *peer_by_nid = to->peer_by_nid, *me_by_id = to->lnet.me_by_id;
	GPtrArray *portal[ZCL_LNET_PORTALS];

	memcpy(portal, to->lnet.portal, sizeof(portal));
	*to = *from;
	to->cb = cb;
	to->pool = pool;
	to->deadlines = deadlines;
	to->stage = stage;
	to->user = user;
	to->peers = peers;
	to->lnet.op_slabs = op_slabs;
	to->peer_by_nid = peer_by_nid;
	to->lnet.me_by_id = me_by_id;
	memcpy(to->lnet.portal, portal, sizeof(portal));
	g_queue_init(&to->conns);
}

void zcl_node_copy(struct zcl_node *to, const struct zcl_node *from,
		   void (*twins)(void *user, const struct zcl_conn *from, struct zcl_conn *to),
		   void *user)
{
	struct copying c = {to, from, to->conns};

	for (const GList *l = to->conns.head; l != NULL; l = l->next)
		drop_conn(to, l->data);
	for (guint i = 0; i < to->peers->len; i++)
		drop_queue(to, &((struct zcl_peer *)to->peers->pdata[i])->waiting);
	copy_buffers(&to->lnet, &from->lnet);
	copy_ops(&to->lnet, &from->lnet);
	copy_fields(to, from);
	copy_peers(&c);
	for (const GList *l = from->conns.head; l != NULL; l = l->next)
		copy_conn(&c, l->data);
	while (c.spare.head != NULL)
		g_free(g_queue_pop_head_link(&c.spare)->data);
	for (guint i = 0; i < from->peers->len; i++)
		join_peer(&c, to->peers->pdata[i], from->peers->pdata[i]);
	join_ops(&c);
	copy_deadlines(to, from);
	g_assert(to->pool.in_use == from->pool.in_use);
	for (const GList *l = from->conns.head, *m = to->conns.head; l != NULL;
	     l = l->next, m = m->next)
		twins(user, l->data, m->data);
}
