/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/world.h"

#include <glib.h>
#include <sys/resource.h>

#include "real/world_impl.h"

/* What the process has open beside the sockets of nodes and relays. */
#define OTHER_DESCRIPTORS 32

/*
 * A connection has a descriptor at each end, and at each side of a relay, which listens as well.
 * Beside them: listeners, and what the process has open anyhow.
 */
static bool make_room(struct zworld *base, size_t conns, const char **why)
{
	struct real_world *world = zreal_world_of(base);
	const size_t n = world->peers->len;
	const size_t need = conns * (world->plain ? 2 : 4) + (world->plain ? 0 : n * (n - 1)) + n +
			    OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
		return true;
	if (limit.rlim_max < need) {
		g_snprintf(world->why, sizeof(world->why),
			   "it takes %zu descriptors, and the hard limit (ulimit -Hn) is %ju", need,
			   (uintmax_t)limit.rlim_max);
		*why = world->why;
		return false;
	}
	limit.rlim_cur = need;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void world_free(struct zworld *base)
{
	struct real_world *world = zreal_world_of(base);

	zreal_world_cancel_time(world);
	zreal_world_close(world);
	zreal_world_free_peers(world);
	zreal_world_cancel_news(world);
	g_ptr_array_unref(world->lives);
	g_ptr_array_unref(world->appointments);
	g_ptr_array_unref(world->relay_users);
	g_ptr_array_unref(world->links);
	g_ptr_array_unref(world->peers);
	g_rand_free(world->chance);
	g_ptr_array_unref(world->pcaps);
	g_free(world->pcap_dir);
	zloop_free(world->loop);
	g_free(world);
}

static const struct zworld_ops ops = {
	.name = "real sockets",
	.strict_time = false,
	.make_room = make_room,
	.free = world_free,
	.now = zreal_world_now,
	.add_peer = zreal_world_add_peer,
	.node = zreal_world_node,
	.peer_name = zreal_world_peer_name,
	.set_link = zreal_world_set_link,
	.at = zreal_world_at,
	.hold = zreal_world_hold,
	.release = zreal_world_release,
	.pass = zreal_world_pass,
	.foreach_held = zreal_world_foreach_held,
	.rest = zreal_world_rest,
	.crash = zreal_world_crash,
	.restart = zreal_world_restart,
	.reset = zreal_world_reset,
	.partition = zreal_world_partition,
	.lose = zreal_world_lose,
	.kick = zreal_world_kick,
	.run = zreal_world_run,
	.stop = zreal_world_stop,
};

/* 127.a.b.0 for this run. That two runs meet is unlikely, and their ports differ anyway. */
static uint32_t any_net(void)
{
	return 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
	       (uint32_t)g_random_int_range(0, 256) << 8;
}

struct zworld *zreal_world_new(const struct zworld_options *options, const char **why)
{
	struct zloop *loop = zloop_new();
	struct real_world *world;

	if (!loop) {
		*why = "the kernel gives no descriptors for a loop";
		return NULL;
	}
	world = g_new0(struct real_world, 1);
	world->base.ops = &ops;
	world->loop = loop;
	world->plain = options->plain && options->pcap_dir == NULL;
	world->pcap_dir = g_strdup(options->pcap_dir);
	world->pcaps = g_ptr_array_new_with_free_func((GDestroyNotify)zpcap_free);
	world->net = any_net();
	world->chance = g_rand_new_with_seed((guint32)options->seed);
	world->peers = g_ptr_array_new();
	world->lives = g_ptr_array_new();
	world->relay_users = g_ptr_array_new_with_free_func(g_free);
	world->links = g_ptr_array_new_with_free_func(g_free);
	zreal_world_init_time(world, options->time_scale);
	zreal_world_init_news(world);
	return &world->base;
}
