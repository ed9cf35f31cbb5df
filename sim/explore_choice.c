/* SPDX-License-Identifier: MIT */
#include "sim/explore_world_impl.h"

/* What may happen next, and what comes of it. */

struct choosing {
	const struct zx_world *world;
	zx_choice *out;
	size_t n;
	bool under_way; /* something arrives by itself */
};

static void add(struct choosing *c, enum zx_choice_kind kind, unsigned arg)
{
	g_assert(c->n < ZX_MAX_CHOICES);
	c->out[c->n++] = (zx_choice)(kind << 8 | arg);
}

static void add_way(struct choosing *c, enum zx_choice_kind kind, unsigned arg)
{
	add(c, kind, arg);
	c->under_way = true;
}

static void choose_deeds(struct choosing *c)
{
	for (unsigned i = 0; i < c->world->model->ndeeds; i++)
		if (!(c->world->done >> i & 1) &&
		    !c->world->nodes[c->world->model->deeds[i].peer].down)
			add(c, ZX_DEED, i);
}

static void choose_end(struct choosing *c, const struct zx_stream *stream, unsigned e, unsigned arg)
{
	const struct zx_end *end = &stream->end[e];

	if (end->conn == NULL)
		return;
	if (!zx_pipe_is_empty(&end->in)) {
		add_way(c, ZX_DELIVER, arg);
		if (end->reset)
			add_way(c, ZX_LOSE, arg);
	} else if (end->eof) {
		add_way(c, ZX_END, arg);
	}
	if (end->pinned != end->released)
		add_way(c, ZX_UNPIN, arg);
	if (end->wants_tx)
		add_way(c, ZX_SEND, arg);
}

static void choose_streams(struct choosing *c)
{
	const struct zx_world *world = c->world;

	for (unsigned s = 0; s < world->nstreams; s++) {
		const struct zx_stream *stream = &world->streams[s];

		if (!stream->used)
			continue;
		if (!stream->opened) {
			add_way(c, zx_world_is_there(world, stream) ? ZX_OPEN : ZX_REFUSE, s);
			continue;
		}
		choose_end(c, stream, 0, 2 * s);
		choose_end(c, stream, 1, 2 * s + 1);
	}
}

static void choose_timers(struct choosing *c)
{
	const struct zx_world *world = c->world;
	const bool early = world->timers < world->model->options.timers;
	int64_t due[ZX_MAX_NODES], first = INT64_MAX;

	for (unsigned i = 0; i < world->model->npeers; i++) {
		due[i] = zcl_node_next_deadline(world->cores[i]);
		first = MIN(first, due[i]);
	}
	for (unsigned i = 0; i < world->model->npeers; i++) {
		if (due[i] == INT64_MAX)
			continue;
		/* Who is late has its turn at any time; else messages are faster than timers. */
		if (due[i] <= world->now || (due[i] == first && !c->under_way))
			add(c, ZX_TICK, i);
		else if (early)
			add(c, ZX_EARLY, i);
	}
}

/* Each comes back at some time: nothing is over before. */
static void choose_backs(struct choosing *c)
{
	for (unsigned i = 0; i < c->world->model->npeers; i++)
		if (c->world->nodes[i].down)
			add(c, ZX_BACK, i);
}

static void choose_disturbances(struct choosing *c)
{
	const struct zx_world *world = c->world;
	const struct zx_options *options = &world->model->options;

	for (unsigned s = 0; world->resets < options->resets && s < world->nstreams; s++) {
		const struct zx_stream *stream = &world->streams[s];

		if (!stream->used)
			continue;
		if (!stream->opened && zx_world_is_there(world, stream))
			add(c, ZX_REFUSE, s);
		else if (stream->opened && !(stream->end[0].eof || stream->end[1].eof))
			add(c, ZX_RESET, s);
	}
	for (unsigned i = 0; world->crashes < options->crashes && i < world->model->npeers; i++)
		add(c, ZX_RESTART, i);
	for (unsigned i = 0; world->outages < options->outages && i < world->model->npeers; i++)
		if (!world->nodes[i].down)
			add(c, ZX_CRASH, i);
}

size_t zx_world_choices(const struct zx_world *world, zx_choice *choices, bool *over)
{
	struct choosing c = {.world = world, .out = choices};

	choose_streams(&c);
	choose_deeds(&c);
	choose_timers(&c);
	choose_backs(&c);
	*over = true;
	for (size_t i = 0; i < c.n; i++)
		*over &= zx_choice_kind(choices[i]) >= ZX_EARLY;
	choose_disturbances(&c);
	return c.n;
}

/* ---- taking one ---- */

static void disturb(struct zx_world *world, unsigned *budget)
{
	++*budget;
	zx_watch_disturbed(&world->watch);
}

static void do_deed(struct zx_world *world, unsigned deed)
{
	const enum zcl_err err = zx_world_do(world, deed);

	world->done |= UINT64_C(1) << deed;
	zx_watch_asked(&world->watch, &world->model->deeds[deed]);
	/* Nothing was submitted: there is nothing to end. */
	if (err != ZCL_OK)
		world->watch.deeds[deed] = 0;
}

static void refuse(struct zx_world *world, struct zx_stream *stream)
{
	zcl_conn_closed(stream->end[0].conn, ZCL_E_REFUSED, world->now);
}

static void open_stream(struct zx_world *world, struct zx_stream *stream)
{
	const bool cuts = world->model->options.cuts;
	struct zx_end *end = stream->end;

	end[1].conn = zcl_node_accepted(world->cores[end[1].node], NULL, world->now);
	if (end[1].conn == NULL) {
		refuse(world, stream);
		return;
	}
	stream->opened = true;
	zx_pipe_start(&end[0].in, false, cuts);
	zx_pipe_start(&end[1].in, true, cuts);
	zcl_conn_connected(end[0].conn, world->now);
}

static void deliver(struct zx_world *world, struct zx_end *end)
{
	const uint8_t *data;
	const size_t n = zx_pipe_take(&end->in, &data);

	zcl_conn_rx_push(end->conn, data, n, world->now);
}

static void tell_end(struct zx_world *world, struct zx_end *end)
{
	zx_pipe_empty(&end->in);
	zcl_conn_closed(end->conn, end->reset ? ZCL_E_RESET : ZCL_E_EOF, world->now);
}

static void unpin(struct zx_world *world, struct zx_end *end)
{
	const uint32_t first = end->released;

	end->released = end->pinned;
	zcl_conn_released(end->conn, first, end->pinned - 1, world->now);
}

static void tick(struct zx_world *world, unsigned node)
{
	world->now = MAX(world->now, zcl_node_next_deadline(world->cores[node]));
	zcl_node_tick(world->cores[node], world->now);
}

static void reset(struct zx_stream *stream)
{
	for (unsigned e = 0; e < 2; e++)
		stream->end[e].eof = stream->end[e].reset = true;
}

static void happen(struct zx_world *world, enum zx_choice_kind kind, unsigned arg)
{
	switch (kind) {
	case ZX_DEED:
		do_deed(world, arg);
		break;
	case ZX_OPEN:
		open_stream(world, &world->streams[arg]);
		break;
	case ZX_REFUSE:
		/* When nobody is there, it is no disturbance of its own. */
		if (zx_world_is_there(world, &world->streams[arg]))
			world->resets++;
		zx_watch_disturbed(&world->watch);
		refuse(world, &world->streams[arg]);
		break;
	case ZX_DELIVER:
		deliver(world, &world->streams[arg / 2].end[arg % 2]);
		break;
	case ZX_END:
	case ZX_LOSE:
		tell_end(world, &world->streams[arg / 2].end[arg % 2]);
		break;
	case ZX_UNPIN:
		unpin(world, &world->streams[arg / 2].end[arg % 2]);
		break;
	case ZX_SEND:
		zx_world_send(world, &world->streams[arg / 2], arg % 2);
		break;
	case ZX_EARLY:
		disturb(world, &world->timers);
		tick(world, arg);
		break;
	case ZX_TICK:
		tick(world, arg);
		break;
	case ZX_RESET:
		disturb(world, &world->resets);
		reset(&world->streams[arg]);
		break;
	case ZX_RESTART:
		world->crashes++;
		zx_world_restart_node(world, arg);
		break;
	case ZX_CRASH:
		world->outages++;
		zx_world_restart_node(world, arg);
		world->nodes[arg].down = true;
		break;
	case ZX_BACK:
		world->nodes[arg].down = false;
		break;
	}
}

void zx_world_take(struct zx_world *world, zx_choice choice)
{
	happen(world, zx_choice_kind(choice), zx_choice_arg(choice));
	/* Also without a request: an open or a unit may have left something to be done. */
	world->moved = true;
	zx_world_settle(world);
	zx_watch_state(&world->watch, world->cores);
}

void zx_world_end(struct zx_world *world)
{
	zx_watch_end(&world->watch, world->cores);
}
