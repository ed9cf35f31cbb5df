/* SPDX-License-Identifier: MIT */
#include "core/conn_queue.h"

struct zcl_peer *zcl_peer_find(const struct zcl_node *node, zcl_nid nid)
{
	return g_hash_table_lookup(node->peer_by_nid, &nid);
}

/*
 * Nothing refers to it, nothing is to be done for it. What is forgotten with it is what a node that
 * has just started does not know either: version and incarnation.
 */
static bool is_idle(const struct zcl_peer *peer, int64_t now)
{
	return peer->holders == 0 && peer->under_way == 0 && peer->answers == 0 &&
	       zcl_queue_is_empty(&peer->ops) && !peer->wanted && !peer->keep &&
	       !peer->connecting && peer->retry_at <= now;
}

static void forget(struct zcl_peer *peer)
{
	struct zcl_node *node = peer->node;

	/* Cookies count on, also if it comes back. */
	node->first_cookie = MAX(node->first_cookie, peer->next_cookie);
	if (node->last_peer == peer)
		node->last_peer = NULL;
	g_hash_table_remove(node->peer_by_nid, &peer->nid);
	node->stats.forgotten++;
	zcl_peer_free(peer);
}

/* The place of an idle peer, who is forgotten. False: there is none. */
static bool make_room(struct zcl_node *node, guint *place, int64_t now)
{
	/* Else a node that is full of real peers would look through all of them for each caller. */
	if (node->held_peers >= node->peers->len)
		return false;
	for (guint n = node->peers->len; n > 0; n--) {
		const guint at = node->next_place;
		struct zcl_peer *peer = node->peers->pdata[at];

		node->next_place = (at + 1) % node->peers->len;
		if (!is_idle(peer, now))
			continue;
		forget(peer);
		*place = at;
		return true;
	}
	return false;
}

static struct zcl_peer *peer_new(struct zcl_node *node, zcl_nid nid, guint place)
{
	struct zcl_peer *peer = g_new0(struct zcl_peer, 1);

	peer->node = node;
	peer->nid = nid;
	peer->next_cookie = node->first_cookie;
	g_queue_init(&peer->conns);
	g_queue_init(&peer->waiting);
	g_queue_init(&peer->zc_reqs);
	g_queue_init(&peer->ops);
	zcl_deadline_init(&peer->due, ZCL_DEADLINE_PEER, place, peer);
	g_hash_table_insert(node->peer_by_nid, &peer->nid, peer);
	return peer;
}

struct zcl_peer *zcl_peer_get(struct zcl_node *node, zcl_nid nid, int64_t now)
{
	guint place = node->peers->len;
	struct zcl_peer *peer;

	peer = zcl_peer_find(node, nid);
	if (peer != NULL) {
		node->last_peer = peer;
		return peer;
	}
	if (place < node->config.max_peers)
		g_ptr_array_add(node->peers, NULL);
	else if (!make_room(node, &place, now))
		return NULL;
	peer = peer_new(node, nid, place);
	node->peers->pdata[place] = peer;
	return peer;
}

void zcl_peer_hold(struct zcl_peer *peer)
{
	if (peer->holders++ == 0)
		peer->node->held_peers++;
}

void zcl_peer_let_go(struct zcl_peer *peer)
{
	g_assert(peer->holders > 0);
	if (--peer->holders == 0)
		peer->node->held_peers--;
}

void zcl_peer_free(struct zcl_peer *peer)
{
	g_assert(peer->under_way == 0 && peer->answers == 0 && peer->attempt == NULL);
	g_assert(zcl_queue_is_empty(&peer->conns) && zcl_queue_is_empty(&peer->ops));
	zcl_deadline_set(&peer->node->deadlines, &peer->due, INT64_MAX);
	g_free(peer);
}

static size_t count_type(const struct zcl_peer *peer, int32_t ctype)
{
	size_t n = 0;

	for (const GList *l = peer->conns.head; l != NULL; l = l->next) {
		const struct zcl_conn *conn = l->data;

		n += conn->ctype == ctype;
	}
	return n;
}

bool zcl_peer_has_type(const struct zcl_peer *peer, int32_t ctype)
{
	return count_type(peer, ctype) > 0;
}

static size_t most_of(const struct zcl_peer *peer, int32_t ctype)
{
	const bool bulk = ctype == ZCL_CONN_BULK_IN || ctype == ZCL_CONN_BULK_OUT;

	return bulk ? peer->node->config.conns_per_peer : 1;
}

bool zcl_peer_is_full(const struct zcl_peer *peer, int32_t ctype)
{
	return count_type(peer, ctype) >= most_of(peer, ctype);
}

bool zcl_peer_missing(const struct zcl_peer *peer, int32_t *ctype)
{
	static const int32_t set[] = {ZCL_CONN_CONTROL, ZCL_CONN_BULK_IN, ZCL_CONN_BULK_OUT};

	if (!peer->node->config.typed) {
		*ctype = ZCL_CONN_ANY;
		return zcl_queue_is_empty(&peer->conns);
	}
	/* A peer that came with one untyped connection does not know the types. */
	if (zcl_peer_has_type(peer, ZCL_CONN_ANY))
		return false;
	/* One of each before a second of any: the peer may want no more. */
	for (size_t n = 1; n <= (peer->enough ? 1 : most_of(peer, ZCL_CONN_BULK_IN)); n++) {
		for (size_t i = 0; i < G_N_ELEMENTS(set); i++) {
			*ctype = set[i];
			if (count_type(peer, set[i]) < MIN(n, most_of(peer, set[i])))
				return true;
		}
	}
	return false;
}

size_t zcl_peer_set_size(const struct zcl_peer *peer)
{
	return peer->node->config.typed ? 1 + 2 * peer->node->config.conns_per_peer : 1;
}

struct zcl_conn *zcl_peer_pick_of(const struct zcl_peer *peer, size_t nob)
{
	/* All connections with a peer have one version. */
	const struct zcl_conn *any = peer->conns.head->data;
	const bool bulk = nob >= peer->node->config.min_bulk + any->proto->header_at;
	struct zcl_conn *best = NULL;
	enum zcl_match best_match = ZCL_MATCH_NO;

	for (const GList *l = peer->conns.head; l != NULL; l = l->next) {
		struct zcl_conn *conn = l->data;
		const enum zcl_match match = conn->suits[bulk];

		if (match == ZCL_MATCH_NO || match < best_match)
			continue;
		if (match > best_match || conn->txq.nob < best->txq.nob) {
			best = conn;
			best_match = match;
		}
	}
	return best;
}

/* True when one of the connections was opened by this side: then it looks after the set. */
static bool owns_set(const struct zcl_peer *peer)
{
	for (const GList *l = peer->conns.head; l != NULL; l = l->next) {
		const struct zcl_conn *conn = l->data;

		if (conn->active)
			return true;
	}
	return false;
}

void zcl_peer_look_after_set(struct zcl_peer *peer, int64_t now)
{
	int32_t ctype;

	if (owns_set(peer) && zcl_peer_missing(peer, &ctype))
		zcl_peer_want(peer, now);
	else
		peer->settled = true;
}

void zcl_peer_wait(struct zcl_peer *peer, struct zcl_tx *tx, int64_t now)
{
	tx->deadline = zcl_time_after(now, peer->node->config.socket_timeout);
	zcl_queue_push(&peer->waiting, &tx->link);
	zcl_peer_arm(peer, tx->deadline);
	if (zcl_node_traces(peer->node)) {
		struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_WAITING, now);

		ev.lnet_type = tx->lnet_type;
		ev.length = tx->payload;
		zcl_node_emit(peer->node, &ev);
	}
	zcl_peer_want(peer, now);
}

void zcl_peer_launch(struct zcl_peer *peer, struct zcl_tx *tx, int64_t now)
{
	zcl_peer_launch_inline(peer, tx, now);
}

void zcl_peer_flush(struct zcl_peer *peer, int64_t now)
{
	while (!zcl_queue_is_empty(&peer->waiting)) {
		struct zcl_tx *tx = peer->waiting.head->data;
		struct zcl_conn *conn = zcl_peer_pick(peer, zcl_tx_size(tx));

		if (conn == NULL)
			return;
		zcl_queue_unlink(&peer->waiting, &tx->link);
		zcl_conn_queue_lnet(conn, tx, now);
	}
}

void zcl_peer_fail_waiting(struct zcl_peer *peer, enum zcl_err why, int64_t now)
{
	/* What an owner submits meanwhile comes after these. */
	guint n = g_queue_get_length(&peer->waiting);

	for (; n > 0; n--) {
		struct zcl_tx *tx = g_queue_pop_head_link(&peer->waiting)->data;

		zcl_tx_finish(peer->node, tx, why, now);
	}
}

/* The oldest ZC request was not acknowledged in time: all connections go (wire notes 7). */
static bool zc_overdue(struct zcl_peer *peer, int64_t now)
{
	const struct zcl_tx *tx;

	if (zcl_queue_is_empty(&peer->zc_reqs))
		return false;
	tx = peer->zc_reqs.head->data;
	return tx->deadline <= now;
}

static void note_overdue(const struct zcl_peer *peer, int64_t now)
{
	const struct zcl_tx *tx = peer->zc_reqs.head->data;
	struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_OVERDUE, now);

	ev.cookie = tx->ksm.ksm_zc_cookies[0];
	zcl_node_emit(peer->node, &ev);
}

static void close_all(struct zcl_peer *peer, enum zcl_err why, int64_t now)
{
	struct zcl_conn *conn;

	while ((conn = g_queue_peek_head(&peer->conns)) != NULL)
		zcl_conn_end(conn, why, true, now);
}

static void fail_overdue_waiting(struct zcl_peer *peer, int64_t now)
{
	while (!zcl_queue_is_empty(&peer->waiting)) {
		struct zcl_tx *tx = peer->waiting.head->data;

		if (tx->deadline > now)
			return;
		zcl_queue_unlink(&peer->waiting, &tx->link);
		zcl_tx_finish(peer->node, tx, ZCL_E_TIMEDOUT, now);
	}
}

void zcl_peer_cut_off(struct zcl_peer *peer, int64_t now)
{
	struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_CUT_OFF, now);

	peer->node->stats.cut_off++;
	ev.length = peer->answer_bytes;
	ev.error = ZCL_E_LIMIT;
	zcl_node_emit(peer->node, &ev);
	close_all(peer, ZCL_E_LIMIT, now);
}

void zcl_peer_restarted(struct zcl_peer *peer, uint64_t incarnation, int64_t now)
{
	struct zcl_event ev = zcl_event_of(peer->node, peer, NULL, ZCL_EV_STALE, now);

	ev.incarnation = incarnation;
	zcl_node_emit(peer->node, &ev);
	peer->incarnation = incarnation;
	peer->proto = NULL;
	peer->told = false;
	peer->enough = false;
	if (!zcl_fault(peer->node, ZCL_FAULT_KEEP_STALE))
		close_all(peer, ZCL_E_STALE, now);
}

void zcl_peer_tick(struct zcl_peer *peer, int64_t now)
{
	if (zc_overdue(peer, now)) {
		note_overdue(peer, now);
		close_all(peer, ZCL_E_TIMEDOUT, now);
	}
	fail_overdue_waiting(peer, now);
	if (peer->wanted && !peer->connecting && peer->retry_at <= now)
		zcl_peer_start_attempt(peer, now);
	zcl_lnet_peer_tick(peer, now);
}

int64_t zcl_peer_expiry(const struct zcl_peer *peer)
{
	int64_t expiry = INT64_MAX;

	if (peer->zc_reqs.head != NULL)
		expiry = MIN(expiry, ((const struct zcl_tx *)peer->zc_reqs.head->data)->deadline);
	if (peer->waiting.head != NULL)
		expiry = MIN(expiry, ((const struct zcl_tx *)peer->waiting.head->data)->deadline);
	if (peer->wanted && !peer->connecting)
		expiry = MIN(expiry, peer->retry_at);
	return MIN(expiry, zcl_lnet_peer_expiry(peer));
}
