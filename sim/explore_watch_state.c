/* SPDX-License-Identifier: MIT */
#include "sim/explore_watch_impl.h"

/* The properties of states, and of those where nothing can happen any more. */

struct count {
	const struct zx_model *model;
	unsigned coming; /* not up */
	struct {
		unsigned up, opened;
		uint32_t version;
	} of[ZX_MAX_NODES][ZCL_CTYPES]; /* by peer and type */
};

static void count_conn(void *user, const struct zcl_conn_info *info)
{
	struct count *count = user;
	const unsigned peer = zx_model_peer(count->model, info->peer);

	if (!info->up) {
		count->coming++;
		return;
	}
	if (peer == ZX_MAX_NODES || info->ctype < 0 || info->ctype >= ZCL_CTYPES)
		return;
	count->of[peer][info->ctype].up++;
	count->of[peer][info->ctype].opened += info->active;
	count->of[peer][info->ctype].version = info->version;
}

static void count_conns(const struct zx_watch *watch, const struct zcl_node *node,
			struct count *count)
{
	*count = (struct count){.model = watch->model};
	zcl_node_foreach_conn(node, count_conn, count);
}

void zx_watch_state(struct zx_watch *watch, struct zcl_node *const *nodes)
{
	if (!watch->came_up)
		return;
	watch->came_up = false;
	for (unsigned i = 0; i < watch->model->npeers; i++) {
		struct count count;

		count_conns(watch, nodes[i], &count);
		for (unsigned j = 0; j < watch->model->npeers; j++) {
			zx_watch_look_at(watch, i, j, NULL);
			for (int t = 0; t < ZCL_CTYPES; t++)
				if (count.of[j][t].up > 1)
					zx_watch_violate(watch, ZX_ONE_CONN,
							 "%s has %u connections with %s of type %s",
							 zx_watch_name(watch, i), count.of[j][t].up,
							 zx_watch_name(watch, j),
							 zcl_ctype_name(t));
		}
	}
}

static void check_left(struct zx_watch *watch, unsigned i, const struct zcl_node *node,
		       const struct count *count)
{
	zx_watch_look_at(watch, i, ZX_MAX_NODES, NULL);
	if (count->coming)
		zx_watch_violate(watch, ZX_LEFT_CONNECTING, "%s has %u connections that are not up",
				 zx_watch_name(watch, i), count->coming);
	for (unsigned j = 0; j < watch->model->npeers; j++) {
		struct zcl_peer_info info;

		if (zcl_node_peer_info(node, watch->model->nids[j], &info) != ZCL_OK)
			continue;
		zx_watch_look_at(watch, i, j, NULL);
		if (info.connecting || info.waiting)
			zx_watch_violate(watch, ZX_LEFT_CONNECTING, "%s %s %s",
					 zx_watch_name(watch, i),
					 info.connecting ? "is still connecting to"
							 : "still has messages that wait for",
					 zx_watch_name(watch, j));
	}
}

static void check_agreed(struct zx_watch *watch, const struct count *count, unsigned i, unsigned j)
{
	for (int t = 0; t < ZCL_CTYPES; t++) {
		const int u = zcl_ctype_invert(t);

		if (count[i].of[j][t].up != count[j].of[i][u].up)
			zx_watch_violate(
				watch, ZX_ONE_CONN, "%s has %u connections of type %s, %s has %u",
				zx_watch_name(watch, i), count[i].of[j][t].up, zcl_ctype_name(t),
				zx_watch_name(watch, j), count[j].of[i][u].up);
		else if (count[i].of[j][t].version != count[j].of[i][u].version)
			zx_watch_violate(watch, ZX_ONE_CONN, "%s speaks v%u, %s speaks v%u",
					 zx_watch_name(watch, i), count[i].of[j][t].version,
					 zx_watch_name(watch, j), count[j].of[i][u].version);
		else if (count[i].of[j][t].opened + count[j].of[i][u].opened !=
			 count[i].of[j][t].up)
			zx_watch_violate(watch, ZX_ONE_CONN,
					 "who opened is not agreed between %s and %s",
					 zx_watch_name(watch, i), zx_watch_name(watch, j));
	}
}

/* When nothing broke, what was called for is there: all of it. */
static void check_set(struct zx_watch *watch, const struct count *count, unsigned i, unsigned j)
{
	const struct zrace_peer *peers = watch->model->script->peers;
	unsigned up = 0;

	for (int t = 0; t < ZCL_CTYPES; t++)
		up += count[i].of[j][t].up;
	if (up == 0)
		zx_watch_violate(watch, ZX_ONE_CONN, "%s and %s have no connection", peers[i].name,
				 peers[j].name);
	else if (peers[i].typed == peers[j].typed && up != (peers[i].typed ? 3u : 1u))
		zx_watch_violate(watch, ZX_ONE_CONN, "%s and %s have %u connections", peers[i].name,
				 peers[j].name, up);
}

static void check_messages(struct zx_watch *watch)
{
	for (size_t d = 0; d < watch->model->ndeeds; d++) {
		const unsigned state = watch->deeds[d];
		const struct zx_deed *deed = &watch->model->deeds[d];

		zx_watch_look_at(watch, deed->peer, deed->other, NULL);
		if ((state & ZX_DEED_OPEN) && !(state & (ZX_DEED_ENDED | ZX_DEED_LOST)))
			zx_watch_violate(watch, ZX_ENDS_ONCE, "a message of %s never ended",
					 zx_watch_name(watch, deed->peer));
	}
}

void zx_watch_end(struct zx_watch *watch, struct zcl_node *const *nodes)
{
	struct count count[ZX_MAX_NODES];

	for (unsigned i = 0; i < watch->model->npeers; i++) {
		count_conns(watch, nodes[i], &count[i]);
		check_left(watch, i, nodes[i], &count[i]);
	}
	for (unsigned i = 0; i < watch->model->npeers; i++) {
		for (unsigned j = i + 1; j < watch->model->npeers; j++) {
			zx_watch_look_at(watch, i, j, NULL);
			check_agreed(watch, count, i, j);
			if (watch->asked[i][j] && !watch->disturbed)
				check_set(watch, count, i, j);
		}
	}
	check_messages(watch);
}
