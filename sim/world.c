/* SPDX-License-Identifier: MIT */
#include "sim/world.h"

#include <errno.h>
#include <glib.h>

#include "sim/backend.h"
#include "sim/star.h"

#define NPORTS	   1024 /* calls leave from reserved ports */
#define MTU_BITS   (1500 * 8)
#define CALM_SLACK INT64_C(1000000) /* ns */

/* 198.18.0.0, of the block that RFC 2544 sets aside for tests. */
#define SECOND_HOSTS UINT32_C(0xc6120000)

struct zworld_peer {
	struct sim_world *world;
	char *name;
	guint index;
	zcl_nid nid;
	zsim_host *host;
	struct zsimnode *node;	/* NULL: crashed */
	bool muted;		/* it is crashing: what its core says is not heard */
	uint16_t next_port;	/* of the next node on this host */
	GArray *held;		/* of unsigned: units held of what comes from each peer */
	GArray *calls;		/* of unsigned: between it and each peer that was added before */
	unsigned ports[NPORTS]; /* the call that left from it last */
	struct zstar_end end;
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
	void (*fn)(void *data);
	void *data;
};

struct sim_world {
	struct zworld base;
	zsim *sim;
	char *pcap_dir;		 /* NULL: none */
	GPtrArray *peers;	 /* of struct zworld_peer */
	GPtrArray *appointments; /* all that were ever made */
	GQueue news;
	bool telling;
	uint64_t stirred; /* how often a node had something to do */
	int64_t calm;	  /* ns without that, after which all is at rest */
	uint64_t seen;	  /* stirred at the last look */
	void (*rest)(void *data);
	void *rest_data;
	char why[256];
};

static struct sim_world *of(const struct zworld *world)
{
	return (struct sim_world *)world;
}

/* ---- telling the runner ---------------------------------------------------------------- */

static void tell_one(const struct sim_world *world, const struct news *news)
{
	const struct zworld_listener *listener = world->base.listener;
	void *user = world->base.listener_user;

	switch (news->kind) {
	case NEWS_EVENT:
		listener->event(user, news->peer, &news->event);
		break;
	case NEWS_LNET:
		listener->lnet_event(user, news->peer, &news->lnet);
		break;
	case NEWS_HELD:
		listener->held(user, news->peer, news->to, news->unit);
		break;
	}
}

static void on_settled(void *user)
{
	struct sim_world *world = ((struct zworld_peer *)user)->world;
	struct news *news;

	world->stirred++;
	if (world->telling)
		return; /* what the runner does now brings more: told below, in order */
	world->telling = true;
	while ((news = g_queue_pop_head(&world->news)) != NULL) {
		if (world->base.listener != NULL)
			tell_one(world, news);
		g_free(news);
	}
	world->telling = false;
}

static struct news *add_news(struct zworld_peer *peer, int kind)
{
	struct news *news = g_new0(struct news, 1);

	news->kind = kind;
	news->peer = peer;
	g_queue_push_tail(&peer->world->news, news);
	return news;
}

static void on_trace(void *user, const struct zcl_event *event)
{
	const struct zworld_peer *peer = user;

	if (!peer->muted)
		add_news(user, NEWS_EVENT)->event = *event;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	const struct zworld_peer *peer = user;
	struct news *news;

	if (peer->muted)
		return;
	news = add_news(user, NEWS_LNET);
	news->lnet = *event;
	if (event->ping == NULL)
		return;
	news->ping = *event->ping;
	news->lnet.ping = &news->ping;
}

static struct zworld_peer *peer_at(const struct sim_world *world, uint32_t ipv4)
{
	for (guint i = 0; i < world->peers->len; i++) {
		struct zworld_peer *peer = g_ptr_array_index(world->peers, i);

		if (zsim_host_ipv4(peer->host) == ipv4)
			return peer;
	}
	return NULL;
}

static void on_held(void *user, uint32_t from, enum zworld_unit unit)
{
	struct zworld_peer *to = user;
	struct zworld_peer *peer = peer_at(to->world, from);
	struct news *news;

	g_assert(peer != NULL);
	news = add_news(peer, NEWS_HELD);
	news->to = to;
	news->unit = unit;
}

/* Beside each of the two, that was added first. */
static unsigned *calls_between(struct zworld_peer *a, struct zworld_peer *b)
{
	struct zworld_peer *late = a->index > b->index ? a : b;
	const guint early = MIN(a->index, b->index);

	if (late->calls->len <= early)
		g_array_set_size(late->calls, early + 1);
	return &g_array_index(late->calls, unsigned, early);
}

static unsigned on_number(void *user, bool active, uint32_t address, uint16_t port)
{
	struct zworld_peer *peer = user;
	struct zworld_peer *other = peer_at(peer->world, address);

	g_assert(port < NPORTS);
	if (other == NULL)
		return 0;
	if (active)
		peer->ports[port] = ++*calls_between(peer, other);
	return active ? peer->ports[port] : other->ports[port];
}

/* ---- peers ------------------------------------------------------------------------------- */

static bool fail(struct sim_world *world, const char **why, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool fail(struct sim_world *world, const char **why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_vsnprintf(world->why, sizeof(world->why), format, args);
	va_end(args);
	*why = world->why;
	return false;
}

static bool nid_is_taken(const struct sim_world *world, zcl_nid nid)
{
	for (guint i = 0; i < world->peers->len; i++) {
		const struct zworld_peer *peer = g_ptr_array_index(world->peers, i);

		if (peer->nid == nid)
			return true;
	}
	return false;
}

static bool add_host(struct zworld_peer *peer, zcl_nid nid, const char **why)
{
	struct sim_world *world = peer->world;
	char text[ZCL_NID_STRLEN];
	uint32_t ipv4 = zcl_nid_addr(nid);

	zcl_nid_format(nid, text, sizeof(text));
	/* A second host with a NID has an address that nobody calls. */
	if (nid_is_taken(world, nid))
		ipv4 = SECOND_HOSTS + peer->index;
	peer->nid = nid;
	peer->host = zsim_host_add(world->sim, ipv4, &peer->end.link);
	if (peer->host != NULL)
		return true;
	if (errno == EEXIST)
		return fail(world, why,
			    "another peer has the address of %s: each simulated host has its own",
			    text);
	return fail(world, why,
		    "%s cannot be a simulated host: 0.x, 127.x and addresses from 224 up are "
		    "special, use one like 10.0.0.1@tcp",
		    text);
}

static bool add_capture(struct zworld_peer *peer, const char **why)
{
	struct sim_world *world = peer->world;
	char *path;
	int err = 0;

	if (world->pcap_dir == NULL)
		return true;
	path = g_strdup_printf("%s/%s.pcap", world->pcap_dir, peer->name);
	if (zsim_pcap(world->sim, peer->host, path) != 0) {
		err = errno;
		fail(world, why, "%s: %s", path, g_strerror(err));
	}
	g_free(path);
	return err == 0;
}

static bool add_node(struct zworld_peer *peer, const struct zcl_config *config, const char **why)
{
	const struct zsimnode_options options = {
		.core = *config,
		.gated = true,
		.deliver = on_deliver,
		.trace = on_trace,
		.held = on_held,
		.number = on_number,
		.settled = on_settled,
		.user = peer,
		.first_port = peer->next_port,
	};

	peer->node = zsimnode_new(peer->world->sim, peer->host, &options, why);
	return peer->node != NULL;
}

static void peer_free(struct zworld_peer *peer)
{
	if (peer->node != NULL)
		zsimnode_free(peer->node);
	g_array_unref(peer->held);
	g_array_unref(peer->calls);
	g_free(peer->name);
	g_free(peer);
}

static struct zworld_peer *add_peer(struct zworld *base, const char *name,
				    const struct zcl_config *config, const char **why)
{
	struct sim_world *world = of(base);
	struct zworld_peer *peer = g_new0(struct zworld_peer, 1);

	peer->world = world;
	peer->name = g_strdup(name);
	peer->index = world->peers->len;
	peer->held = g_array_new(FALSE, TRUE, sizeof(unsigned));
	peer->calls = g_array_new(FALSE, TRUE, sizeof(unsigned));
	zstar_init(&peer->end);
	if (!add_host(peer, config->nid, why) || !add_capture(peer, why) ||
	    !add_node(peer, config, why)) {
		peer_free(peer);
		return NULL;
	}
	g_ptr_array_add(world->peers, peer);
	return peer;
}

static struct zcl_node *node_of(struct zworld_peer *peer)
{
	return peer->node != NULL ? zsimnode_core(peer->node) : NULL;
}

static const char *peer_name(const struct zworld_peer *peer)
{
	return peer->name;
}

/* Four ways over the slowest path: a handshake of TCP, and what follows it. */
static void see_link(struct sim_world *world, const struct zworld_link *link)
{
	const double bandwidth = (double)(link->bandwidth ? link->bandwidth : ZSTAR_BANDWIDTH);
	const int64_t packet = (int64_t)(MTU_BITS * 1e9 / bandwidth);

	world->calm =
		MAX(world->calm, 4 * (link->latency + link->jitter + 2 * packet) + CALM_SLACK);
}

static bool set_link(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b,
		     const struct zworld_link *link, const char **why)
{
	if (a == b) {
		*why = "a link joins two different peers";
		return false;
	}
	if (!zstar_link(&a->end, &b->end, link, why))
		return false;
	see_link(of(base), link);
	if (zsim_host_set_link(a->host, &a->end.link) == 0 &&
	    zsim_host_set_link(b->host, &b->end.link) == 0)
		return true;
	return fail(of(base), why, "the simulation refuses it: %s", g_strerror(errno));
}

/* ---- holds ------------------------------------------------------------------------------- */

/* Beside what the node knows, for the node that may follow it. */
static unsigned *held_from(struct zworld_peer *to, const struct zworld_peer *from)
{
	if (to->held->len <= from->index)
		g_array_set_size(to->held, from->index + 1);
	return &g_array_index(to->held, unsigned, from->index);
}

static void hold(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		 unsigned units)
{
	(void)base;
	*held_from(to, from) |= units;
	if (to->node != NULL)
		zsimnode_hold(to->node, zsim_host_ipv4(from->host), units);
}

static void release(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		    unsigned units)
{
	(void)base;
	*held_from(to, from) &= ~units;
	if (to->node != NULL)
		zsimnode_release(to->node, zsim_host_ipv4(from->host), units);
}

/* ---- one by one --------------------------------------------------------------------------- */

static bool pass(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		 enum zworld_unit unit, unsigned call)
{
	(void)base;
	return to->node != NULL && zsimnode_pass(to->node, zsim_host_ipv4(from->host), unit, call);
}

struct looking {
	void (*fn)(void *user, const struct zworld_held *held);
	void *user;
	struct zworld_peer *to;
};

static void found_held(void *user, uint32_t from, unsigned call, enum zworld_unit unit)
{
	const struct looking *looking = user;
	const struct zworld_held held = {.from = peer_at(looking->to->world, from),
					 .to = looking->to,
					 .call = call,
					 .unit = unit};

	looking->fn(looking->user, &held);
}

static void foreach_held(const struct zworld *base,
			 void (*fn)(void *user, const struct zworld_held *held), void *user)
{
	const struct sim_world *world = (const struct sim_world *)base;
	struct looking looking = {.fn = fn, .user = user};

	for (guint i = 0; i < world->peers->len; i++) {
		looking.to = g_ptr_array_index(world->peers, i);
		if (looking.to->node != NULL)
			zsimnode_foreach_held(looking.to->node, found_held, &looking);
	}
}

static void look_for_rest(void *data)
{
	struct sim_world *world = data;
	void (*fn)(void *data) = world->rest;

	if (world->seen != world->stirred) {
		world->seen = world->stirred;
		zsim_at(world->sim, zsim_now(world->sim) + world->calm, look_for_rest, world);
		return;
	}
	world->rest = NULL;
	fn(world->rest_data);
}

/* What is under way inside of TCP cannot be asked for: it is when no node had anything to do. */
static void rest(struct zworld *base, void (*fn)(void *data), void *data)
{
	struct sim_world *world = of(base);

	g_assert(world->rest == NULL);
	world->rest = fn;
	world->rest_data = data;
	world->seen = world->stirred;
	zsim_at(world->sim, zsim_now(world->sim) + world->calm, look_for_rest, world);
}

/* ---- crash, reset, partition --------------------------------------------------------------- */

static void crash(struct zworld *base, struct zworld_peer *peer)
{
	(void)base;
	peer->next_port = zsimnode_next_port(peer->node);
	peer->muted = true;
	zsimnode_crash(peer->node);
	peer->muted = false;
	peer->node = NULL;
}

static bool restart(struct zworld *base, struct zworld_peer *peer, const struct zcl_config *config,
		    const char **why)
{
	const struct sim_world *world = of(base);

	if (!add_node(peer, config, why))
		return false;
	for (guint i = 0; i < world->peers->len; i++) {
		const struct zworld_peer *from = g_ptr_array_index(world->peers, i);

		if (*held_from(peer, from) != 0)
			zsimnode_hold(peer->node, zsim_host_ipv4(from->host),
				      *held_from(peer, from));
	}
	return true;
}

static void reset(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b, unsigned call)
{
	(void)base;
	if (a->node != NULL)
		zsimnode_reset(a->node, zsim_host_ipv4(b->host), call);
	if (b->node != NULL)
		zsimnode_reset(b->node, zsim_host_ipv4(a->host), call);
}

static void partition(struct zworld *base, struct zworld_peer *a, struct zworld_peer *b, bool cut)
{
	(void)base;
	zsim_path_partition(a->host, b->host, cut);
}

static void lose(struct zworld *base, struct zworld_peer *from, struct zworld_peer *to,
		 unsigned number)
{
	(void)base;
	zsim_path_lose(from->host, to->host, number);
}

/* ---- time -------------------------------------------------------------------------------- */

static int64_t now(const struct zworld *base)
{
	return zsim_now(of(base)->sim);
}

static void keep_appointment(void *arg)
{
	struct appointment *appointment = arg;

	appointment->fn(appointment->data);
}

static void at(struct zworld *base, int64_t when, void (*fn)(void *data), void *data)
{
	struct appointment *appointment = g_new(struct appointment, 1);

	*appointment = (struct appointment){fn, data};
	g_ptr_array_add(of(base)->appointments, appointment);
	zsim_at(of(base)->sim, when, keep_appointment, appointment);
}

static void kick(struct zworld *base, struct zworld_peer *peer)
{
	(void)base;
	if (peer->node != NULL)
		zsimnode_kick(peer->node);
}

static void nothing(void *arg)
{
	(void)arg;
}

static bool run(struct zworld *base, int64_t until)
{
	struct sim_world *world = of(base);
	enum zsim_end end;

	/* For what scripts asked for before the start. */
	for (guint i = 0; i < world->peers->len; i++)
		kick(base, g_ptr_array_index(world->peers, i));
	/* Makes the time go there when nothing happens any more. */
	if (until != INT64_MAX && until > zsim_now(world->sim))
		zsim_at(world->sim, until, nothing, NULL);
	end = zsim_run_until(world->sim, until);
	return end == ZSIM_STOPPED;
}

static void stop(struct zworld *base)
{
	zsim_stop(of(base)->sim);
}

/* ---- life -------------------------------------------------------------------------------- */

static void world_free(struct zworld *base)
{
	struct sim_world *world = of(base);

	base->listener = NULL;
	for (guint i = 0; i < world->peers->len; i++)
		peer_free(g_ptr_array_index(world->peers, i));
	zsim_free(world->sim);
	g_queue_clear_full(&world->news, g_free);
	g_ptr_array_unref(world->peers);
	g_ptr_array_unref(world->appointments);
	g_free(world->pcap_dir);
	g_free(world);
}

static const struct zworld_ops ops = {
	.name = "simulation",
	.strict_time = true,
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

struct zworld *zsim_world_new(const struct zworld_options *options, const char **why)
{
	const struct zsim_config config = {.seed = options->seed};
	struct sim_world *world = g_new0(struct sim_world, 1);

	world->sim = zsim_new(&config);
	if (world->sim == NULL) {
		*why = errno == EBUSY ? "another simulation lives in this process"
				      : "the simulation refuses its configuration";
		g_free(world);
		return NULL;
	}
	world->base.ops = &ops;
	see_link(world, &(struct zworld_link){.latency = ZSTAR_LATENCY});
	world->pcap_dir = g_strdup(options->pcap_dir);
	world->peers = g_ptr_array_new();
	world->appointments = g_ptr_array_new_with_free_func(g_free);
	g_queue_init(&world->news);
	return &world->base;
}
