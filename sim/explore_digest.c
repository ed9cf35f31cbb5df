/* SPDX-License-Identifier: MIT */
#include "sim/explore_world.h"

/* The state of a world as a number. */

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
	for (unsigned i = 0; i < world->model->npeers; i++) {
		zcl_digest_u64(digest, (uint64_t)world->outages << 1 | world->nodes[i].down);
		zcl_node_digest(world->cores[i], world->now, digest);
	}
	digest_streams(world, digest);
	zx_watch_digest(&world->watch, digest);
	zcl_digest_finish(digest);
}
