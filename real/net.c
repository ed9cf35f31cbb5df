/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/net.h"

#include <arpa/inet.h>

#include "real/conn.h"

static const struct zclock real_time = {.start = 0, .scale = 1.0};

GQuark zreal_error_quark(void)
{
	return g_quark_from_static_string("zreal-error");
}

void zreal_options_init(struct zreal_options *options, zcl_nid nid)
{
	*options = (struct zreal_options){
		.listens = true,
		.listen = zsock_addr(zcl_nid_addr(nid), ZSOCK_PORT),
		.accept = ZREAL_ACCEPT_SECURE,
		.listen_fd = -1,
		.way = ZWAY_AUTO,
		.peer_port = ZSOCK_PORT,
		.keepalive = 30,
	};
	zcl_config_init(&options->core);
	options->core.nid = nid;
}

int64_t zreal_node_now(struct zreal_node *node)
{
	node->last_now = zclock_now(node->clock);
	return node->last_now;
}

int64_t zreal_node_stamp(struct zreal_node *node)
{
	return node->options.trace ? zreal_node_now(node) : zreal_node_recent(node);
}

int64_t zreal_node_recent(const struct zreal_node *node)
{
	return MAX(node->last_now, zclock_at(node->clock, zloop_time(node->loop)));
}

struct zcl_node *zreal_node_core(struct zreal_node *node)
{
	return node->core;
}

struct sockaddr_in zreal_node_address(const struct zreal_node *node)
{
	return node->address;
}

const struct zreal_stats *zreal_node_stats(const struct zreal_node *node)
{
	return &node->stats;
}

bool zreal_node_remote(const struct zreal_node *node, uint64_t conn, struct sockaddr_in *addr)
{
	for (const GList *l = node->conns.tail; l; l = l->prev) {
		const struct zreal_conn *at = l->data;

		if (!at->core || zcl_conn_number(at->core) != conn || at->remote.sin_port == 0)
			continue;
		*addr = at->remote;
		return true;
	}
	return false;
}

void zreal_note(const struct zreal_node *node, enum zreal_note note, const struct sockaddr_in *addr)
{
	if (node->options.note)
		node->options.note(node->options.user, note, addr);
}

void zreal_node_kick(struct zreal_node *node)
{
	zloop_work_queue(node->loop, &node->work);
}

/* ---- where peers are ---------------------------------------------------------------- */

void zreal_node_set_peer(struct zreal_node *node, zcl_nid nid, const struct sockaddr_in *addr)
{
	zcl_nid *key = g_new(zcl_nid, 1);

	*key = nid;
	g_hash_table_replace(node->peers, key, g_memdup2(addr, sizeof(*addr)));
}

bool zreal_node_peer(const struct zreal_node *node, zcl_nid nid, struct sockaddr_in *addr)
{
	const struct sockaddr_in *set = g_hash_table_lookup(node->peers, &nid);

	*addr = set ? *set : zsock_addr(zcl_nid_addr(nid), node->options.peer_port);
	return set || !node->options.only_known_peers;
}

static struct in_addr choose_source(const struct zreal_options *options)
{
	const struct in_addr any = {.s_addr = INADDR_ANY};
	struct in_addr own = {.s_addr = htonl(zcl_nid_addr(options->core.nid))};

	if (options->source.s_addr != INADDR_ANY)
		return options->source;
	if (options->listens && options->listen.sin_addr.s_addr != INADDR_ANY)
		return options->listen.sin_addr;
	return zsock_is_local(own) ? own : any;
}

/* ---- the core's requests: noted, done at the end of the pass ------------------------ */

static void on_connect(void *user, struct zcl_conn *core)
{
	struct zreal_conn *conn = zreal_conn_new(user);

	conn->core = core;
	zcl_conn_set_backend(core, conn);
	zreal_conn_ask(conn, ZREAL_ASK_CONNECT);
}

static void on_close(void *user, struct zcl_conn *core)
{
	(void)user;
	zreal_conn_ask(zcl_conn_backend(core), ZREAL_ASK_CLOSE);
}

static void on_abort(void *user, struct zcl_conn *core)
{
	(void)user;
	zreal_conn_ask(zcl_conn_backend(core), ZREAL_ASK_ABORT);
}

static void on_wake_tx(void *user, struct zcl_conn *core)
{
	(void)user;
	zreal_conn_ask(zcl_conn_backend(core), ZREAL_ASK_TX);
}

static void on_wake_rx(void *user, struct zcl_conn *core)
{
	(void)user;
	zreal_conn_ask(zcl_conn_backend(core), ZREAL_ASK_RX);
}

static void on_suspect(void *user, struct zcl_conn *core)
{
	(void)user;
	zreal_conn_suspect(zcl_conn_backend(core));
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct zreal_node *node = user;

	node->options.deliver(node->options.user, event);
}

static void on_trace(void *user, const struct zcl_event *event)
{
	struct zreal_node *node = user;

	node->options.trace(node->options.user, event);
}

static void arm_tick(struct zreal_node *node)
{
	const int64_t due = zclock_real(node->clock, zcl_node_expiry(node->core));

	/* One that fires too early costs a look; moving it at each message would cost more. */
	if (due == INT64_MAX || (node->tick.place && node->tick.due <= due))
		return;
	zloop_timer_set(node->loop, &node->tick, due);
}

static void tick(void *data)
{
	struct zreal_node *node = data;

	if (zcl_node_expiry(node->core) <= zreal_node_now(node))
		zcl_node_tick(node->core, zreal_node_now(node));
	zreal_node_kick(node);
}

static void finish_shutdown(struct zreal_node *node)
{
	void (*done)(void *data) = node->done;

	if (!node->stopping || !zcl_node_is_idle(node->core) || node->conns.length > 0)
		return;
	zloop_timer_cancel(node->loop, &node->tick);
	node->done = NULL;
	if (done)
		done(node->done_data);
}

static void serve_pending(struct zreal_node *node)
{
	/* Those that ask meanwhile are served in the next round. */
	for (guint n = node->pending.length; n > 0; n--) {
		GList *link = g_queue_pop_head_link(&node->pending);

		if (!link)
			break;
		zreal_conn_serve(link->data);
	}
}

static void serve(void *data)
{
	struct zreal_node *node = data;

	if (node->options.settle)
		node->options.settle(node->options.user);
	serve_pending(node);
	/* All that was asked for so far is done; what the program submits now asks again. */
	zloop_work_cancel(node->loop, &node->work);
	if (node->options.settle)
		node->options.settle(node->options.user);
	if (node->pending.length > 0)
		zreal_node_kick(node);
	zreal_listener_admit(node);
	arm_tick(node);
	finish_shutdown(node);
}

/* ---- life --------------------------------------------------------------------------- */

static bool make_core(struct zreal_node *node, GError **error)
{
	const struct zcl_callbacks callbacks = {
		.connect = on_connect,
		.close = on_close,
		.abort = on_abort,
		.wake_tx = on_wake_tx,
		.wake_rx = on_wake_rx,
		.suspect = on_suspect,
		.deliver = node->options.deliver ? on_deliver : NULL,
		.trace = node->options.trace ? on_trace : NULL,
	};
	enum zcl_err err = ZCL_OK;

	if (node->options.core.incarnation == 0)
		node->options.core.incarnation = (uint64_t)g_get_real_time() * 1000;
	node->core = zcl_node_new(&node->options.core, &callbacks, node, &err);
	if (node->core)
		return true;
	g_set_error(error, ZREAL_ERROR, (int)err, "the node's configuration is refused: %s",
		    zcl_strerror(err));
	return false;
}

struct zreal_node *zreal_node_new(struct zloop *loop, const struct zreal_options *options,
				  GError **error)
{
	struct zreal_node *node = g_new0(struct zreal_node, 1);

	node->loop = loop;
	node->options = *options;
	node->clock = options->clock ? options->clock : &real_time;
	zreal_listener_init(node);
	node->work = (struct zloop_work){.fn = serve, .data = node};
	node->tick = (struct zloop_timer){.fn = tick, .data = node};
	node->peers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	g_queue_init(&node->conns);
	g_queue_init(&node->pending);
	node->source = choose_source(&node->options);
	if (!make_core(node, error) || !zreal_listener_start(node, error)) {
		zreal_node_free(node);
		return NULL;
	}
	return node;
}

void zreal_node_shutdown(struct zreal_node *node, void (*done)(void *data), void *data)
{
	if (node->stopping)
		return;
	node->stopping = true;
	node->done = done;
	node->done_data = data;
	zreal_listener_stop(node);
	zcl_node_shutdown(node->core, zreal_node_now(node));
	zreal_node_kick(node);
}

void zreal_node_free(struct zreal_node *node)
{
	if (!node)
		return;
	g_assert(node->conns.length == 0);
	zreal_listener_clear(node);
	zloop_work_cancel(node->loop, &node->work);
	zloop_timer_cancel(node->loop, &node->tick);
	if (node->core)
		zcl_node_free(node->core);
	g_hash_table_unref(node->peers);
	g_free(node);
}
