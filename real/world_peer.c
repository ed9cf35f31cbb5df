/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/world_impl.h"

#include <arpa/inet.h>
#include <errno.h>

struct zworld_peer *zreal_world_peer_of(const struct real_world *world, zcl_nid nid)
{
	for (guint i = 0; i < world->peers->len; i++) {
		struct zworld_peer *peer = world->peers->pdata[i];

		if (peer->nid == nid)
			return peer;
	}
	return NULL;
}

static bool start_node(struct zworld_peer *peer, const struct zcl_config *config, const char **why)
{
	struct real_world *world = peer->world;
	struct real_life *life = g_new0(struct real_life, 1);
	struct zreal_options options;
	GError *error = NULL;

	zreal_options_init(&options, config->nid);
	/* What time does is in the script, and the relay is always there to be asked. */
	options.keepalive = 0;
	options.core = *config;
	options.listen = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = peer->address};
	options.accept = ZREAL_ACCEPT_ALL;
	options.only_known_peers = true;
	options.no_spare = true; /* make_room sees to it */
	options.clock = &world->clock;
	options.deliver = zreal_world_on_deliver;
	options.trace = zreal_world_on_trace;
	options.user = life;
	life->peer = peer;
	life->node = zreal_node_new(world->loop, &options, &error);
	if (life->node) {
		peer->life = life;
		g_ptr_array_add(world->lives, life);
		return true;
	}
	g_free(life);
	g_strlcpy(world->why, error->message, sizeof(world->why));
	g_error_free(error);
	*why = world->why;
	return false;
}

static bool add_capture(struct zworld_peer *peer, const char **why)
{
	struct real_world *world = peer->world;
	char *path;

	if (world->pcap_dir == NULL)
		return true;
	path = g_strdup_printf("%s/%s.pcap", world->pcap_dir, peer->name);
	peer->pcap = zpcap_new(path);
	if (peer->pcap) {
		g_ptr_array_add(world->pcaps, peer->pcap);
	} else {
		g_snprintf(world->why, sizeof(world->why), "%s: %s", path, g_strerror(errno));
		*why = world->why;
	}
	g_free(path);
	return peer->pcap != NULL;
}

struct zworld_peer *zreal_world_add_peer(struct zworld *base, const char *name,
					 const struct zcl_config *config, const char **why)
{
	struct real_world *world = zreal_world_of(base);
	struct zworld_peer *peer;

	if (world->peers->len >= ZREAL_WORLD_MAX_PEERS) {
		*why = "too many peers: 250 are the most";
		return NULL;
	}
	peer = g_new0(struct zworld_peer, 1);
	peer->world = world;
	peer->name = g_strdup(name);
	peer->nid = config->nid;
	peer->index = world->peers->len;
	peer->address.s_addr = htonl(world->net + peer->index + 1);
	if (!add_capture(peer, why) || !start_node(peer, config, why)) {
		g_free(peer->name);
		g_free(peer);
		return NULL;
	}
	g_ptr_array_add(world->peers, peer);
	if (zreal_world_add_ways(peer))
		return peer;
	*why = "the kernel refuses another socket for a relay";
	return NULL;
}

struct zcl_node *zreal_world_node(struct zworld_peer *peer)
{
	return peer->life ? zreal_node_core(peer->life->node) : NULL;
}

const char *zreal_world_peer_name(const struct zworld_peer *peer)
{
	return peer->name;
}

void zreal_world_kick(struct zworld *base, struct zworld_peer *peer)
{
	(void)base;
	if (peer->life)
		zreal_node_kick(peer->life->node);
}

/* ---- crash, restart, the end -------------------------------------------------------- */

static void node_is_closed(void *data)
{
	struct real_world *world = data;

	world->closed++;
	if (world->closing && world->closed == world->lives->len)
		zloop_stop(world->loop);
}

/*
 * The others notice nothing: the relays hold their ends of its connections. Only then is the node
 * shut, which needs a while to get its pages back.
 */
void zreal_world_crash(struct zworld *base, struct zworld_peer *peer)
{
	struct real_life *life = peer->life;

	zreal_world_ways_vanish(peer);
	life->over = true;
	peer->life = NULL;
	zreal_node_shutdown(life->node, node_is_closed, zreal_world_of(base));
}

bool zreal_world_restart(struct zworld *base, struct zworld_peer *peer,
			 const struct zcl_config *config, const char **why)
{
	(void)base;
	if (!start_node(peer, config, why))
		return false;
	if (zreal_world_ways_return(peer))
		return true;
	*why = "somebody took the address of its relay";
	return false;
}

static bool any_alive(const struct real_world *world)
{
	for (guint i = 0; i < world->lives->len; i++) {
		const struct real_life *life = world->lives->pdata[i];

		if (!life->over)
			return true;
	}
	return false;
}

void zreal_world_close(struct real_world *world)
{
	world->closing = true;
	if (world->closed == world->lives->len && !any_alive(world))
		return;
	for (guint i = 0; i < world->lives->len; i++) {
		struct real_life *life = world->lives->pdata[i];

		if (!life->over)
			zreal_node_shutdown(life->node, node_is_closed, world);
		life->over = true;
	}
	zloop_run(world->loop);
}

void zreal_world_free_peers(struct real_world *world)
{
	for (guint i = 0; i < world->lives->len; i++) {
		struct real_life *life = world->lives->pdata[i];

		zreal_node_free(life->node);
		g_free(life);
	}
	g_ptr_array_set_size(world->lives, 0);
	for (guint i = 0; i < world->peers->len; i++) {
		struct zworld_peer *peer = world->peers->pdata[i];

		zreal_world_free_ways(peer);
		g_free(peer->name);
		g_free(peer);
	}
	g_ptr_array_set_size(world->peers, 0);
}
