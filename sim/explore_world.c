/* SPDX-License-Identifier: MIT */
#include "sim/explore_world.h"

#include "sim/explore_world_impl.h"

#define SINK_PORTAL 9u

/* ---- what the cores ask for ---- */

static struct zx_end *find_end(struct zx_world *world, const struct zcl_conn *conn)
{
	for (unsigned s = 0; s < world->nstreams; s++)
		for (unsigned e = 0; e < 2; e++)
			if (world->streams[s].end[e].conn == conn)
				return &world->streams[s].end[e];
	return NULL;
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	const struct zx_node *node = user;
	struct zx_world *world = node->world;

	g_assert(world->nconnects < ZX_MAX_STREAMS);
	world->connects[world->nconnects].conn = conn;
	world->connects[world->nconnects++].node = node->index;
	world->moved = true;
}

static void on_close(void *user, struct zcl_conn *conn)
{
	const struct zx_node *node = user;

	find_end(node->world, conn)->dying = ZX_CLOSING;
	node->world->moved = true;
}

/* It was asked for in the very call that now takes it back. */
static void forget_connect(struct zx_world *world, struct zcl_conn *conn)
{
	unsigned i = 0;

	while (i < world->nconnects && world->connects[i].conn != conn)
		i++;
	g_assert(i < world->nconnects);
	for (; i + 1 < world->nconnects; i++)
		world->connects[i] = world->connects[i + 1];
	world->nconnects--;
	world->unborn[world->nunborn++] = conn;
}

static void on_abort(void *user, struct zcl_conn *conn)
{
	const struct zx_node *node = user;
	struct zx_end *end = find_end(node->world, conn);

	if (end != NULL)
		end->dying = ZX_ABORTING;
	else
		forget_connect(node->world, conn);
	node->world->moved = true;
}

static void on_wake_tx(void *user, struct zcl_conn *conn)
{
	const struct zx_node *node = user;
	struct zx_end *end = find_end(node->world, conn);

	if (end == NULL)
		return;
	end->wants_tx = true;
	node->world->moved = true;
}

static void on_wake_rx(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	const struct zx_node *node = user;

	if (!node->mute)
		zx_watch_lnet(&node->world->watch, node->index, event);
}

static void on_trace(void *user, const struct zcl_event *event)
{
	const struct zx_node *node = user;

	if (node->mute)
		return;
	zx_watch_event(&node->world->watch, node->index, event);
	if (node->world->listener)
		node->world->listener(node->world->listener_user, node->index, event);
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

/* ---- doing it ---- */

static struct zx_stream *free_stream(struct zx_world *world)
{
	for (unsigned s = 0; s < ZX_MAX_STREAMS; s++) {
		if (world->streams[s].used)
			continue;
		world->nstreams = MAX(world->nstreams, s + 1);
		return &world->streams[s];
	}
	g_assert_not_reached(); /* a node has few connections, and 8 nodes are the most */
}

static void start_end(struct zx_end *end, struct zcl_conn *conn, unsigned node)
{
	const struct zx_pipe in = end->in; /* its buffers stay */

	*end = (struct zx_end){.conn = conn, .node = node, .in = in};
	zx_pipe_empty(&end->in);
}

static void start_stream(struct zx_world *world, struct zcl_conn *conn, unsigned node)
{
	const unsigned other = zx_model_peer(world->model, zcl_conn_peer_nid(conn));
	struct zx_stream *stream = free_stream(world);

	stream->used = true;
	stream->opened = false;
	start_end(&stream->end[0], conn, node);
	start_end(&stream->end[1], NULL, other);
	if (other != ZX_MAX_NODES)
		stream->call = ++world->calls[MIN(node, other)][MAX(node, other)];
}

static void open_streams(struct zx_world *world)
{
	for (unsigned i = 0; i < world->nconnects; i++)
		start_stream(world, world->connects[i].conn, world->connects[i].node);
	world->nconnects = 0;
}

static void bury_unborn(struct zx_world *world)
{
	const unsigned n = world->nunborn;

	world->nunborn = 0;
	for (unsigned i = 0; i < n; i++)
		zcl_conn_gone(world->unborn[i], world->now);
}

static void tell_other(struct zx_end *other, bool reset)
{
	other->eof = true;
	other->reset = reset;
}

static void bury(struct zx_world *world, struct zx_stream *stream, unsigned e)
{
	struct zx_end *end = &stream->end[e];
	struct zcl_conn *conn = end->conn;

	if (stream->opened && stream->end[!e].conn != NULL)
		tell_other(&stream->end[!e], end->dying == ZX_ABORTING);
	zx_pipe_empty(&end->in);
	end->conn = NULL;
	end->dying = ZX_ALIVE;
	stream->used = stream->end[!e].conn != NULL;
	zcl_conn_gone(conn, world->now);
}

void zx_world_send(struct zx_world *world, struct zx_stream *stream, unsigned e)
{
	struct zx_end *end = &stream->end[e], *other = &stream->end[!e];
	struct zcl_tx_batch batch;

	end->wants_tx = false;
	while (end->dying == ZX_ALIVE && zcl_conn_tx_batch(end->conn, &batch)) {
		const bool pinned = batch.zc && !world->model->options.no_pins;

		/* Nothing passes a reset, also before it is told. */
		for (size_t i = 0; other->conn != NULL && !other->eof && i < batch.niov; i++)
			zx_pipe_push(&other->in, batch.iov[i].iov_base, batch.iov[i].iov_len);
		end->pinned += pinned;
		zcl_conn_tx_advance(end->conn, batch.nob, pinned, world->now);
	}
	if (other->conn != NULL)
		zx_pipe_cut(&other->in);
}

static void settle_end(struct zx_world *world, struct zx_stream *stream, unsigned e)
{
	struct zx_end *end = &stream->end[e];

	if (end->conn == NULL)
		return;
	if (end->wants_tx && end->dying == ZX_ALIVE && !world->model->options.lazy_send)
		zx_world_send(world, stream, e);
	if (end->dying != ZX_ALIVE)
		bury(world, stream, e);
}

void zx_world_settle(struct zx_world *world)
{
	while (world->moved) {
		world->moved = false;
		open_streams(world);
		bury_unborn(world);
		for (unsigned s = 0; s < world->nstreams; s++)
			for (unsigned e = 0; e < 2; e++)
				settle_end(world, &world->streams[s], e);
	}
}

/* ---- nodes come and go ---- */

static void start_node(struct zx_world *world, unsigned index)
{
	const struct zrace_peer *peer = &world->model->script->peers[index];
	struct zx_node *node = &world->nodes[index];
	const struct zcl_config config = zx_model_config(world->model, index, node->restarts);
	const struct zcl_attach sink = {.portal = SINK_PORTAL,
					.ignore_bits = UINT64_MAX,
					.peer = ZCL_NID_ANY,
					.options = ZCL_MD_PUT | ZCL_MD_TRUNCATE};
	uint64_t id;

	node->world = world;
	node->index = index;
	node->mute = false;
	node->node = zcl_node_new(&config, &callbacks, node, NULL);
	g_assert(node->node != NULL);
	world->cores[index] = node->node;
	zcl_lnet_attach(node->node, &sink, &id, world->now);
	for (size_t i = 0; i < peer->nremembers; i++)
		zcl_node_remember(node->node, world->model->nids[peer->remembers[i].index],
				  peer->remembers[i].version);
}

static void drop_end(struct zx_world *world, struct zx_stream *stream, unsigned e)
{
	stream->end[e].dying = ZX_ABORTING;
	bury(world, stream, e);
}

/* At once and without a word to anybody but resets on their way. */
static void stop_node(struct zx_world *world, unsigned index)
{
	struct zx_node *node = &world->nodes[index];

	if (node->node == NULL)
		return;
	node->mute = true;
	zcl_node_shutdown(node->node, world->now);
	for (unsigned s = 0; s < world->nstreams; s++)
		for (unsigned e = 0; e < 2; e++)
			if (world->streams[s].end[e].conn != NULL &&
			    world->streams[s].end[e].node == index)
				drop_end(world, &world->streams[s], e);
	zcl_node_free(node->node);
	node->node = NULL;
}

void zx_world_restart_node(struct zx_world *world, unsigned index)
{
	stop_node(world, index);
	world->nodes[index].restarts++;
	start_node(world, index);
	zx_watch_restarted(&world->watch, index);
}

static void stop_all(struct zx_world *world)
{
	/* Whatever happens now is not part of a path. */
	for (size_t i = 0; i < world->model->npeers; i++)
		world->nodes[i].mute = true;
	for (unsigned i = 0; i < world->model->npeers; i++)
		stop_node(world, i);
	for (unsigned s = 0; s < world->nstreams; s++)
		world->streams[s].used = false;
	world->nstreams = 0;
}

void zx_world_restart(struct zx_world *world)
{
	stop_all(world);
	world->now = 0;
	world->done = 0;
	world->crashes = world->outages = world->resets = world->timers = 0;
	world->moved = false;
	memset(world->calls, 0, sizeof(world->calls));
	zx_watch_init(&world->watch, world->model);
	for (unsigned i = 0; i < world->model->npeers; i++) {
		world->nodes[i].restarts = 0;
		world->nodes[i].down = false;
		start_node(world, i);
	}
}

struct zx_world *zx_world_new(const struct zx_model *model)
{
	struct zx_world *world = g_new0(struct zx_world, 1);

	world->model = model;
	zx_world_restart(world);
	return world;
}

void zx_world_free(struct zx_world *world)
{
	stop_all(world);
	for (unsigned s = 0; s < ZX_MAX_STREAMS; s++)
		for (unsigned e = 0; e < 2; e++)
			zx_pipe_clear(&world->streams[s].end[e].in);
	g_free(world);
}

/* ---- deeds ---- */

enum zcl_err zx_world_do(struct zx_world *world, unsigned index)
{
	const struct zx_model *model = world->model;
	const struct zx_deed *deed = &model->deeds[index];
	struct zcl_node *node = world->cores[deed->peer];
	const zcl_nid target = model->nids[deed->other];
	const struct iovec iov = {(void *)model->payload, deed->size};
	const struct zcl_put put = {.target = target,
				    .portal = SINK_PORTAL,
				    .hdr_data = index + 1,
				    .iov = &iov,
				    .niov = deed->size ? 1 : 0,
				    .want_ack = true,
				    .user = GUINT_TO_POINTER(index + 1)};

	switch (deed->kind) {
	case ZRACE_DO_PUT:
		zx_watch_submitted(&world->watch, index);
		return zcl_lnet_put(node, &put, world->now);
	case ZRACE_DO_PING:
		zx_watch_submitted(&world->watch, index);
		return zcl_lnet_ping(node, target, GUINT_TO_POINTER(index + 1), world->now);
	default:
		return zcl_node_connect(node, target, world->now);
	}
}
