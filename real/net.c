/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/conn.h"

#define ACCEPTS_PER_PASS 64
/* How long callers wait when there is no memory for them, or no descriptor: real ns. */
#define BREATH_NS INT64_C(100000000)

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

static void admit_callers(struct zreal_node *node);

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
	admit_callers(node);
	arm_tick(node);
	finish_shutdown(node);
}

/* ---- the listener ------------------------------------------------------------------- */

static void open_spare(struct zreal_node *node)
{
	node->spare = node->options.no_spare ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Callers wait in the kernel's queue: the loop would be told of them again and again. */
static void hold(struct zreal_node *node)
{
	node->holding = true;
	node->stats.held++;
	zloop_modify(node->loop, &node->listener, 0);
}

static void breath_is_over(void *data)
{
	zreal_node_kick(data);
}

static void hold_for_a_breath(struct zreal_node *node)
{
	hold(node);
	zloop_timer_set(node->loop, &node->breath, zloop_now() + BREATH_NS);
}

/*
 * Out of descriptors: a caller that would wait for ever is turned away with the spare one. Another
 * thread may have taken that at the last time; then callers wait until there is one again.
 */
static void turn_away(struct zreal_node *node)
{
	int fd;

	zreal_note(node, ZREAL_NOTE_FILES, NULL);
	if (node->spare < 0) {
		hold_for_a_breath(node);
		return;
	}
	close(node->spare);
	fd = accept4(node->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	open_spare(node);
	node->stats.refused_files++;
}

/* NULL: it is closed. */
static struct zreal_conn *adopt(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	struct zreal_conn *conn;

	if (node->stopping) {
		close(fd);
		return NULL;
	}
	conn = zreal_conn_new(node);
	conn->core = zcl_node_accepted(node->core, conn, zreal_node_now(node));
	if (!conn->core) {
		node->stats.refused_limit++;
		zreal_note(node, ZREAL_NOTE_LIMIT, from);
		zreal_conn_discard(conn);
		close(fd);
		return NULL;
	}
	node->stats.accepted++;
	zreal_conn_attach(conn, fd, from, ZREAL_OPEN);
	zreal_node_kick(node);
	return conn;
}

void zreal_node_adopt(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	struct zreal_conn *conn = adopt(node, fd, from);

	/* Now, so that no other caller meets a limit for its sake. */
	if (conn)
		zreal_conn_receive(conn);
}

void zreal_node_adopt_late(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	struct zreal_conn *conn = adopt(node, fd, from);

	if (conn)
		zreal_conn_fail(conn, ZCL_E_TIMEDOUT);
}

static void take_caller(struct zreal_node *node, int fd, const struct sockaddr_in *from)
{
	if (node->options.accept == ZREAL_ACCEPT_SECURE &&
	    ntohs(from->sin_port) > ZSOCK_RESERVED_MAX) {
		node->stats.refused_unreserved++;
		zreal_note(node, ZREAL_NOTE_UNRESERVED, from);
		close(fd);
		return;
	}
	if (node->options.route && node->options.route(node->options.user, fd, from))
		return;
	adopt(node, fd, from);
}

static bool has_room(const struct zreal_node *node)
{
	return zcl_node_may_accept(node->core) &&
	       (!node->options.has_room || node->options.has_room(node->options.user));
}

static void admit_callers(struct zreal_node *node)
{
	if (!node->holding || node->listener.fd < 0 || !has_room(node))
		return;
	node->holding = false;
	zloop_modify(node->loop, &node->listener, EPOLLIN);
}

static void on_callers(void *data, uint32_t events)
{
	struct zreal_node *node = data;

	(void)events;
	if (node->spare < 0)
		open_spare(node);
	for (int i = 0; i < ACCEPTS_PER_PASS; i++) {
		struct sockaddr_in from = {0};
		socklen_t len = sizeof(from);
		int fd;

		/*
		 * Too many have not said who they are. Closing the others would look like a node of
		 * the oldest kind, and their answer would be V1.
		 */
		if (!has_room(node)) {
			hold(node);
			return;
		}
		fd = accept4(node->listener.fd, (struct sockaddr *)&from, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_caller(node, fd, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE) {
			turn_away(node);
			return;
		}
		if (errno == ENOBUFS || errno == ENOMEM) {
			hold_for_a_breath(node);
			return;
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* What can be done about it; empty when only the error can be told. */
static const char *listen_remedy(int error)
{
	switch (error) {
	case EACCES:
		return " (ports below 1024 need CAP_NET_BIND_SERVICE; choose another with "
		       "--listen)";
	case EADDRINUSE:
		return " (another process listens there, or this host's own LNet does; choose "
		       "another with --listen)";
	case EADDRNOTAVAIL:
		return " (no interface of this host has that address, or not yet; compare it with "
		       "--nid, or choose another with --listen)";
	default:
		return "";
	}
}

static bool start_listening(struct zreal_node *node, GError **error)
{
	char text[ZSOCK_TEXT_MAX];
	int fd;

	if (!node->options.listens)
		return true;
	node->address = node->options.listen;
	fd = node->options.listen_fd >= 0 ? zsock_listening(node->options.listen_fd, &node->address)
					  : zsock_listen(&node->address);
	if (fd < 0) {
		const int saved = errno;

		zsock_format(&node->options.listen, text);
		g_set_error(error, ZREAL_ERROR, ZCL_E_IO, "cannot listen at %s: %s%s", text,
			    g_strerror(saved), listen_remedy(saved));
		return false;
	}
	zloop_add(node->loop, &node->listener, fd, EPOLLIN);
	return true;
}

static void stop_listening(struct zreal_node *node)
{
	const int fd = node->listener.fd;

	if (fd < 0)
		return;
	zloop_timer_cancel(node->loop, &node->breath);
	zloop_remove(node->loop, &node->listener);
	close(fd);
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
	node->listener = (struct zloop_io){.fd = -1, .fn = on_callers, .data = node};
	node->work = (struct zloop_work){.fn = serve, .data = node};
	node->tick = (struct zloop_timer){.fn = tick, .data = node};
	node->breath = (struct zloop_timer){.fn = breath_is_over, .data = node};
	node->peers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	g_queue_init(&node->conns);
	g_queue_init(&node->pending);
	open_spare(node);
	node->source = choose_source(&node->options);
	if (!make_core(node, error) || !start_listening(node, error)) {
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
	stop_listening(node);
	zcl_node_shutdown(node->core, zreal_node_now(node));
	zreal_node_kick(node);
}

void zreal_node_free(struct zreal_node *node)
{
	if (!node)
		return;
	g_assert(node->conns.length == 0);
	stop_listening(node);
	zloop_work_cancel(node->loop, &node->work);
	zloop_timer_cancel(node->loop, &node->tick);
	if (node->core)
		zcl_node_free(node->core);
	if (node->spare >= 0)
		close(node->spare);
	g_hash_table_unref(node->peers);
	g_free(node);
}
