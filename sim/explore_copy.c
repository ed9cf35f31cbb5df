/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "core/copy.h"
#include "sim/explore_world.h"

/* One world becomes what another one is: cheaper than taking all choices from the start again. */

struct copying {
	struct zx_world *to;
	const struct zx_world *from;
};

static void twins(void *user, const struct zcl_conn *from, struct zcl_conn *to)
{
	const struct copying *c = user;

	for (unsigned s = 0; s < c->from->nstreams; s++)
		for (unsigned e = 0; e < 2; e++)
			if (c->from->streams[s].end[e].conn == from)
				c->to->streams[s].end[e].conn = to;
}

static void copy_end(struct zx_end *to, const struct zx_end *from, bool opened)
{
	memcpy(to, from, offsetof(struct zx_end, in));
	/* Before it is opened, nothing was ever on its way. */
	if (opened)
		zx_pipe_copy(&to->in, &from->in);
	else
		zx_pipe_empty(&to->in);
}

static void copy_streams(struct zx_world *to, const struct zx_world *from)
{
	for (unsigned s = from->nstreams; s < to->nstreams; s++)
		to->streams[s].used = false;
	to->nstreams = from->nstreams;
	for (unsigned s = 0; s < from->nstreams; s++) {
		const struct zx_stream *src = &from->streams[s];
		struct zx_stream *stream = &to->streams[s];

		stream->used = src->used;
		stream->opened = src->opened;
		stream->call = src->call;
		for (unsigned e = 0; e < 2; e++) {
			if (src->used)
				copy_end(&stream->end[e], &src->end[e], src->opened);
			else
				stream->end[e].conn = NULL;
		}
	}
}

void zx_world_copy(struct zx_world *to, const struct zx_world *from)
{
	struct copying c = {to, from};

	g_assert(to->model == from->model && from->nconnects == 0 && from->nunborn == 0);
	copy_streams(to, from);
	for (unsigned i = 0; i < from->model->npeers; i++) {
		to->nodes[i].restarts = from->nodes[i].restarts;
		to->nodes[i].down = from->nodes[i].down;
		zcl_node_copy(to->cores[i], from->cores[i], twins, &c);
	}
	to->now = from->now;
	to->done = from->done;
	to->crashes = from->crashes;
	to->outages = from->outages;
	to->resets = from->resets;
	to->timers = from->timers;
	to->moved = from->moved;
	memcpy(to->calls, from->calls, sizeof(to->calls));
	to->watch = from->watch;
}
