/* SPDX-License-Identifier: MIT */
#include "sim/explore_world_impl.h"

#include "scenarios/words.h"

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
		if (!(c->world->done >> i & 1))
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
			const bool there = stream->end[1].node != ZX_MAX_NODES;

			add_way(c, there ? ZX_OPEN : ZX_REFUSE, s);
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

static void choose_disturbances(struct choosing *c)
{
	const struct zx_world *world = c->world;
	const struct zx_options *options = &world->model->options;

	for (unsigned s = 0; world->resets < options->resets && s < world->nstreams; s++) {
		const struct zx_stream *stream = &world->streams[s];

		if (!stream->used)
			continue;
		if (!stream->opened && stream->end[1].node != ZX_MAX_NODES)
			add(c, ZX_REFUSE, s);
		else if (stream->opened && !(stream->end[0].eof || stream->end[1].eof))
			add(c, ZX_RESET, s);
	}
	for (unsigned i = 0; world->crashes < options->crashes && i < world->model->npeers; i++)
		add(c, ZX_RESTART, i);
}

size_t zx_world_choices(const struct zx_world *world, zx_choice *choices, bool *over)
{
	struct choosing c = {.world = world, .out = choices};

	choose_streams(&c);
	choose_deeds(&c);
	choose_timers(&c);
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
		disturb(world, &world->resets);
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

/* ---- the state as a number ---- */

struct seen_end {
	unsigned stream, end;
	uint64_t number;
};

/* The ends at a node, oldest connection first: as the core has them. */
static size_t ends_of(const struct zx_world *world, unsigned node, struct seen_end *ends)
{
	size_t n = 0;

	for (unsigned s = 0; s < world->nstreams; s++) {
		for (unsigned e = 0; e < 2; e++) {
			const struct zx_end *end = &world->streams[s].end[e];
			uint64_t number;
			size_t at = n;

			if (end->conn == NULL || end->node != node)
				continue;
			number = zcl_conn_number(end->conn);
			for (; at > 0 && ends[at - 1].number > number; at--)
				ends[at] = ends[at - 1];
			ends[at] = (struct seen_end){s, e, number};
			n++;
		}
	}
	return n;
}

static void digest_end(const struct zx_end *end, uint64_t name, bool opened, unsigned side,
		       struct zcl_digest *digest)
{
	zcl_digest_u64(digest, name << 8 | (uint64_t)end->wants_tx << 4 | (uint64_t)end->eof << 3 |
				       (uint64_t)end->reset << 2 | (uint64_t)opened << 1 | side);
	zcl_digest_u64(digest, end->pinned - end->released);
	if (opened)
		zx_pipe_digest(&end->in, digest);
}

/* Streams are named in the order in which the nodes' lists lead to them, not by their slots. */
static void digest_streams(const struct zx_world *world, struct zcl_digest *digest)
{
	uint8_t names[ZX_MAX_STREAMS] = {0};
	uint8_t next = 0;

	for (unsigned i = 0; i < world->model->npeers; i++) {
		struct seen_end ends[2 * ZX_MAX_STREAMS];
		const size_t n = ends_of(world, i, ends);

		zcl_digest_u64(digest, n);
		for (size_t k = 0; k < n; k++) {
			const struct zx_stream *stream = &world->streams[ends[k].stream];

			if (names[ends[k].stream] == 0)
				names[ends[k].stream] = ++next;
			digest_end(&stream->end[ends[k].end], names[ends[k].stream], stream->opened,
				   ends[k].end, digest);
		}
	}
}

void zx_world_digest(const struct zx_world *world, struct zcl_digest *digest)
{
	zcl_digest_init(digest);
	zcl_digest_u64(digest, world->done);
	zcl_digest_u64(digest, (uint64_t)world->crashes << 32 | (uint64_t)world->resets << 16 |
				       world->timers);
	for (unsigned i = 0; i < world->model->npeers; i++)
		zcl_node_digest(world->cores[i], world->now, digest);
	digest_streams(world, digest);
	zx_watch_digest(&world->watch, digest);
	zcl_digest_finish(digest);
}

/* ---- in words ---- */

static const char *name_of(const struct zx_world *world, unsigned node)
{
	return node < world->model->npeers ? world->model->script->peers[node].name : "nobody";
}

static void stream_words(const struct zx_world *world, const char *what, unsigned s, GString *text)
{
	const struct zx_end *end = world->streams[s].end;

	g_string_append_printf(text, "%s of %s to %s", what, name_of(world, end[0].node),
			       name_of(world, end[1].node));
}

/* "TO receives hello from FROM (its call)". */
static void end_words(const struct zx_world *world, const char *what, unsigned arg, GString *text)
{
	const struct zx_stream *stream = &world->streams[arg / 2];
	const unsigned e = arg % 2;

	g_string_append_printf(
		text, "%s: %s, on the call of %s to %s", name_of(world, stream->end[e].node), what,
		name_of(world, stream->end[0].node), name_of(world, stream->end[1].node));
}

static void deliver_words(const struct zx_world *world, unsigned arg, GString *text)
{
	const struct zx_pipe *in = &world->streams[arg / 2].end[arg % 2].in;
	GString *what = g_string_new("receives ");

	if (zx_pipe_kind(in))
		zrace_words_units(what, zx_pipe_kind(in));
	else
		g_string_append(what, "bytes");
	end_words(world, what->str, arg, text);
	g_string_free(what, TRUE);
}

void zx_world_words(const struct zx_world *world, zx_choice choice, GString *text)
{
	const unsigned arg = zx_choice_arg(choice);

	switch (zx_choice_kind(choice)) {
	case ZX_DEED:
		zrace_words_action(text, world->model->script,
				   &world->model->deeds[arg].statement->action);
		break;
	case ZX_OPEN:
		stream_words(world, "TCP connects: the call", arg, text);
		break;
	case ZX_REFUSE:
		stream_words(world, "TCP is refused: the call", arg, text);
		break;
	case ZX_DELIVER:
		deliver_words(world, arg, text);
		break;
	case ZX_END:
		end_words(world, "hears of the end", arg, text);
		break;
	case ZX_LOSE:
		end_words(world, "hears of the reset, loses what was before it", arg, text);
		break;
	case ZX_UNPIN:
		end_words(world, "its kernel lets go of pages", arg, text);
		break;
	case ZX_SEND:
		end_words(world, "sends what is queued", arg, text);
		break;
	case ZX_TICK:
		g_string_append_printf(text, "%s: its timer runs out", name_of(world, arg));
		break;
	case ZX_EARLY:
		g_string_append_printf(text, "%s: its timer runs out early", name_of(world, arg));
		break;
	case ZX_RESET:
		stream_words(world, "TCP is reset: the call", arg, text);
		break;
	case ZX_RESTART:
		g_string_append_printf(text, "%s restarts", name_of(world, arg));
		break;
	}
}
