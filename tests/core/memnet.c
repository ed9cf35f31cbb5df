/* SPDX-License-Identifier: MIT */
#include "tests/core/memnet.h"

#include <string.h>

#include "tests/core/watched.h"

/* One end of a stream. */
struct end {
	struct memnode *at;
	struct zcl_conn *conn; /* NULL: gone */
	struct stream *stream;
	struct end *other;
	GByteArray *in; /* on its way to this end */
	size_t passed;	/* bytes given to this end so far */
	bool eof;	/* the other end closed: told when `in` is empty */
	bool reset;
	bool told;
	bool wants_tx;
	bool dying;		   /* close or abort was asked */
	uint32_t pinned, released; /* numbers of zero-copy sends */
};

struct stream {
	struct end end[2];
	bool frozen;
};

struct memnet {
	GPtrArray *nodes;
	GPtrArray *streams;
	GQueue connects; /* struct zcl_conn of nodes that asked */
	GQueue unborn;	 /* aborted before a stream was opened for them */
	int64_t now;
	size_t chunk, cut, bytes;
	bool pinning, holding, freezing;
};

static struct memnode *node_of(struct memnet *net, zcl_nid nid)
{
	for (guint i = 0; i < net->nodes->len; i++) {
		struct memnode *n = net->nodes->pdata[i];

		if (zcl_node_config(n->node)->nid == nid)
			return n;
	}
	return NULL;
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	struct memnode *n = user;

	g_queue_push_tail(&n->net->connects, conn);
}

static void on_wake_tx(void *user, struct zcl_conn *conn)
{
	struct end *end = zcl_conn_backend(conn);

	(void)user;
	if (end != NULL)
		end->wants_tx = true;
}

static void finish_end(struct end *end, bool reset)
{
	end->dying = true;
	if (!end->stream->frozen) {
		end->other->eof = true;
		end->other->reset |= reset;
	}
}

static void on_close(void *user, struct zcl_conn *conn)
{
	struct end *end = zcl_conn_backend(conn);

	(void)user;
	finish_end(end, false);
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	struct memnode *n = user;
	struct end *end = zcl_conn_backend(conn);

	if (end != NULL)
		finish_end(end, true);
	else if (g_queue_remove(&n->net->connects, conn))
		g_queue_push_tail(&n->net->unborn, conn);
	else
		g_assert_not_reached();
}

static void on_wake_rx(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct memnode *n = user;
	struct zcl_lnet_event copy = *event;

	if (event->ping != NULL)
		n->ping = *event->ping;
	copy.ping = NULL;
	g_array_append_val(n->lnet_events, copy);
}

static void on_trace(void *user, const struct zcl_event *event)
{
	struct memnode *n = user;

	g_array_append_val(n->events, *event);
}

static const struct zcl_callbacks callbacks = {
	.connect = on_connect,
	.close = on_close,
	.abort = on_abort,
	.wake_tx = on_wake_tx,
	.wake_rx = on_wake_rx,
	.deliver = on_deliver,
	.trace = on_trace,
};

struct memnet *memnet_new(size_t chunk)
{
	struct memnet *net = g_new0(struct memnet, 1);

	net->nodes = g_ptr_array_new();
	net->streams = g_ptr_array_new();
	g_queue_init(&net->connects);
	g_queue_init(&net->unborn);
	net->chunk = chunk;
	net->cut = SIZE_MAX;
	return net;
}

int64_t memnet_now(const struct memnet *net)
{
	return net->now;
}

void memnet_set_cut(struct memnet *net, size_t cut)
{
	net->cut = cut;
}

void memnet_set_pinning(struct memnet *net, bool pinning)
{
	net->pinning = pinning;
}

void memnet_hold_connects(struct memnet *net, bool hold)
{
	net->holding = hold;
}

size_t memnet_bytes(const struct memnet *net)
{
	return net->bytes;
}

zcl_nid memnet_nid(uint8_t last)
{
	return zcl_nid_tcp(0x0a000000u + last, 0);
}

struct zcl_config memnet_config(uint8_t last, uint32_t version)
{
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = memnet_nid(last);
	config.incarnation = 1000u + last;
	config.max_version = version;
	config.typed = false;
	return config;
}

struct memnode *memnet_add(struct memnet *net, const struct zcl_config *config)
{
	struct memnode *n = g_new0(struct memnode, 1);

	n->net = net;
	n->events = g_array_new(FALSE, FALSE, sizeof(struct zcl_event));
	n->lnet_events = g_array_new(FALSE, FALSE, sizeof(struct zcl_lnet_event));
	n->node = zcl_node_new(config, &callbacks, n, NULL);
	g_assert_nonnull(n->node);
	g_ptr_array_add(net->nodes, n);
	return n;
}

/* ---- moving ---- */

static void init_end(struct stream *s, int i, struct memnode *at)
{
	s->end[i] = (struct end){
		.at = at, .stream = s, .other = &s->end[1 - i], .in = g_byte_array_new()};
}

static void open_stream(struct memnet *net, struct zcl_conn *conn)
{
	struct memnode *from = zcl_node_user(zcl_conn_node(conn));
	struct memnode *to = node_of(net, zcl_conn_peer_nid(conn));
	struct stream *s;

	s = g_new0(struct stream, 1);
	g_ptr_array_add(net->streams, s);
	init_end(s, 0, from);
	init_end(s, 1, to);
	s->frozen = net->freezing;
	s->end[0].conn = conn;
	zcl_conn_set_backend(conn, &s->end[0]);
	if (to == NULL || to->deaf) {
		zcl_conn_closed(conn, ZCL_E_REFUSED, net->now);
		return;
	}
	s->end[1].conn = zcl_node_accepted(to->node, &s->end[1], net->now);
	zcl_conn_connected(conn, net->now);
	if (s->end[1].conn == NULL)
		s->end[0].eof = s->end[0].reset = true;
}

static size_t allowance(const struct memnet *net, const struct end *end, size_t n)
{
	n = MIN(n, net->chunk);
	if (end->passed < net->cut)
		n = MIN(n, net->cut - end->passed);
	return n;
}

static bool move_out(struct memnet *net, struct end *end)
{
	struct zcl_tx_batch batch;
	size_t moved = 0;
	bool pinned;

	if (end->conn == NULL || end->dying || !end->wants_tx || end->stream->frozen)
		return false;
	if (end->reset) /* nothing passes a reset, even before it is told */
		return false;
	if (!zcl_conn_tx_batch(end->conn, &batch)) {
		end->wants_tx = false;
		return false;
	}
	for (size_t i = 0; i < batch.niov && moved < net->chunk; i++) {
		const size_t n = MIN(batch.iov[i].iov_len, net->chunk - moved);

		g_byte_array_append(end->other->in, batch.iov[i].iov_base, (guint)n);
		moved += n;
	}
	net->bytes += moved;
	pinned = net->pinning && batch.zc;
	if (pinned)
		end->pinned++;
	zcl_conn_tx_advance(end->conn, moved, pinned, net->now);
	return true;
}

/* Half of what comes is received in place, half is pushed: both ways are used. */
static size_t give(struct memnet *net, struct end *end, const uint8_t *data, size_t n)
{
	struct iovec iov[4];
	const size_t niov = zcl_conn_rx_iov(end->conn, iov, G_N_ELEMENTS(iov));
	size_t done = 0;

	if (niov == 0 || n % 2 == 0) {
		zcl_conn_rx_push(end->conn, data, n, net->now);
		return n;
	}
	for (size_t i = 0; i < niov && done < n; i++) {
		const size_t part = MIN(iov[i].iov_len, n - done);

		memcpy(iov[i].iov_base, data + done, part);
		done += part;
	}
	zcl_conn_rx_advance(end->conn, done, net->now);
	return done;
}

static bool move_in(struct memnet *net, struct end *end)
{
	size_t n;

	if (end->conn == NULL || end->dying || end->told || end->stream->frozen)
		return false;
	if (zcl_conn_rx_paused(end->conn))
		return false;
	n = allowance(net, end, end->in->len);
	if (n > 0) {
		/* The core may end the connection in the middle: take the bytes off first. */
		uint8_t *copy = g_memdup2(end->in->data, n);
		const size_t done = give(net, end, copy, n);

		end->passed += done;
		g_byte_array_remove_range(end->in, 0, (guint)done);
		g_free(copy);
		return true;
	}
	if (!end->eof || end->in->len > 0)
		return false;
	end->told = true;
	zcl_conn_closed(end->conn, end->reset ? ZCL_E_RESET : ZCL_E_EOF, net->now);
	return true;
}

static bool bury(struct memnet *net, struct end *end)
{
	struct zcl_conn *conn = end->conn;

	if (conn == NULL || !end->dying)
		return false;
	end->conn = NULL;
	zcl_conn_gone(conn, net->now);
	return true;
}

static bool open_streams(struct memnet *net)
{
	struct zcl_conn *conn;

	if (net->holding || g_queue_is_empty(&net->connects))
		return false;
	conn = g_queue_pop_head(&net->connects);
	open_stream(net, conn);
	return true;
}

static void bury_unborn(struct memnet *net)
{
	while (!g_queue_is_empty(&net->unborn))
		zcl_conn_gone(g_queue_pop_head(&net->unborn), net->now);
}

bool memnet_step(struct memnet *net)
{
	bool moved = open_streams(net);

	for (guint i = 0; i < net->streams->len; i++) {
		struct stream *s = net->streams->pdata[i];

		for (int e = 0; e < 2; e++) {
			moved |= move_out(net, &s->end[e]);
			moved |= move_in(net, &s->end[e]);
			moved |= bury(net, &s->end[e]);
		}
	}
	bury_unborn(net);
	return moved;
}

void memnet_settle(struct memnet *net)
{
	while (memnet_step(net))
		;
}

static int64_t next_expiry(const struct memnet *net)
{
	int64_t next = INT64_MAX;

	for (guint i = 0; i < net->nodes->len; i++) {
		const struct memnode *n = net->nodes->pdata[i];

		next = MIN(next, zcl_node_expiry(n->node));
	}
	return next;
}

void memnet_run(struct memnet *net, int64_t until)
{
	memnet_settle(net);
	for (;;) {
		const int64_t next = next_expiry(net);

		if (next > until)
			break;
		net->now = MAX(net->now, next);
		for (guint i = 0; i < net->nodes->len; i++)
			zcl_node_tick(((struct memnode *)net->nodes->pdata[i])->node, net->now);
		memnet_settle(net);
	}
	net->now = MAX(net->now, until);
}

void memnet_release(struct memnet *net)
{
	for (guint i = 0; i < net->streams->len; i++) {
		struct stream *s = net->streams->pdata[i];

		for (int e = 0; e < 2; e++) {
			struct end *end = &s->end[e];

			if (end->conn == NULL || end->pinned == end->released)
				continue;
			zcl_conn_released(end->conn, end->released, end->pinned - 1, net->now);
			end->released = end->pinned;
		}
	}
}

void memnet_reset_all(struct memnet *net)
{
	for (guint i = 0; i < net->streams->len; i++) {
		struct stream *s = net->streams->pdata[i];

		for (int e = 0; e < 2; e++) {
			g_byte_array_set_size(s->end[e].in, 0);
			s->end[e].eof = s->end[e].reset = true;
		}
	}
}

void memnet_thaw_new(struct memnet *net)
{
	net->freezing = false;
}

void memnet_freeze_all(struct memnet *net)
{
	net->freezing = true;
	for (guint i = 0; i < net->streams->len; i++)
		((struct stream *)net->streams->pdata[i])->frozen = true;
}

static void free_node(struct memnode *n)
{
	g_assert_true(zcl_node_is_idle(n->node));
	zcl_node_free(n->node);
	g_array_unref(n->events);
	g_array_unref(n->lnet_events);
	g_free(n);
}

void memnet_free(struct memnet *net)
{
	net->holding = false;
	for (guint i = 0; i < net->streams->len; i++)
		((struct stream *)net->streams->pdata[i])->frozen = false;
	for (guint i = 0; i < net->nodes->len; i++)
		zcl_node_shutdown(((struct memnode *)net->nodes->pdata[i])->node, net->now);
	memnet_settle(net);
	for (guint i = 0; i < net->nodes->len; i++)
		free_node(net->nodes->pdata[i]);
	for (guint i = 0; i < net->streams->len; i++) {
		struct stream *s = net->streams->pdata[i];

		g_byte_array_unref(s->end[0].in);
		g_byte_array_unref(s->end[1].in);
		g_free(s);
	}
	g_ptr_array_unref(net->nodes);
	g_ptr_array_unref(net->streams);
	g_free(net);
}

/* ---- looking ---- */

guint memnode_count(const struct memnode *node, enum zcl_event_kind kind)
{
	return watched_count(node->events, kind);
}

const struct zcl_event *memnode_event(const struct memnode *node, enum zcl_event_kind kind)
{
	return watched_first(node->events, kind);
}

guint memnode_lnet_count(const struct memnode *node, enum zcl_lnet_event_kind kind)
{
	guint count = 0;

	for (guint i = 0; i < node->lnet_events->len; i++)
		count += g_array_index(node->lnet_events, struct zcl_lnet_event, i).kind == kind;
	return count;
}

const struct zcl_lnet_event *memnode_lnet_event(const struct memnode *node,
						enum zcl_lnet_event_kind kind)
{
	for (guint i = 0; i < node->lnet_events->len; i++) {
		const struct zcl_lnet_event *ev =
			&g_array_index(node->lnet_events, struct zcl_lnet_event, i);

		if (ev->kind == kind)
			return ev;
	}
	return NULL;
}

guint memnode_conns(const struct memnode *node)
{
	return watched_conns(node->node);
}

static void first_up(void *user, const struct zcl_conn_info *info)
{
	struct zcl_conn_info *first = user;

	if (info->up && first->number == 0)
		*first = *info;
}

struct zcl_conn_info memnode_conn(const struct memnode *node)
{
	struct zcl_conn_info info = {0};

	zcl_node_foreach_conn(node->node, first_up, &info);
	return info;
}
