/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <string.h>

#include "tests/real/libni.h"
#include "tests/real/libpair.h"

/* What each operation ends in, and events by callbacks. */

static void test_put(gconstpointer data)
{
	static char from[70000], to[70000];
	struct libpair pair;
	struct zclnd_event event;
	uint64_t id;

	libpair_open(&pair, libpair_threads(data));
	memset(from, 'x', sizeof(from));
	memset(to, 0, sizeof(to));
	id = libpair_attach(&pair.side[LIBPAIR_RIGHT], ZCLND_MD_PUT, 0, to, sizeof(to));
	libpair_put(&pair, LIBPAIR_LEFT, from, sizeof(from), true);
	event = libpair_next(&pair.side[LIBPAIR_RIGHT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_PUT);
	g_assert_cmpint(event.status, ==, ZCLND_OK);
	g_assert_cmpuint(event.mlength, ==, sizeof(from));
	g_assert_cmpuint(event.hdr_data, ==, 77);
	g_assert_cmpuint(event.id, ==, id);
	g_assert_true(event.user == to && event.ni == pair.side[LIBPAIR_RIGHT].ni &&
		      !event.unlinked);
	g_assert_cmpint(memcmp(from, to, sizeof(to)), ==, 0);
	for (int kinds = 0; kinds != 3;) {
		event = libpair_next(&pair.side[LIBPAIR_LEFT]);
		g_assert_cmpint(event.status, ==, ZCLND_OK);
		g_assert_true(event.user == from);
		kinds |= event.kind == ZCLND_EV_SEND ? 1 : event.kind == ZCLND_EV_ACK ? 2 : 4;
		g_assert_cmpint(event.final, ==, kinds == 3);
	}
	libpair_close(&pair);
}

static void test_get(gconstpointer data)
{
	static char from[70000], to[70000];
	const struct iovec iov = {to, sizeof(to)};
	struct zclnd_event event;
	struct zclnd_get get = {
		.portal = LIBPAIR_PORTAL, .match_bits = LIBPAIR_BITS, .iov = &iov, .niov = 1};
	struct libpair pair;

	libpair_open(&pair, libpair_threads(data));
	memset(from, 'y', sizeof(from));
	libpair_attach(&pair.side[LIBPAIR_RIGHT], ZCLND_MD_GET | ZCLND_MD_TRUNCATE, 1, from, 50000);
	get.target = zclnd_ni_nid(pair.side[LIBPAIR_RIGHT].ni);
	get.user = &get;
	g_assert_cmpint(zclnd_get(pair.side[LIBPAIR_LEFT].ni, &get), ==, ZCLND_OK);
	event = libpair_next(&pair.side[LIBPAIR_LEFT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_REPLY);
	g_assert_cmpint(event.status, ==, ZCLND_OK);
	g_assert_true(event.final && event.user == &get);
	g_assert_cmpuint(event.mlength, ==, 50000);
	g_assert_cmpint(memcmp(from, to, 50000), ==, 0);
	event = libpair_next(&pair.side[LIBPAIR_RIGHT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_GET);
	if (libpair_threads(data) > 1) {
		g_assert_false(event.unlinked);
		event = libpair_next(&pair.side[LIBPAIR_RIGHT]);
		g_assert_cmpint(event.kind, ==, ZCLND_EV_UNLINK);
	}
	g_assert_true(event.unlinked && event.user == from);
	libpair_close(&pair);
}

static void test_ping(gconstpointer data)
{
	struct zclnd_ping_info info = {0};
	struct zclnd_peer_info peer;
	struct zclnd_stats stats;
	struct zclnd_event event;
	struct libpair pair;
	zclnd_nid target;

	libpair_open(&pair, libpair_threads(data));
	target = zclnd_ni_nid(pair.side[LIBPAIR_RIGHT].ni);
	g_assert_cmpint(zclnd_peer_info(pair.side[LIBPAIR_LEFT].ni, target, &peer), ==,
			ZCLND_E_NOT_FOUND);
	g_assert_cmpint(zclnd_ping(pair.side[LIBPAIR_LEFT].ni, target, &info, &info), ==, ZCLND_OK);
	event = libpair_next(&pair.side[LIBPAIR_LEFT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_REPLY);
	g_assert_true(event.final && event.user == &info);
	g_assert_cmpuint(info.nnis, ==, 2);
	g_assert_cmpuint(info.ni[0].nid, ==, ZCLND_NID_LO);
	g_assert_cmpuint(info.ni[1].nid, ==, target);
	g_assert_cmpuint(info.ni[1].status, ==, ZCLND_NI_UP);
	g_assert_cmpint(zclnd_peer_info(pair.side[LIBPAIR_LEFT].ni, target, &peer), ==, ZCLND_OK);
	g_assert_cmpuint(peer.conns_up, >, 0);
	g_assert_cmpint(zclnd_ni_stats(pair.side[LIBPAIR_LEFT].ni, &stats), ==, ZCLND_OK);
	g_assert_cmpuint(zclnd_stats_get(&stats, "messages_sent"), ==, 1);
	libpair_close(&pair);
}

/* Taken, but nobody is there: the final event says so. */
static void test_failure(gconstpointer data)
{
	struct libpair pair;
	struct zclnd_event event;
	char byte = 0;
	const struct iovec iov = {&byte, 1};
	struct zclnd_put spec = {
		.portal = LIBPAIR_PORTAL, .iov = &iov, .niov = 1, .want_ack = true};

	libpair_open(&pair, libpair_threads(data));
	spec.target = zclnd_ni_nid(pair.side[LIBPAIR_LEFT].ni) + 100;
	g_assert_cmpint(zclnd_put(pair.side[LIBPAIR_LEFT].ni, &spec), ==, ZCLND_OK);
	event = libpair_next(&pair.side[LIBPAIR_LEFT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_SEND);
	g_assert_cmpint(event.status, ==, ZCLND_E_UNREACHABLE);
	g_assert_true(event.final);

	spec.target = zclnd_ni_nid(pair.side[LIBPAIR_LEFT].ni);
	g_assert_cmpint(zclnd_put(pair.side[LIBPAIR_LEFT].ni, &spec), ==, ZCLND_E_INVALID);
	spec.target++;
	spec.portal = ZCLND_PORTALS;
	g_assert_cmpint(zclnd_put(pair.side[LIBPAIR_LEFT].ni, &spec), ==, ZCLND_E_INVALID);
	g_assert_false(zclnd_eq_poll(pair.side[LIBPAIR_LEFT].eq, &event));
	zclnd_stop(pair.side[LIBPAIR_LEFT].z);
	spec.portal = LIBPAIR_PORTAL;
	g_assert_cmpint(zclnd_put(pair.side[LIBPAIR_LEFT].ni, &spec), ==, ZCLND_E_SHUTDOWN);
	libpair_close(&pair);
}

struct echo {
	struct zclnd_ni *ni;
	atomic_uint finals, landed;
	char memory[8];
	struct iovec iov;
	unsigned rounds;
};

static void echo_put(struct echo *echo, zclnd_nid target)
{
	const struct zclnd_put spec = {
		.target = target,
		.portal = LIBPAIR_PORTAL,
		.match_bits = LIBPAIR_BITS,
		.iov = &echo->iov,
		.niov = 1,
	};

	g_assert_cmpint(zclnd_put(echo->ni, &spec), ==, ZCLND_OK);
}

static void echo_event(void *user, const struct zclnd_event *event)
{
	struct echo *echo = user;

	if (event->status == ZCLND_OK && event->final)
		atomic_fetch_add(&echo->finals, 1);
	if (event->kind != ZCLND_EV_PUT)
		return;
	if (atomic_fetch_add(&echo->landed, 1) + 1 < echo->rounds)
		echo_put(echo, event->peer);
	else
		zclnd_stop(zclnd_ni_instance(echo->ni));
}

/* A message goes back and forth from inside the callbacks; the last one stops its instance. */
static void test_callbacks(gconstpointer data)
{
	const uint32_t net = libni_net();
	const struct zclnd_options options = {.threads = libpair_threads(data), .busy_poll = 50000};
	struct echo echo[2] = {{.rounds = 200}, {.rounds = 200}};
	struct zclnd *z[2];

	for (int i = 0; i < 2; i++) {
		struct zclnd_ni_options ni;
		const struct zclnd_attach spec = {
			.portal = LIBPAIR_PORTAL,
			.match_bits = LIBPAIR_BITS,
			.peer = ZCLND_NID_ANY,
			.options = ZCLND_MD_PUT | ZCLND_MD_REMOTE_OFFSET,
			.iov = &echo[i].iov,
			.niov = 1,
		};

		echo[i].iov = (struct iovec){echo[i].memory, sizeof(echo[i].memory)};
		z[i] = zclnd_new(&options, NULL);
		zclnd_ni_options_init(&ni, zclnd_nid_tcp(net | (uint32_t)(i + 1), 0));
		ni.listen.sin_port = 0;
		ni.accept = ZCLND_ACCEPT_ALL;
		ni.on_event = echo_event;
		ni.user = &echo[i];
		echo[i].ni = zclnd_ni_new(z[i], &ni, NULL);
		g_assert_nonnull(echo[i].ni);
		g_assert_cmpint(zclnd_attach(echo[i].ni, &spec, NULL), ==, ZCLND_OK);
	}
	for (int i = 0; i < 2; i++) {
		const struct sockaddr_in addr = zclnd_ni_address(echo[!i].ni);

		zclnd_peer_set(echo[i].ni, zclnd_ni_nid(echo[!i].ni), &addr);
	}
	for (int i = 0; i < 2; i++)
		g_assert_cmpint(zclnd_start(z[i], NULL), ==, ZCLND_OK);
	echo_put(&echo[0], zclnd_ni_nid(echo[1].ni));
	while (atomic_load(&echo[1].landed) < 200)
		g_usleep(1000);
	for (int i = 0; i < 2; i++)
		zclnd_free(z[i]);
	g_assert_cmpuint(atomic_load(&echo[0].landed), ==, 199);
	g_assert_cmpuint(atomic_load(&echo[1].landed), ==, 200);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	libpair_add_test("put", test_put);
	libpair_add_test("get", test_get);
	libpair_add_test("ping", test_ping);
	libpair_add_test("failure", test_failure);
	libpair_add_test("callbacks", test_callbacks);
	return g_test_run();
}
