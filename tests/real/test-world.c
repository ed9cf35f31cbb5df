/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <glib.h>
#include <string.h>

#include "core/lnet.h"
#include "real/sink.h"
#include "real/world.h"

/* The world of race scripts on real sockets: relays that hold, delay, and pass on what ends. */

#define PORTAL 50
#define MS     INT64_C(1000000)
#define LONG   (60000 * MS)
#define BULKS  12

enum { ONE, TWO };

/* What the world told, and what the test now waits for. */
struct watch {
	struct zworld *world;
	struct zworld_peer *peer[2];
	struct zsink sink[2];
	unsigned counts[2][ZCL_EV_LAST];
	int64_t first[2][ZCL_EV_LAST]; /* time of the first */
	enum zcl_err down[2];
	unsigned held[2]; /* units caught on the way from that peer */
	unsigned final, failed;
	bool (*done)(const struct watch *watch);
};

static int index_of(const struct watch *watch, const struct zworld_peer *peer)
{
	return peer == watch->peer[TWO];
}

static void look(struct watch *watch)
{
	if (watch->done && watch->done(watch))
		watch->world->ops->stop(watch->world);
}

static void on_event(void *user, struct zworld_peer *peer, const struct zcl_event *event)
{
	struct watch *watch = user;
	const int i = index_of(watch, peer);

	if (watch->counts[i][event->kind]++ == 0)
		watch->first[i][event->kind] = event->time;
	if (event->kind == ZCL_EV_CONN_DOWN)
		watch->down[i] = event->error;
	look(watch);
}

static void on_lnet(void *user, struct zworld_peer *peer, const struct zcl_lnet_event *event)
{
	struct watch *watch = user;

	if (event->user == &watch->sink[index_of(watch, peer)])
		zsink_event(event->user, event);
	watch->final += event->final;
	watch->failed += event->final && event->status != ZCL_OK;
	look(watch);
}

static void on_held(void *user, struct zworld_peer *from, struct zworld_peer *to,
		    enum zworld_unit unit)
{
	struct watch *watch = user;

	g_assert_true(from != to);
	watch->held[index_of(watch, from)] |= unit;
	look(watch);
}

static const struct zworld_listener listener = {
	.event = on_event,
	.lnet_event = on_lnet,
	.held = on_held,
};

static void start(struct watch *watch, bool typed)
{
	static const char *const names[] = {"one", "two"};
	const struct zworld_options options = {.time_scale = 1.0};
	const char *why = NULL;

	memset(watch, 0, sizeof(*watch));
	watch->world = zreal_world_new(&options, &why);
	g_assert_cmpstr(why, ==, NULL);
	watch->world->listener = &listener;
	watch->world->listener_user = watch;
	for (int i = 0; i < 2; i++) {
		struct zcl_config config;

		zcl_config_init(&config);
		config.nid = zcl_nid_tcp(0x0a000001u + (uint32_t)i, 0);
		config.incarnation = 7u + (uint64_t)i;
		config.typed = typed;
		watch->peer[i] = watch->world->ops->add_peer(watch->world, names[i], &config, &why);
		g_assert_cmpstr(why, ==, NULL);
		g_assert_cmpstr(watch->world->ops->peer_name(watch->peer[i]), ==, names[i]);
		g_assert_cmpint(zsink_open(&watch->sink[i], watch->world->ops->node(watch->peer[i]),
					   PORTAL, BULKS * ZCL_LNET_MTU, true, 0),
				==, ZCL_OK);
	}
}

static void finish(struct watch *watch)
{
	watch->world->ops->free(watch->world);
	zsink_close(&watch->sink[ONE]);
	zsink_close(&watch->sink[TWO]);
}

static void await(struct watch *watch, bool (*done)(const struct watch *watch))
{
	watch->done = done;
	while (!done(watch))
		g_assert_true(watch->world->ops->run(watch->world, LONG));
	watch->done = NULL;
}

static void call(void *data)
{
	struct watch *watch = data;
	struct zworld *world = watch->world;

	g_assert_cmpint(zcl_node_connect(world->ops->node(watch->peer[ONE]),
					 zcl_node_config(world->ops->node(watch->peer[TWO]))->nid,
					 world->ops->now(world)),
			==, ZCL_OK);
	world->ops->kick(world, watch->peer[ONE]);
}

static bool both_up(const struct watch *watch)
{
	return watch->counts[ONE][ZCL_EV_CONN_UP] == 1 && watch->counts[TWO][ZCL_EV_CONN_UP] == 1;
}

static bool both_down(const struct watch *watch)
{
	return watch->counts[ONE][ZCL_EV_CONN_DOWN] == 1 &&
	       watch->counts[TWO][ZCL_EV_CONN_DOWN] == 1;
}

static bool one_holds_something(const struct watch *watch)
{
	return watch->held[ONE] != 0;
}

static bool two_holds_something(const struct watch *watch)
{
	return watch->held[TWO] != 0;
}

/* What is held does not arrive; what is released does, and nothing is lost meanwhile. */
static void test_hold(void)
{
	struct watch watch;

	start(&watch, false);
	watch.world->ops->hold(watch.world, watch.peer[ONE], watch.peer[TWO], ZWORLD_HELLO);
	watch.world->ops->at(watch.world, 0, call, &watch);
	await(&watch, one_holds_something);
	g_assert_cmpuint(watch.held[ONE], ==, ZWORLD_HELLO);
	g_assert_cmpuint(watch.counts[TWO][ZCL_EV_HELLO_RECEIVED], ==, 0);
	watch.world->ops->hold(watch.world, watch.peer[TWO], watch.peer[ONE], ZWORLD_HELLO);
	watch.world->ops->release(watch.world, watch.peer[ONE], watch.peer[TWO], ZWORLD_HELLO);
	await(&watch, two_holds_something);
	g_assert_cmpuint(watch.counts[TWO][ZCL_EV_CONN_UP], ==, 1);
	g_assert_cmpuint(watch.counts[ONE][ZCL_EV_CONN_UP], ==, 0);
	watch.world->ops->release(watch.world, watch.peer[TWO], watch.peer[ONE], ~0u);
	await(&watch, both_up);
	finish(&watch);
}

/* A link's latency is a lower bound for every message: TCP's handshake takes 2, each HELLO 1. */
static void test_latency(void)
{
	const struct zworld_link link = {.latency = 4 * MS};
	const char *why = NULL;
	struct watch watch;

	start(&watch, false);
	g_assert_true(watch.world->ops->set_link(watch.world, watch.peer[ONE], watch.peer[TWO],
						 &link, &why));
	watch.world->ops->at(watch.world, 10 * MS, call, &watch);
	await(&watch, both_up);
	g_assert_cmpint(watch.first[ONE][ZCL_EV_CONNECT], >=, 10 * MS);
	g_assert_cmpint(watch.first[TWO][ZCL_EV_HELLO_RECEIVED], >=, 22 * MS);
	g_assert_cmpint(watch.first[ONE][ZCL_EV_CONN_UP], >=, 26 * MS);
	finish(&watch);
}

/* What is lost comes as late as TCP would repeat it: the call, a HELLO one way, the answer back. */
static void test_lose(void)
{
	static const struct {
		int from;
		unsigned number;
		enum zcl_event_kind of_two, of_one; /* the first events that are late */
		int64_t by;
	} losses[] = {
		{ONE, 1, ZCL_EV_ACCEPT, ZCL_EV_CONN_UP, ZWORLD_CALL_AGAIN},
		{ONE, 2, ZCL_EV_HELLO_RECEIVED, ZCL_EV_CONN_UP, ZWORLD_SEND_AGAIN},
		{TWO, 2, ZCL_EV_ACCEPT, ZCL_EV_CONN_UP, ZWORLD_SEND_AGAIN},
		{ONE, 90, ZCL_EV_ACCEPT, ZCL_EV_ACCEPT, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(losses); i++) {
		const int from = losses[i].from;
		struct watch watch;

		start(&watch, false);
		watch.world->ops->lose(watch.world, watch.peer[from], watch.peer[!from],
				       losses[i].number);
		watch.world->ops->at(watch.world, 0, call, &watch);
		await(&watch, both_up);
		if (from == ONE)
			g_assert_cmpint(watch.first[TWO][losses[i].of_two], >=, losses[i].by);
		g_assert_cmpint(watch.first[ONE][losses[i].of_one], >=, losses[i].by);
		finish(&watch);
	}
}

static bool all_final(const struct watch *watch)
{
	return watch->final == BULKS;
}

static bool all_up(const struct watch *watch)
{
	return watch->counts[ONE][ZCL_EV_CONN_UP] == 3 && watch->counts[TWO][ZCL_EV_CONN_UP] == 3;
}

/* More than the relay may hold, while it holds the first message; then all of it arrives. */
static void test_bulk(void)
{
	uint8_t *buffer = g_malloc(BULKS * ZCL_LNET_MTU);
	struct watch watch;

	start(&watch, true);
	watch.world->ops->at(watch.world, 0, call, &watch);
	await(&watch, all_up);
	watch.world->ops->hold(watch.world, watch.peer[ONE], watch.peer[TWO], ZWORLD_LNET);
	for (size_t i = 0; i < BULKS; i++) {
		const struct iovec iov = {buffer + i * ZCL_LNET_MTU, ZCL_LNET_MTU};
		const struct zcl_put put = {
			.target = zcl_nid_tcp(0x0a000002u, 0),
			.portal = PORTAL,
			.hdr_data = i,
			.offset = (uint32_t)(i * ZCL_LNET_MTU),
			.iov = &iov,
			.niov = 1,
			.want_ack = true,
		};

		zpattern_fill(iov.iov_base, iov.iov_len, i);
		g_assert_cmpint(zcl_lnet_put(watch.world->ops->node(watch.peer[ONE]), &put,
					     watch.world->ops->now(watch.world)),
				==, ZCL_OK);
	}
	watch.world->ops->kick(watch.world, watch.peer[ONE]);
	await(&watch, one_holds_something);
	g_assert_cmpuint(watch.sink[TWO].puts, ==, 0);
	watch.world->ops->release(watch.world, watch.peer[ONE], watch.peer[TWO], ZWORLD_LNET);
	await(&watch, all_final);
	g_assert_cmpuint(watch.failed, ==, 0);
	g_assert_cmpuint(watch.sink[TWO].puts, ==, BULKS);
	g_assert_cmpuint(watch.sink[TWO].corrupt, ==, 0);
	finish(&watch);
	g_free(buffer);
}

/* The end of a connection can be held too, and comes out as what it was. */
static void test_end(void)
{
	struct watch watch;

	start(&watch, false);
	watch.world->ops->at(watch.world, 0, call, &watch);
	await(&watch, both_up);
	watch.world->ops->hold(watch.world, watch.peer[ONE], watch.peer[TWO], ZWORLD_END);
	g_assert_cmpint(zcl_node_disconnect(watch.world->ops->node(watch.peer[ONE]),
					    zcl_nid_tcp(0x0a000002u, 0),
					    watch.world->ops->now(watch.world)),
			==, ZCL_OK);
	watch.world->ops->kick(watch.world, watch.peer[ONE]);
	await(&watch, one_holds_something);
	g_assert_cmpuint(watch.held[ONE], ==, ZWORLD_END);
	g_assert_cmpuint(watch.counts[TWO][ZCL_EV_CONN_DOWN], ==, 0);
	watch.world->ops->release(watch.world, watch.peer[ONE], watch.peer[TWO], ZWORLD_END);
	await(&watch, both_down);
	g_assert_true(watch.down[TWO] == ZCL_E_RESET || watch.down[TWO] == ZCL_E_EOF);
	finish(&watch);
}

static bool two_down(const struct watch *watch)
{
	return watch->counts[TWO][ZCL_EV_CONN_DOWN] == 1;
}

static void send_from_two(struct watch *watch)
{
	static uint8_t bytes[64];
	const struct iovec iov = {bytes, sizeof(bytes)};
	const struct zcl_put put = {
		.target = zcl_nid_tcp(0x0a000001u, 0),
		.portal = PORTAL,
		.iov = &iov,
		.niov = 1,
		.want_ack = true,
	};

	g_assert_cmpint(zcl_lnet_put(watch->world->ops->node(watch->peer[TWO]), &put,
				     watch->world->ops->now(watch->world)),
			==, ZCL_OK);
	watch->world->ops->kick(watch->world, watch->peer[TWO]);
}

static bool failed_once(const struct watch *watch)
{
	return watch->counts[ONE][ZCL_EV_ATTEMPT_FAILED] +
	       watch->counts[TWO][ZCL_EV_ATTEMPT_FAILED];
}

static bool up_twice(const struct watch *watch)
{
	return watch->counts[ONE][ZCL_EV_CONN_UP] == 2 && watch->counts[TWO][ZCL_EV_CONN_UP] == 2;
}

/* A crash is not noticed until something is sent; who calls then is refused, until the restart. */
static void test_crash(void)
{
	struct zcl_config config;
	const char *why = NULL;
	struct watch watch;

	start(&watch, false);
	config = *zcl_node_config(watch.world->ops->node(watch.peer[ONE]));
	watch.world->ops->at(watch.world, 0, call, &watch);
	await(&watch, both_up);
	watch.world->ops->crash(watch.world, watch.peer[ONE]);
	g_assert_null(watch.world->ops->node(watch.peer[ONE]));
	g_assert_false(
		watch.world->ops->run(watch.world, watch.world->ops->now(watch.world) + 20 * MS));
	g_assert_false(two_down(&watch));
	send_from_two(&watch);
	await(&watch, two_down);
	g_assert_cmpint(watch.down[TWO], ==, ZCL_E_RESET);
	g_assert_cmpuint(watch.counts[ONE][ZCL_EV_CONN_DOWN], ==, 0);
	send_from_two(&watch);
	await(&watch, failed_once);
	config.incarnation++;
	g_assert_true(watch.world->ops->restart(watch.world, watch.peer[ONE], &config, &why));
	call(&watch);
	await(&watch, up_twice);
	finish(&watch);
}

static void test_reset(void)
{
	struct watch watch;

	start(&watch, false);
	watch.world->ops->at(watch.world, 0, call, &watch);
	await(&watch, both_up);
	watch.world->ops->reset(watch.world, watch.peer[TWO], watch.peer[ONE], 0);
	await(&watch, both_down);
	g_assert_cmpint(watch.down[ONE], ==, ZCL_E_RESET);
	g_assert_cmpint(watch.down[TWO], ==, ZCL_E_RESET);
	finish(&watch);
}

/* Nothing passes, then all of it; a reset that is sent meanwhile is lost. */
static void test_partition(void)
{
	struct watch watch;

	start(&watch, false);
	watch.world->ops->partition(watch.world, watch.peer[ONE], watch.peer[TWO], true);
	watch.world->ops->at(watch.world, 0, call, &watch);
	g_assert_false(watch.world->ops->run(watch.world, 20 * MS));
	g_assert_cmpuint(watch.counts[TWO][ZCL_EV_ACCEPT], ==, 0);
	watch.world->ops->partition(watch.world, watch.peer[ONE], watch.peer[TWO], false);
	await(&watch, both_up);
	watch.world->ops->partition(watch.world, watch.peer[ONE], watch.peer[TWO], true);
	g_assert_cmpint(zcl_node_disconnect(watch.world->ops->node(watch.peer[ONE]),
					    zcl_nid_tcp(0x0a000002u, 0),
					    watch.world->ops->now(watch.world)),
			==, ZCL_OK);
	watch.world->ops->kick(watch.world, watch.peer[ONE]);
	g_assert_false(
		watch.world->ops->run(watch.world, watch.world->ops->now(watch.world) + 20 * MS));
	watch.world->ops->partition(watch.world, watch.peer[ONE], watch.peer[TWO], false);
	g_assert_false(
		watch.world->ops->run(watch.world, watch.world->ops->now(watch.world) + 20 * MS));
	g_assert_false(two_down(&watch));
	send_from_two(&watch);
	await(&watch, two_down);
	finish(&watch);
}

/* What this world cannot do is said, not ignored. */
static void test_limits(void)
{
	const struct zworld_options captures = {.pcap_dir = "/no/such/folder"};
	const struct zworld_link lossy = {.loss = 0.1};
	struct zcl_config config;
	struct watch watch;
	const char *why = NULL;

	watch.world = zreal_world_new(&captures, &why);
	zcl_config_init(&config);
	config.nid = zcl_nid_tcp(0x0a000001u, 0);
	config.incarnation = 7;
	g_assert_null(watch.world->ops->add_peer(watch.world, "one", &config, &why));
	g_assert_nonnull(strstr(why, "/no/such/folder/one.pcap"));
	watch.world->ops->free(watch.world);
	start(&watch, true);
	why = NULL;
	g_assert_false(watch.world->ops->set_link(watch.world, watch.peer[ONE], watch.peer[TWO],
						  &lossy, &why));
	g_assert_nonnull(why);
	why = NULL;
	g_assert_false(watch.world->ops->make_room(watch.world, SIZE_MAX / 8, &why));
	g_assert_nonnull(strstr(why, "descriptors"));
	g_assert_true(watch.world->ops->make_room(watch.world, 100, &why));
	/* A second node with a NID is fine; who calls that reaches the first. */
	config = *zcl_node_config(watch.world->ops->node(watch.peer[ONE]));
	g_assert_nonnull(watch.world->ops->add_peer(watch.world, "twin", &config, &why));
	/* Nothing happens until then: the time is reached. */
	g_assert_false(watch.world->ops->run(watch.world, 5 * MS));
	g_assert_cmpint(watch.world->ops->now(watch.world), >=, 5 * MS);
	finish(&watch);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/world/hold", test_hold);
	g_test_add_func("/world/latency", test_latency);
	g_test_add_func("/world/bulk", test_bulk);
	g_test_add_func("/world/end", test_end);
	g_test_add_func("/world/crash", test_crash);
	g_test_add_func("/world/reset", test_reset);
	g_test_add_func("/world/partition", test_partition);
	g_test_add_func("/world/lose", test_lose);
	g_test_add_func("/world/limits", test_limits);
	return g_test_run();
}
