/* SPDX-License-Identifier: MIT */
#include "sim/backend.h"

#include <errno.h>

#include "sim/backend_impl.h"

/* ---- the core's requests: noted, done when its function has returned ------------------- */

static void on_connect(void *user, struct zcl_conn *core)
{
	struct zsimconn *conn = zsimconn_new(user, core, zcl_nid_addr(zcl_conn_peer_nid(core)));

	zcl_conn_set_backend(core, conn);
	zsimconn_ask(conn, ZSIMCONN_CONNECT);
}

static void on_close(void *user, struct zcl_conn *core)
{
	(void)user;
	zsimconn_ask(zcl_conn_backend(core), ZSIMCONN_CLOSE);
}

static void on_abort(void *user, struct zcl_conn *core)
{
	(void)user;
	zsimconn_ask(zcl_conn_backend(core), ZSIMCONN_ABORT);
}

static void on_wake_tx(void *user, struct zcl_conn *core)
{
	(void)user;
	zsimconn_ask(zcl_conn_backend(core), ZSIMCONN_TX);
}

static void on_wake_rx(void *user, struct zcl_conn *core)
{
	(void)user;
	zsimconn_ask(zcl_conn_backend(core), ZSIMCONN_RX);
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	const struct zsimnode *node = user;

	node->options.deliver(node->options.user, event);
}

static void on_trace(void *user, const struct zcl_event *event)
{
	const struct zsimnode *node = user;

	node->options.trace(node->options.user, event);
}

/* ---- time ------------------------------------------------------------------------------ */

int64_t zsimnode_now(const struct zsimnode *node)
{
	return zsim_now(node->sim);
}

static void on_tick(void *arg)
{
	struct zsimnode *node = arg;

	node->tick = NULL;
	zcl_node_tick(node->core, zsimnode_now(node));
	zsimnode_kick(node);
}

/* One that comes too early costs a look; moving it at each message would cost more. */
static void arm_tick(struct zsimnode *node)
{
	const int64_t due = zcl_node_expiry(node->core);

	if (due == INT64_MAX || (node->tick != NULL && node->tick_at <= due))
		return;
	zsim_cancel(node->tick);
	node->tick_at = due;
	node->tick = zsim_at(node->sim, due, on_tick, node);
}

static void on_pass(void *arg)
{
	struct zsimnode *node = arg;

	node->pass = NULL;
	for (GList *l = node->conns.head; l != NULL; l = l->next)
		zsimconn_pass(l->data);
	zsimnode_kick(node);
}

void zsimnode_want_pass(struct zsimnode *node)
{
	if (node->pass == NULL)
		node->pass = zsim_at(node->sim, zsimnode_now(node) + node->options.tx_delay,
				     on_pass, node);
}

/* ---- serving --------------------------------------------------------------------------- */

static void serve_pending(struct zsimnode *node)
{
	GList *link;

	while ((link = g_queue_pop_head_link(&node->pending)) != NULL)
		zsimconn_serve(link->data);
}

void zsimnode_kick(struct zsimnode *node)
{
	if (node->serving)
		return; /* further up it goes on until nothing is left */
	node->serving = true;
	do {
		serve_pending(node);
		if (node->options.settled && !node->freeing)
			node->options.settled(node->options.user);
	} while (!g_queue_is_empty(&node->pending));
	node->serving = false;
	if (!node->freeing)
		arm_tick(node);
}

/* ---- holds ----------------------------------------------------------------------------- */

unsigned zsimnode_held(const struct zsimnode *node, uint32_t from)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(node->held, GUINT_TO_POINTER(from)));
}

static void set_held(struct zsimnode *node, uint32_t from, unsigned units)
{
	g_assert(node->options.gated);
	g_hash_table_replace(node->held, GUINT_TO_POINTER(from), GUINT_TO_POINTER(units));
	for (GList *l = node->conns.head; l != NULL; l = l->next) {
		struct zsimconn *conn = l->data;

		if (conn->gate != NULL && conn->from == from)
			zgate_set_held(conn->gate, units);
	}
	zsimnode_kick(node);
}

void zsimnode_hold(struct zsimnode *node, uint32_t from, unsigned units)
{
	set_held(node, from, zsimnode_held(node, from) | units);
}

void zsimnode_release(struct zsimnode *node, uint32_t from, unsigned units)
{
	set_held(node, from, zsimnode_held(node, from) & ~units);
}

void zsimnode_reset(struct zsimnode *node, uint32_t from, unsigned call)
{
	for (GList *l = node->conns.head; l != NULL; l = l->next) {
		struct zsimconn *conn = l->data;

		if (conn->from == from && (call == 0 || conn->call == call))
			zsimconn_reset(conn);
	}
	zsimnode_kick(node);
}

bool zsimnode_pass(struct zsimnode *node, uint32_t from, enum zworld_unit unit, unsigned call)
{
	const struct zsimconn *oldest = NULL;

	for (const GList *l = node->conns.head; l != NULL; l = l->next) {
		const struct zsimconn *conn = l->data;

		if (conn->gate == NULL || conn->from != from || (call && conn->call != call) ||
		    (oldest && oldest->call <= conn->call))
			continue;
		if (zgate_can_pass(conn->gate, unit))
			oldest = conn;
	}
	if (oldest == NULL)
		return false;
	zgate_pass(oldest->gate, unit);
	zsimnode_kick(node);
	return true;
}

void zsimnode_foreach_held(const struct zsimnode *node,
			   void (*fn)(void *user, uint32_t from, unsigned call,
				      enum zworld_unit unit),
			   void *user)
{
	for (const GList *l = node->conns.head; l != NULL; l = l->next) {
		const struct zsimconn *conn = l->data;
		const unsigned unit = conn->gate ? zgate_waiting(conn->gate) : 0;

		if (unit)
			fn(user, conn->from, conn->call, (enum zworld_unit)unit);
	}
}

uint16_t zsimnode_next_port(const struct zsimnode *node)
{
	return node->src_port > 0 ? (uint16_t)(node->src_port - 1) : 0;
}

/* ---- life ------------------------------------------------------------------------------ */

static bool make_core(struct zsimnode *node, const char **why)
{
	const struct zcl_callbacks callbacks = {
		.connect = on_connect,
		.close = on_close,
		.abort = on_abort,
		.wake_tx = on_wake_tx,
		.wake_rx = on_wake_rx,
		.deliver = node->options.deliver ? on_deliver : NULL,
		.trace = node->options.trace ? on_trace : NULL,
	};
	enum zcl_err err = ZCL_OK;

	node->core = zcl_node_new(&node->options.core, &callbacks, node, &err);
	if (node->core == NULL)
		*why = zcl_strerror(err);
	return node->core != NULL;
}

static bool start_listening(struct zsimnode *node, const char **why)
{
	node->listener = zsim_listen(node->host, ZSIMNODE_PORT, zsimconn_accept, node);
	if (node->listener == NULL)
		*why = errno == EADDRINUSE ? "another node listens on this host"
					   : "the host does not listen";
	return node->listener != NULL;
}

static void node_free(struct zsimnode *node)
{
	zsim_listener_close(node->listener);
	zsim_cancel(node->tick);
	zsim_cancel(node->pass);
	if (node->core != NULL)
		zcl_node_free(node->core);
	g_hash_table_unref(node->held);
	g_free(node);
}

struct zsimnode *zsimnode_new(zsim *sim, zsim_host *host, const struct zsimnode_options *options,
			      const char **why)
{
	struct zsimnode *node = g_new0(struct zsimnode, 1);

	g_assert(options->tx_delay >= 0);
	node->sim = sim;
	node->host = host;
	node->options = *options;
	/* The one above, for it goes down before each try. */
	node->src_port = options->first_port ? (uint16_t)(options->first_port + 1) : 0;
	g_queue_init(&node->conns);
	g_queue_init(&node->pending);
	node->held = g_hash_table_new(NULL, NULL);
	if (make_core(node, why) && start_listening(node, why))
		return node;
	node_free(node);
	return NULL;
}

void zsimnode_free(struct zsimnode *node)
{
	node->freeing = true;
	zcl_node_shutdown(node->core, zsimnode_now(node));
	zsimnode_kick(node);
	g_assert(g_queue_is_empty(&node->conns) && zcl_node_is_idle(node->core));
	node_free(node);
}

void zsimnode_crash(struct zsimnode *node)
{
	/* First, so that the resets of the connections below never leave the host. Frees listeners.
	 */
	zsim_host_crash(node->host);
	node->listener = NULL;
	zsimnode_free(node);
}

struct zcl_node *zsimnode_core(const struct zsimnode *node)
{
	return node->core;
}
