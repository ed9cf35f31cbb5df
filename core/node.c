/* SPDX-License-Identifier: MIT */
#include "core/node_impl.h"

#define SECOND G_GINT64_CONSTANT(1000000000)

void zcl_config_init(struct zcl_config *config)
{
	*config = (struct zcl_config){
		.pid = ZCL_PID_LUSTRE,
		.max_version = ZCL_V2,
		.refuses = ZCL_REFUSE_REPLY,
		.typed = true,
		.zc_requests = true,
		.ping_features = ZCL_PING_FEAT_BASE | ZCL_PING_FEAT_STATUS,
		.min_bulk = 1024,
		.zc_min_payload = 16 * 1024,
		.min_reconnect = SECOND,
		.max_reconnect = 60 * SECOND,
		.socket_timeout = 50 * SECOND,
		.accept_timeout = 5 * SECOND,
		.race_retries = 3,
		.conns_per_peer = 1,
		.max_peers = 65536,
		.max_handshakes = 1024,
		.max_queued = 4096,
		.max_ops = 65536,
		.max_answers = 16384,
		.max_answer_bytes = (size_t)1 << 30,
		.max_attached = 65536,
	};
}

static bool config_is_valid(const struct zcl_config *c)
{
	const int64_t times[] = {c->min_reconnect, c->max_reconnect, c->socket_timeout,
				 c->accept_timeout};

	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		if (times[i] <= 0)
			return false;
	}
	return zcl_nid_net_type(c->nid) == ZCL_NET_TCP && c->nid != ZCL_NID_ANY &&
	       c->incarnation != 0 && zcl_proto_find(c->max_version) != NULL &&
	       (c->calls_as == 0 || c->calls_as > c->max_version) && c->conns_per_peer >= 1 &&
	       c->conns_per_peer <= ZCL_MAX_BULK && c->min_reconnect <= c->max_reconnect &&
	       c->max_peers > 0 && c->max_handshakes > 0 && c->max_queued > 0 &&
	       c->max_answers > 0 && c->max_answer_bytes > 0 && c->max_ops > 0 &&
	       c->max_ops <= UINT32_MAX;
}

struct zcl_node *zcl_node_new(const struct zcl_config *config,
			      const struct zcl_callbacks *callbacks, void *user, enum zcl_err *err)
{
	struct zcl_node *node;

	if (err != NULL)
		*err = config_is_valid(config) ? ZCL_OK : ZCL_E_INVALID;
	if (!config_is_valid(config))
		return NULL;
	node = g_new0(struct zcl_node, 1);
	node->config = *config;
	node->cb = *callbacks;
	node->user = user;
	node->traces = callbacks->trace != NULL && !config->trace_conns_only;
	node->peers = g_ptr_array_new();
	node->peer_by_nid = g_hash_table_new(g_int64_hash, g_int64_equal);
	node->first_cookie = ZCL_FIRST_COOKIE;
	zcl_deadlines_init(&node->deadlines);
	g_queue_init(&node->conns);
	zcl_tx_pool_init(&node->pool);
	zcl_lnet_init(node);
	return node;
}

enum zcl_err zcl_node_tune(struct zcl_node *node, const struct zcl_config *config)
{
	struct zcl_config tuned = node->config;

	tuned.checksum = config->checksum;
	tuned.min_bulk = config->min_bulk;
	tuned.zc_min_payload = config->zc_min_payload;
	tuned.min_reconnect = config->min_reconnect;
	tuned.max_reconnect = config->max_reconnect;
	tuned.socket_timeout = config->socket_timeout;
	tuned.accept_timeout = config->accept_timeout;
	tuned.race_retries = config->race_retries;
	tuned.conns_per_peer = config->conns_per_peer;
	tuned.max_peers = config->max_peers;
	tuned.max_handshakes = config->max_handshakes;
	tuned.max_queued = config->max_queued;
	tuned.max_attached = config->max_attached;
	if (!config_is_valid(&tuned))
		return ZCL_E_INVALID;
	node->config = tuned;
	return ZCL_OK;
}

void zcl_node_shutdown(struct zcl_node *node, int64_t now)
{
	GList *next;

	node->shut = true;
	for (guint i = 0; i < node->peers->len; i++) {
		struct zcl_peer *peer = node->peers->pdata[i];

		peer->wanted = peer->keep = peer->connecting = false;
		zcl_peer_fail_waiting(peer, ZCL_E_SHUTDOWN, now);
	}
	for (GList *l = node->conns.head; l != NULL; l = next) {
		next = l->next;
		zcl_conn_end(l->data, ZCL_E_SHUTDOWN, true, now);
	}
	for (guint i = 0; i < node->peers->len; i++)
		zcl_lnet_peer_lost(node->peers->pdata[i], ZCL_E_SHUTDOWN, now);
}

bool zcl_node_is_idle(const struct zcl_node *node)
{
	return zcl_queue_is_empty(&node->conns) && node->pool.in_use == 0;
}

void zcl_node_free(struct zcl_node *node)
{
	g_assert(zcl_node_is_idle(node));
	zcl_lnet_clear(node);
	for (guint i = 0; i < node->peers->len; i++)
		zcl_peer_free(node->peers->pdata[i]);
	g_ptr_array_unref(node->peers);
	g_hash_table_unref(node->peer_by_nid);
	zcl_deadlines_clear(&node->deadlines);
	zcl_tx_pool_clear(&node->pool);
	g_free(node->stage);
	g_free(node);
}

const struct zcl_config *zcl_node_config(const struct zcl_node *node)
{
	return &node->config;
}

void *zcl_node_user(const struct zcl_node *node)
{
	return node->user;
}

const struct zcl_stats *zcl_node_stats(const struct zcl_node *node)
{
	return &node->stats;
}

/* ---- wishes ---- */

static bool may_call(const struct zcl_node *node, zcl_nid nid)
{
	return zcl_nid_net_type(nid) == ZCL_NET_TCP && nid != ZCL_NID_ANY &&
	       nid != node->config.nid;
}

enum zcl_err zcl_node_connect(struct zcl_node *node, zcl_nid nid, int64_t now)
{
	struct zcl_peer *peer;

	if (node->shut)
		return ZCL_E_SHUTDOWN;
	if (!may_call(node, nid))
		return ZCL_E_INVALID;
	peer = zcl_peer_get(node, nid, now);
	if (peer == NULL)
		return ZCL_E_LIMIT;
	peer->keep = true;
	zcl_peer_want(peer, now);
	return ZCL_OK;
}

enum zcl_err zcl_node_disconnect(struct zcl_node *node, zcl_nid nid, int64_t now)
{
	struct zcl_peer *peer = zcl_peer_find(node, nid);
	struct zcl_conn *conn;

	if (peer == NULL)
		return ZCL_E_NOT_FOUND;
	peer->wanted = peer->keep = peer->connecting = false;
	if (peer->attempt != NULL)
		zcl_conn_end(peer->attempt, ZCL_E_ABORTED, true, now);
	while ((conn = g_queue_peek_head(&peer->conns)) != NULL)
		zcl_conn_end(conn, ZCL_E_ABORTED, true, now);
	zcl_peer_fail_waiting(peer, ZCL_E_ABORTED, now);
	zcl_lnet_peer_lost(peer, ZCL_E_ABORTED, now);
	return ZCL_OK;
}

enum zcl_err zcl_node_remember(struct zcl_node *node, zcl_nid nid, uint32_t version)
{
	struct zcl_peer *peer;

	if (!may_call(node, nid) || version > node->config.max_version ||
	    zcl_proto_find(version) == NULL)
		return ZCL_E_INVALID;
	peer = zcl_peer_get(node, nid, 0);
	if (peer == NULL)
		return ZCL_E_LIMIT;
	peer->proto = zcl_proto_find(version);
	peer->told = true;
	return ZCL_OK;
}

/* ---- time ---- */

static int64_t due_at(const struct zcl_deadline *d)
{
	if (d->kind == ZCL_DEADLINE_CONN)
		return zcl_conn_expiry(d->owner);
	return zcl_peer_expiry(d->owner);
}

static void fire(struct zcl_deadline *d, int64_t now)
{
	if (d->kind == ZCL_DEADLINE_PEER)
		zcl_peer_tick(d->owner, now);
	else /* For an attempt it is the attempt that failed: nothing is concluded from silence. */
		zcl_conn_closed(d->owner, ZCL_E_TIMEDOUT, now);
}

int64_t zcl_node_expiry(const struct zcl_node *node)
{
	const struct zcl_deadline *first = zcl_deadlines_first(&node->deadlines);

	return node->shut || first == NULL ? INT64_MAX : first->at;
}

void zcl_node_tick(struct zcl_node *node, int64_t now)
{
	struct zcl_deadline *d;

	if (node->shut)
		return;
	while ((d = zcl_deadlines_first(&node->deadlines)) != NULL && d->at <= now) {
		/* It may have moved away meanwhile; if not, it does now. */
		if (due_at(d) <= d->at)
			fire(d, now);
		g_assert(due_at(d) > d->at);
		zcl_deadline_set(&node->deadlines, d, due_at(d));
	}
}

/* ---- events ---- */

struct zcl_event zcl_event_of(const struct zcl_node *node, const struct zcl_peer *peer,
			      const struct zcl_conn *conn, enum zcl_event_kind kind, int64_t now)
{
	struct zcl_event ev = {
		.kind = kind,
		.time = now,
		.self = node->config.nid,
		.peer = peer ? peer->nid : ZCL_NID_ANY,
		.ctype = ZCL_CONN_NONE,
		.lnet_type = UINT32_MAX,
	};

	if (conn != NULL) {
		ev.conn = conn->number;
		ev.active = conn->active;
		ev.ctype = conn->ctype;
		ev.version = conn->proto ? conn->proto->version : 0;
		if (conn->called_as != 0)
			ev.version = conn->called_as;
	}
	return ev;
}

void zcl_node_emit(const struct zcl_node *node, const struct zcl_event *event)
{
	if (node->cb.trace != NULL)
		node->cb.trace(node->user, event);
}

void zcl_node_note(const struct zcl_node *node, const struct zcl_peer *peer,
		   const struct zcl_conn *conn, enum zcl_event_kind kind, int64_t now)
{
	struct zcl_event ev = zcl_event_of(node, peer, conn, kind, now);

	zcl_node_emit(node, &ev);
}

/* ---- looking ---- */

void zcl_node_foreach_conn(const struct zcl_node *node,
			   void (*fn)(void *user, const struct zcl_conn_info *info), void *user)
{
	for (const GList *l = node->conns.head; l != NULL; l = l->next) {
		const struct zcl_conn *conn = l->data;
		struct zcl_conn_info info = {
			.number = conn->number,
			.peer = zcl_conn_peer_nid(conn),
			.version = conn->proto ? conn->proto->version : 0,
			.ctype = conn->ctype,
			.active = conn->active,
			.up = conn->state == ZCL_CS_UP,
			.queued = zcl_txq_length(&conn->txq),
		};

		if (conn->state != ZCL_CS_DOWN)
			fn(user, &info);
	}
}

enum zcl_err zcl_node_peer_info(const struct zcl_node *node, zcl_nid nid,
				struct zcl_peer_info *info)
{
	const struct zcl_peer *peer = zcl_peer_find(node, nid);

	if (peer == NULL)
		return ZCL_E_NOT_FOUND;
	*info = (struct zcl_peer_info){
		.nid = nid,
		.version = peer->proto ? peer->proto->version : 0,
		.version_told = peer->told,
		.incarnation = peer->incarnation,
		.connecting = peer->connecting,
		.conns_up = g_queue_get_length((GQueue *)&peer->conns),
		.waiting = g_queue_get_length((GQueue *)&peer->waiting),
		.zc_requests = g_queue_get_length((GQueue *)&peer->zc_reqs),
	};
	return ZCL_OK;
}
