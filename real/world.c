/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <sys/resource.h>

#include "real/net.h"
#include "real/pcap.h"
#include "real/relay.h"

#define MAX_PEERS	  250
#define OTHER_DESCRIPTORS 32

/* How long it must be quiet here until all is at rest: looks, and real ns between them. */
#define REST_LOOKS    3
#define REST_INTERVAL (INT64_C(200) * 1000)

/* What lies between two peers, seen from the first. */
struct way {
	struct zrelay *relay; /* for connections that the first opens */
	unsigned held;	      /* units held from the first to the second */
	unsigned lose;	/* packets from the first to the second until one is lost; 0: none is */
	unsigned calls; /* of either: counted by who was added first */
	GQueue called;	/* of unsigned: calls of the first that the relay has not seen yet */
};

/* A node of a peer. One that crashed stays, unheard, until the kernel has let go of its pages. */
struct life {
	struct zworld_peer *peer;
	struct zreal_node *node;
	bool over;
};

struct zworld_peer {
	struct real_world *world;
	char *name;
	guint index;
	zcl_nid nid;
	struct in_addr address;
	struct life *life;  /* NULL: crashed */
	struct zpcap *pcap; /* NULL: none */
	struct way way[MAX_PEERS];
};

/* Something to tell the runner, when no core call is under way. */
struct news {
	enum { NEWS_EVENT, NEWS_LNET, NEWS_HELD } kind;
	struct zworld_peer *peer, *to;
	struct zcl_event event;
	struct zcl_lnet_event lnet;
	struct zcl_ping_info ping;
	enum zworld_unit unit;
};

struct appointment {
	struct real_world *world;
	struct zloop_timer timer;
	int64_t when;
	void (*fn)(void *data);
	void *data;
};

struct relay_user {
	struct zworld_peer *from, *to;
};

struct real_world {
	struct zworld base;
	struct zloop *loop;
	struct zclock clock;
	GRand *chance;
	char *pcap_dir;	  /* NULL: none */
	GPtrArray *pcaps; /* of struct zpcap */
	uint32_t net;	  /* 127.a.b.0 */
	GPtrArray *peers;
	GPtrArray *lives;	 /* of struct life: all that there ever were */
	GPtrArray *appointments; /* all that were ever made */
	GPtrArray *relay_users, *links;
	GQueue news;
	struct zloop_work tell;
	struct zloop_timer rest_timer;
	void (*rest)(void *data); /* NULL: nobody waits */
	void *rest_data;
	unsigned rested; /* looks in a row that found nothing under way */
	bool plain;	 /* the peers reach each other without a relay */
	bool stopped, closing;
	guint closed;
	char why[128];
};

static struct real_world *of(const struct zworld *world)
{
	return (struct real_world *)world;
}

/* ---- telling the runner ------------------------------------------------------------- */

static void tell_one(struct real_world *world, const struct news *news)
{
	const struct zworld_listener *listener = world->base.listener;
	void *user = world->base.listener_user;

	if (!listener)
		return;
	switch (news->kind) {
	case NEWS_EVENT:
		if (listener->event)
			listener->event(user, news->peer, &news->event);
		break;
	case NEWS_LNET:
		if (listener->lnet_event)
			listener->lnet_event(user, news->peer, &news->lnet);
		break;
	case NEWS_HELD:
		if (listener->held)
			listener->held(user, news->peer, news->to, news->unit);
		break;
	}
}

static void tell(void *data)
{
	struct real_world *world = data;
	struct news *news;

	while ((news = g_queue_pop_head(&world->news))) {
		if (!world->closing)
			tell_one(world, news);
		g_free(news);
	}
}

static struct news *add_news(struct zworld_peer *peer)
{
	struct news *news = g_new0(struct news, 1);

	news->peer = peer;
	g_queue_push_tail(&peer->world->news, news);
	zloop_work_queue(peer->world->loop, &peer->world->tell);
	return news;
}

static struct zworld_peer *peer_of(const struct real_world *world, zcl_nid nid)
{
	for (guint i = 0; i < world->peers->len; i++) {
		struct zworld_peer *peer = world->peers->pdata[i];

		if (peer->nid == nid)
			return peer;
	}
	return NULL;
}

/* The core opens a connection right after it says so; the relay sees them in this order. */
static void note_call(struct zworld_peer *from, struct zworld_peer *to)
{
	struct zworld_peer *first = from->index < to->index ? from : to;
	struct zworld_peer *second = first == from ? to : from;
	const unsigned number = ++first->way[second->index].calls;

	if (to->life)
		g_queue_push_tail(&from->way[to->index].called, GUINT_TO_POINTER(number));
}

static unsigned on_called(void *user)
{
	const struct relay_user *pair = user;

	return GPOINTER_TO_UINT(g_queue_pop_head(&pair->from->way[pair->to->index].called));
}

static void on_trace(void *user, const struct zcl_event *event)
{
	const struct life *life = user;
	struct zworld_peer *other;
	struct news *news;

	if (life->over)
		return;
	other = event->kind == ZCL_EV_CONNECT ? peer_of(life->peer->world, event->peer) : NULL;
	if (other)
		note_call(life->peer, other);
	news = add_news(life->peer);
	news->kind = NEWS_EVENT;
	news->event = *event;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	const struct life *life = user;
	struct news *news;

	if (life->over)
		return;
	news = add_news(life->peer);
	news->kind = NEWS_LNET;
	news->lnet = *event;
	if (!event->ping)
		return;
	news->ping = *event->ping;
	news->lnet.ping = &news->ping;
}

static void on_held(void *user, bool forward, enum zworld_unit unit)
{
	const struct relay_user *pair = user;
	struct news *news = add_news(forward ? pair->from : pair->to);

	news->kind = NEWS_HELD;
	news->to = forward ? pair->to : pair->from;
	news->unit = unit;
}

/* ---- peers -------------------------------------------------------------------------- */

/* Whoever calls a NID reaches the first that has it, as one host has an address on a network. */
static void show_way(struct zworld_peer *from, const struct zworld_peer *to,
		     const struct sockaddr_in *at)
{
	if (peer_of(to->world, to->nid) == to)
		zreal_node_set_peer(from->life->node, to->nid, at);
}

static bool add_way(struct zworld_peer *from, struct zworld_peer *to, struct zworld_link *link)
{
	struct real_world *world = from->world;
	struct relay_user *pair = g_new(struct relay_user, 1);
	const struct zrelay_options options = {
		.listen_at = to->address,
		.from = from->address,
		.to = zreal_node_address(to->life->node),
		.clock = &world->clock,
		.link = link,
		.chance = world->chance,
		.pcap = {from->pcap, to->pcap},
		.shown_as = {zcl_nid_addr(from->nid), zcl_nid_addr(to->nid)},
		.held = on_held,
		.called = on_called,
		.lose = {&from->way[to->index].lose, &to->way[from->index].lose},
		.user = pair,
	};
	struct sockaddr_in at;

	if (world->plain) {
		show_way(from, to, &options.to);
		g_free(pair);
		return true;
	}
	*pair = (struct relay_user){from, to};
	g_ptr_array_add(world->relay_users, pair);
	from->way[to->index].relay = zrelay_new(world->loop, &options);
	if (!from->way[to->index].relay)
		return false;
	at = zrelay_address(from->way[to->index].relay);
	show_way(from, to, &at);
	return true;
}

static struct zworld_link **link_of(struct real_world *world, guint a, guint b)
{
	return (struct zworld_link **)&world->links->pdata[MAX(a, b) * MAX_PEERS + MIN(a, b)];
}

static bool add_ways(struct zworld_peer *peer)
{
	struct real_world *world = peer->world;

	g_ptr_array_set_size(world->links, (gint)((peer->index + 1) * MAX_PEERS));
	for (guint i = 0; i < peer->index; i++) {
		struct zworld_peer *other = world->peers->pdata[i];
		struct zworld_link *link = g_new0(struct zworld_link, 1);

		*link_of(world, i, peer->index) = link;
		if (!add_way(peer, other, link) || !add_way(other, peer, link))
			return false;
	}
	return true;
}

static bool start_node(struct zworld_peer *peer, const struct zcl_config *config, const char **why)
{
	struct real_world *world = peer->world;
	struct life *life = g_new0(struct life, 1);
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
	options.deliver = on_deliver;
	options.trace = on_trace;
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

static struct zworld_peer *add_peer(struct zworld *base, const char *name,
				    const struct zcl_config *config, const char **why)
{
	struct real_world *world = of(base);
	struct zworld_peer *peer;

	if (world->peers->len >= MAX_PEERS) {
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
	if (add_ways(peer))
		return peer;
	*why = "the kernel refuses another socket for a relay";
	return NULL;
}

static struct zcl_node *node_of(struct zworld_peer *peer)
{
	return peer->life ? zreal_node_core(peer->life->node) : NULL;
}

static const char *peer_name(const struct zworld_peer *peer)
{
	return peer->name;
}

static bool set_link(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
		     const struct zworld_link *link, const char **why)
{
	if (a == b) {
		*why = "a link joins two different peers";
		return false;
	}
	if (link->loss > 0 || link->queue > 0) {
		*why = "losing packets needs the simulation";
		return false;
	}
	**link_of(of(base), a->index, b->index) = *link;
	return true;
}

/*
 * A connection has a descriptor at each end, and at each side of a relay, which listens as well.
 * Beside them: listeners, and what the process has open anyhow.
 */
static bool make_room(struct zworld *base, size_t conns, const char **why)
{
	struct real_world *world = of(base);
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

/* ---- holds -------------------------------------------------------------------------- */

static void set_held(struct zworld_peer *from, struct zworld_peer *to, unsigned units)
{
	g_assert(from != to);
	from->way[to->index].held = units;
	zrelay_set_held(from->way[to->index].relay, true, units);
	zrelay_set_held(to->way[from->index].relay, false, units);
}

static void hold(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		 unsigned units)
{
	(void)base;
	set_held(from, to, from->way[to->index].held | units);
}

static void release(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		    unsigned units)
{
	(void)base;
	set_held(from, to, from->way[to->index].held & ~units);
}

/* ---- one by one --------------------------------------------------------------------- */

static bool pass(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		 enum zworld_unit unit, unsigned call)
{
	struct zrelay *there = from->way[to->index].relay, *back = to->way[from->index].relay;
	const unsigned x = zrelay_can_pass(there, true, unit, call);
	const unsigned y = zrelay_can_pass(back, false, unit, call);

	(void)base;
	if (x && (!y || x < y))
		zrelay_pass(there, true, unit, x);
	else if (y)
		zrelay_pass(back, false, unit, y);
	return x || y;
}

struct looking {
	void (*fn)(void *user, const struct zworld_held *held);
	void *user;
	struct zworld_peer *from, *to;
};

static void found_held(void *user, bool forward, unsigned call, enum zworld_unit unit)
{
	const struct looking *looking = user;
	const struct zworld_held held = {.from = forward ? looking->from : looking->to,
					 .to = forward ? looking->to : looking->from,
					 .call = call,
					 .unit = unit};

	looking->fn(looking->user, &held);
}

static void foreach_held(const struct zworld *base,
			 void (*fn)(void *user, const struct zworld_held *held), void *user)
{
	const struct real_world *world = (const struct real_world *)base;
	struct looking looking = {.fn = fn, .user = user};

	for (guint i = 0; i < world->peers->len; i++) {
		looking.from = world->peers->pdata[i];
		for (guint k = 0; k < world->peers->len; k++) {
			looking.to = world->peers->pdata[k];
			if (k != i)
				zrelay_foreach_held(looking.from->way[k].relay, found_held,
						    &looking);
		}
	}
}

static bool is_at_rest(const struct real_world *world)
{
	if (!g_queue_is_empty((GQueue *)&world->news) || !zloop_is_idle(world->loop))
		return false;
	for (guint i = 0; i < world->peers->len; i++) {
		const struct zworld_peer *peer = world->peers->pdata[i];

		for (guint k = 0; k < world->peers->len; k++)
			if (peer->way[k].relay && !zrelay_is_at_rest(peer->way[k].relay))
				return false;
	}
	return true;
}

static void look_for_rest(void *data)
{
	struct real_world *world = data;
	void (*fn)(void *data) = world->rest;

	world->rested = is_at_rest(world) ? world->rested + 1 : 0;
	if (world->rested < REST_LOOKS) {
		zloop_timer_set(world->loop, &world->rest_timer, zloop_now() + REST_INTERVAL);
		return;
	}
	world->rest = NULL;
	fn(world->rest_data);
}

static void rest(struct zworld *base, void (*fn)(void *data), void *data)
{
	struct real_world *world = of(base);

	g_assert(world->rest == NULL);
	world->rest = fn;
	world->rest_data = data;
	world->rested = 0;
	zloop_timer_set(world->loop, &world->rest_timer, zloop_now() + REST_INTERVAL);
}

/* ---- crash, reset, partition -------------------------------------------------------- */

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
static void crash(struct zworld *base, struct zworld_peer *peer)
{
	struct real_world *world = of(base);
	struct life *life = peer->life;

	for (guint i = 0; i < world->peers->len; i++) {
		struct zworld_peer *other = world->peers->pdata[i];

		if (other == peer)
			continue;
		zrelay_set_called(other->way[peer->index].relay, NULL);
		zrelay_vanish(other->way[peer->index].relay, false);
		zrelay_vanish(peer->way[i].relay, true);
	}
	life->over = true;
	peer->life = NULL;
	zreal_node_shutdown(life->node, node_is_closed, world);
}

static bool restart(struct zworld *base, struct zworld_peer *peer, const struct zcl_config *config,
		    const char **why)
{
	struct real_world *world = of(base);
	struct sockaddr_in at;

	if (!start_node(peer, config, why))
		return false;
	at = zreal_node_address(peer->life->node);
	for (guint i = 0; i < world->peers->len; i++) {
		struct zworld_peer *other = world->peers->pdata[i];
		struct sockaddr_in way;

		if (other == peer)
			continue;
		if (!zrelay_set_called(other->way[peer->index].relay, &at)) {
			*why = "somebody took the address of its relay";
			return false;
		}
		way = zrelay_address(peer->way[i].relay);
		show_way(peer, other, &way);
	}
	return true;
}

static void reset(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b, unsigned call)
{
	(void)base;
	zrelay_reset(a->way[b->index].relay, call);
	zrelay_reset(b->way[a->index].relay, call);
}

static void partition(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b, bool cut)
{
	(void)base;
	zrelay_set_cut(a->way[b->index].relay, cut);
	zrelay_set_cut(b->way[a->index].relay, cut);
}

static void lose(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		 unsigned number)
{
	(void)base;
	from->way[to->index].lose = number;
}

/* ---- time --------------------------------------------------------------------------- */

static int64_t now(const struct zworld *base)
{
	return zclock_now(&of(base)->clock);
}

static void keep_appointment(void *data)
{
	struct appointment *appointment = data;

	appointment->fn(appointment->data);
}

static void make_appointment(struct appointment *appointment)
{
	const int64_t due = zclock_real(&appointment->world->clock, appointment->when);

	if (due != INT64_MAX)
		zloop_timer_set(appointment->world->loop, &appointment->timer, due);
}

static void at(struct zworld *base, int64_t when, void (*fn)(void *data), void *data)
{
	struct appointment *appointment = g_new0(struct appointment, 1);

	appointment->world = of(base);
	appointment->timer = (struct zloop_timer){.fn = keep_appointment, .data = appointment};
	appointment->when = when;
	appointment->fn = fn;
	appointment->data = data;
	g_ptr_array_add(of(base)->appointments, appointment);
	make_appointment(appointment);
}

static void kick(struct zworld *base, struct zworld_peer *peer)
{
	(void)base;
	if (peer->life)
		zreal_node_kick(peer->life->node);
}

static void start_clock(struct real_world *world)
{
	world->clock.start = zloop_now();
	for (guint i = 0; i < world->appointments->len; i++)
		make_appointment(world->appointments->pdata[i]);
	for (guint i = 0; i < world->peers->len; i++)
		kick(&world->base, world->peers->pdata[i]);
}

static void time_is_up(void *data)
{
	struct real_world *world = data;

	zloop_stop(world->loop);
}

static bool run(struct zworld *base, int64_t until)
{
	struct real_world *world = of(base);
	struct zloop_timer end = {.fn = time_is_up, .data = world};

	if (world->clock.start == ZCLOCK_NOT_STARTED)
		start_clock(world);
	world->stopped = false;
	if (until != INT64_MAX)
		zloop_timer_set(world->loop, &end, zclock_real(&world->clock, until));
	zloop_run(world->loop);
	zloop_timer_cancel(world->loop, &end);
	return world->stopped;
}

static void stop(struct zworld *base)
{
	of(base)->stopped = true;
	zloop_stop(of(base)->loop);
}

/* ---- life --------------------------------------------------------------------------- */

static bool any_alive(const struct real_world *world)
{
	for (guint i = 0; i < world->lives->len; i++) {
		const struct life *life = world->lives->pdata[i];

		if (!life->over)
			return true;
	}
	return false;
}

static void free_life(void *data)
{
	struct life *life = data;

	zreal_node_free(life->node);
	g_free(life);
}

static void close_nodes(struct real_world *world)
{
	world->closing = true;
	if (world->closed == world->lives->len && !any_alive(world))
		return;
	for (guint i = 0; i < world->lives->len; i++) {
		struct life *life = world->lives->pdata[i];

		if (!life->over)
			zreal_node_shutdown(life->node, node_is_closed, world);
		life->over = true;
	}
	zloop_run(world->loop);
}

static void free_peer(struct zworld_peer *peer)
{
	for (guint i = 0; i < peer->world->peers->len; i++) {
		if (peer->way[i].relay)
			zrelay_free(peer->way[i].relay);
		g_queue_clear(&peer->way[i].called);
	}
	g_free(peer->name);
	g_free(peer);
}

static void world_free(struct zworld *base)
{
	struct real_world *world = of(base);

	for (guint i = 0; i < world->appointments->len; i++) {
		struct appointment *appointment = world->appointments->pdata[i];

		zloop_timer_cancel(world->loop, &appointment->timer);
		g_free(appointment);
	}
	close_nodes(world);
	g_ptr_array_unref(world->lives);
	for (guint i = 0; i < world->peers->len; i++)
		free_peer(world->peers->pdata[i]);
	zloop_work_cancel(world->loop, &world->tell);
	zloop_timer_cancel(world->loop, &world->rest_timer);
	g_queue_clear_full(&world->news, g_free);
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
	.now = now,
	.add_peer = add_peer,
	.node = node_of,
	.peer_name = peer_name,
	.set_link = set_link,
	.at = at,
	.hold = hold,
	.release = release,
	.pass = pass,
	.foreach_held = foreach_held,
	.rest = rest,
	.crash = crash,
	.restart = restart,
	.reset = reset,
	.partition = partition,
	.lose = lose,
	.kick = kick,
	.run = run,
	.stop = stop,
};

struct zworld *zreal_world_new(const struct zworld_options *options, const char **why)
{
	struct real_world *world;
	struct zloop *loop;

	loop = zloop_new();
	if (!loop) {
		*why = "the kernel gives no descriptors for a loop";
		return NULL;
	}
	world = g_new0(struct real_world, 1);
	world->base.ops = &ops;
	world->loop = loop;
	world->clock.start = ZCLOCK_NOT_STARTED;
	world->clock.scale = options->time_scale > 0 ? options->time_scale : 1.0;
	/* Addresses of this run; that two runs meet is unlikely, and their ports differ anyway. */
	world->plain = options->plain && options->pcap_dir == NULL;
	world->pcap_dir = g_strdup(options->pcap_dir);
	world->pcaps = g_ptr_array_new_with_free_func((GDestroyNotify)zpcap_free);
	world->net = 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
		     (uint32_t)g_random_int_range(0, 256) << 8;
	world->chance = g_rand_new_with_seed((guint32)options->seed);
	world->peers = g_ptr_array_new();
	world->lives = g_ptr_array_new_with_free_func(free_life);
	world->appointments = g_ptr_array_new();
	world->relay_users = g_ptr_array_new_with_free_func(g_free);
	world->links = g_ptr_array_new_with_free_func(g_free);
	world->tell = (struct zloop_work){.fn = tell, .data = world};
	world->rest_timer = (struct zloop_timer){.fn = look_for_rest, .data = world};
	g_queue_init(&world->news);
	return &world->base;
}
