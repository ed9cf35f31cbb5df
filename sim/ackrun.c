/* SPDX-License-Identifier: MIT */
#include "sim/ackrun.h"

#include <errno.h>

#include "sim/backend.h"
#include "sim/star.h"

#define SECOND INT64_C(1000000000)
/* Simulated time in which the nodes must connect, and all messages must have ended. */
#define CONNECT_WITHIN (10 * SECOND)
#define END_WITHIN     (3600 * SECOND)
/* What TCP still has to say when all messages have ended: delayed ACKs. */
#define TAIL   (SECOND / 4)
#define PORTAL 9u

enum side { A, B };

struct ackrun;

struct endpoint {
	struct ackrun *run;
	zsim_host *host;
	struct zsimnode *node;
	size_t got; /* PUTs that arrived here */
	struct zcl_stats stats0;
	struct zsim_counters counters0;
};

struct ackrun {
	const struct zackrun_case *c;
	zsim *sim;
	struct endpoint end[2];
	uint8_t *payload;
	int64_t *times; /* of reverse PUTs, sorted */
	size_t sent;	/* bulk PUTs submitted */
	size_t ended;	/* and ended */
	size_t reversed, reverse_ended;
	int64_t started, last_bulk, ended_at;
	bool running;
	const char *why; /* NULL: all is well */
};

static zcl_nid nid_of(enum side side)
{
	return zcl_nid_tcp(0x0a000001u + (uint32_t)side, 0);
}

static void give_up(struct ackrun *run, const char *why)
{
	if (run->why == NULL)
		run->why = why;
	zsim_stop(run->sim);
}

/* ---- messages -------------------------------------------------------------------------- */

static bool put(struct ackrun *run, enum side from, size_t size)
{
	const struct iovec iov = {run->payload, size};
	const struct zcl_put request = {
		.target = nid_of(from == A ? B : A), .portal = PORTAL, .iov = &iov, .niov = 1};
	struct zsimnode *node = run->end[from].node;

	if (zcl_lnet_put(zsimnode_core(node), &request, zsimnode_now(node)) == ZCL_OK)
		return true;
	give_up(run, from == A ? "a bulk PUT was not taken"
			       : "reverse PUTs pile up: fewer of them, or more bandwidth");
	return false;
}

static void fill_window(struct ackrun *run)
{
	const struct zackrun_case *c = run->c;

	while (run->sent < c->bulk_messages && run->sent - run->ended < c->window) {
		run->sent++;
		if (!put(run, A, c->bulk_size))
			return;
	}
}

static void on_reverse(void *arg)
{
	struct ackrun *run = arg;

	run->reversed++;
	if (run->reversed < run->c->reverse_messages)
		zsim_at(run->sim, run->started + run->times[run->reversed], on_reverse, run);
	if (put(run, B, run->c->reverse_size))
		zsimnode_kick(run->end[B].node);
}

static bool all_ended(const struct ackrun *run)
{
	const struct zackrun_case *c = run->c;

	return run->ended == c->bulk_messages && run->end[B].got == c->bulk_messages &&
	       run->reverse_ended == c->reverse_messages && run->end[A].got == c->reverse_messages;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct endpoint *end = user;
	struct ackrun *run = end->run;

	if (event->status != ZCL_OK) {
		give_up(run, zcl_strerror(event->status));
		return;
	}
	if (event->kind == ZCL_LNET_EV_PUT) {
		end->got++;
		if (end == &run->end[B])
			run->last_bulk = zsim_now(run->sim);
	} else if (event->kind == ZCL_LNET_EV_SEND && event->final) {
		if (end == &run->end[A])
			run->ended++;
		else
			run->reverse_ended++;
	}
}

static void on_settled(void *user)
{
	const struct endpoint *end = user;
	struct ackrun *run = end->run;

	if (!run->running || run->why != NULL)
		return;
	if (end == &run->end[A])
		fill_window(run);
	if (!all_ended(run))
		return;
	run->running = false;
	run->ended_at = zsim_now(run->sim);
	zsim_stop(run->sim);
}

/* ---- setting up ------------------------------------------------------------------------ */

static bool add_node(struct ackrun *run, enum side side, const struct zstar_end *star)
{
	const struct zackrun_case *c = run->c;
	struct endpoint *end = &run->end[side];
	const struct zcl_attach sink = {.portal = PORTAL,
					.ignore_bits = UINT64_MAX,
					.peer = ZCL_NID_ANY,
					.options = ZCL_MD_PUT | ZCL_MD_TRUNCATE};
	struct zsimnode_options options = {
		.tx_delay = c->tx_delay, .deliver = on_deliver, .settled = on_settled, .user = end};
	uint64_t id;

	end->run = run;
	end->host = zsim_host_add(run->sim, zcl_nid_addr(nid_of(side)), &star->link);
	if (end->host == NULL) {
		run->why = "the simulation refuses the link: latency or bandwidth out of range";
		return false;
	}
	zcl_config_init(&options.core);
	options.core.nid = nid_of(side);
	options.core.incarnation = 1 + (uint64_t)side;
	options.core.max_version = c->version;
	options.core.typed = c->typed;
	options.core.max_queued = SIZE_MAX;
	end->node = zsimnode_new(run->sim, end->host, &options, &run->why);
	return end->node != NULL &&
	       zcl_lnet_attach(zsimnode_core(end->node), &sink, &id, 0) == ZCL_OK;
}

static bool add_nodes(struct ackrun *run)
{
	const struct zworld_link path = {.latency = run->c->latency,
					 .bandwidth = run->c->bandwidth_bps};
	struct zstar_end star[2];

	zstar_init(&star[A]);
	zstar_init(&star[B]);
	return zstar_link(&star[A], &star[B], &path, &run->why) && add_node(run, A, &star[A]) &&
	       add_node(run, B, &star[B]);
}

static gint compare_times(gconstpointer a, gconstpointer b, gpointer user)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	(void)user;
	return x < y ? -1 : x > y;
}

/* Uniform times, sorted: what a Poisson process leaves when its count is given. */
static void draw_times(struct ackrun *run)
{
	const struct zackrun_case *c = run->c;

	run->times = g_new(int64_t, c->reverse_messages + 1);
	for (size_t i = 0; i < c->reverse_messages; i++)
		run->times[i] = (int64_t)(g_rand_double(c->random) * (double)c->reverse_span);
	g_qsort_with_data(run->times, (gint)c->reverse_messages, sizeof(int64_t), compare_times,
			  NULL);
}

/* ---- running --------------------------------------------------------------------------- */

static bool open_connections(struct ackrun *run)
{
	struct zsimnode *a = run->end[A].node;
	struct zcl_peer_info info;
	const size_t wanted = run->c->typed ? 3 : 1;

	zcl_node_connect(zsimnode_core(a), nid_of(B), zsimnode_now(a));
	zsimnode_kick(a);
	zsim_run_until(run->sim, CONNECT_WITHIN);
	if (zcl_node_peer_info(zsimnode_core(run->end[B].node), nid_of(A), &info) == ZCL_OK &&
	    info.conns_up == wanted)
		return true;
	run->why = "the nodes do not connect: latency too long?";
	return false;
}

static void start(struct ackrun *run)
{
	run->started = zsim_now(run->sim);
	run->running = true;
	for (int i = A; i <= B; i++) {
		run->end[i].stats0 = *zcl_node_stats(zsimnode_core(run->end[i].node));
		zsim_host_counters(run->end[i].host, &run->end[i].counters0);
	}
	if (run->c->reverse_messages > 0)
		zsim_at(run->sim, run->started + run->times[0], on_reverse, run);
	zsimnode_kick(run->end[A].node);
}

static struct zcl_stats difference(const struct zcl_stats *from, const struct zcl_stats *to)
{
	struct zcl_stats diff;
	const uint64_t *x = (const uint64_t *)from, *y = (const uint64_t *)to;
	uint64_t *z = (uint64_t *)&diff;

	G_STATIC_ASSERT(sizeof(diff) % sizeof(uint64_t) == 0);
	for (size_t i = 0; i < sizeof(diff) / sizeof(uint64_t); i++)
		z[i] = y[i] - x[i];
	return diff;
}

static void finish(struct ackrun *run, struct zackrun_result *result)
{
	struct zcl_stats *stats[] = {&result->a, &result->b};
	struct zsim_counters counters;

	for (int i = A; i <= B; i++)
		*stats[i] = difference(&run->end[i].stats0,
				       zcl_node_stats(zsimnode_core(run->end[i].node)));
	zsim_host_counters(run->end[B].host, &counters);
	result->b_wire = counters.sent_bytes - run->end[B].counters0.sent_bytes;
	result->bulk_span = run->last_bulk - run->started;
	result->span = run->ended_at - run->started;
}

static bool measure(struct ackrun *run, struct zackrun_result *result)
{
	if (!add_nodes(run) || !open_connections(run))
		return false;
	start(run);
	if (run->why == NULL)
		zsim_run_until(run->sim, run->started + END_WITHIN);
	if (run->why == NULL && run->running)
		run->why = "messages do not end";
	if (run->why != NULL)
		return false;
	zsim_run_until(run->sim, run->ended_at + TAIL);
	if (run->why == NULL)
		finish(run, result);
	return run->why == NULL;
}

bool zackrun(const struct zackrun_case *c, struct zackrun_result *result, const char **why)
{
	const struct zsim_config config = {.seed = c->seed, .mtu = c->mtu};
	struct ackrun run = {.c = c, .sim = zsim_new(&config)};
	bool good;

	if (run.sim == NULL) {
		*why = errno == EBUSY ? "another simulation lives in this process"
				      : "the simulation refuses its configuration";
		return false;
	}
	run.payload = g_malloc0(ZCL_LNET_MTU);
	draw_times(&run);
	good = measure(&run, result);
	run.running = false;
	if (!good)
		*why = run.why ? run.why : "a node refuses its sink";
	for (int i = A; i <= B; i++)
		if (run.end[i].node != NULL)
			zsimnode_free(run.end[i].node);
	zsim_free(run.sim);
	g_free(run.times);
	g_free(run.payload);
	return good;
}
