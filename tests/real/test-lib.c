/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "real/zclnd.h"

/* libzclnd by its public header alone: what each submission and each attached buffer ends in. */

#define PORTAL 40
#define SOON   INT64_C(20000000000)

enum { LEFT, RIGHT, SIDES };

struct side {
	struct zclnd *z;
	struct zclnd_ni *ni;
	struct zclnd_eq *eq;
};

struct pair {
	struct side side[SIDES];
};

static void open_side(struct side *side, unsigned threads, uint32_t addr)
{
	struct zclnd_options options;
	struct zclnd_ni_options ni;
	struct zclnd_error error = {0};

	zclnd_options_init(&options);
	options.threads = threads;
	side->eq = zclnd_eq_new(1000);
	side->z = zclnd_new(&options, &error);
	g_assert_nonnull(side->z);
	zclnd_ni_options_init(&ni, zclnd_nid_tcp(addr, 0));
	ni.listen.sin_port = 0;
	ni.accept = ZCLND_ACCEPT_ALL;
	ni.only_known_peers = true;
	ni.eq = side->eq;
	side->ni = zclnd_ni_new(side->z, &ni, &error);
	g_assert_cmpstr(error.text, ==, "");
	g_assert_nonnull(side->ni);
}

static uint32_t any_net(void)
{
	return 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
	       (uint32_t)g_random_int_range(0, 256) << 8;
}

static void pair_open(struct pair *pair, unsigned threads)
{
	const uint32_t net = any_net();

	for (int i = 0; i < SIDES; i++)
		open_side(&pair->side[i], threads, net | (uint32_t)(i + 1));
	for (int i = 0; i < SIDES; i++) {
		const struct sockaddr_in addr = zclnd_ni_address(pair->side[!i].ni);

		g_assert_cmpint(
			zclnd_peer_set(pair->side[i].ni, zclnd_ni_nid(pair->side[!i].ni), &addr),
			==, ZCLND_OK);
	}
	for (int i = 0; i < SIDES; i++)
		g_assert_cmpint(zclnd_start(pair->side[i].z, NULL), ==, ZCLND_OK);
}

static void pair_close(struct pair *pair)
{
	for (int i = 0; i < SIDES; i++) {
		zclnd_free(pair->side[i].z);
		zclnd_eq_free(pair->side[i].eq);
	}
}

static struct zclnd_event next(const struct side *side)
{
	struct zclnd_event event;

	g_assert_true(zclnd_eq_wait(side->eq, &event, SOON));
	return event;
}

/* The next of its kind; those before it are taken too. */
static struct zclnd_event next_of(const struct side *side, enum zclnd_event_kind kind)
{
	struct zclnd_event event;

	do
		event = next(side);
	while (event.kind != kind);
	return event;
}

static uint64_t attach(struct side *side, uint32_t options, uint32_t threshold, void *memory,
		       size_t size)
{
	const struct iovec iov = {memory, size};
	const struct zclnd_attach spec = {
		.portal = PORTAL,
		.match_bits = 5,
		.peer = ZCLND_NID_ANY,
		.options = options,
		.threshold = threshold,
		.iov = &iov,
		.niov = 1,
		.user = memory,
	};
	uint64_t id = 0;

	g_assert_cmpint(zclnd_attach(side->ni, &spec, &id), ==, ZCLND_OK);
	g_assert_cmpuint(id, !=, 0);
	return id;
}

static void put(struct pair *pair, int from, void *memory, size_t size, bool want_ack)
{
	const struct iovec iov = {memory, size};
	const struct zclnd_put spec = {
		.target = zclnd_ni_nid(pair->side[!from].ni),
		.portal = PORTAL,
		.match_bits = 5,
		.hdr_data = 77,
		.iov = &iov,
		.niov = 1,
		.want_ack = want_ack,
		.user = memory,
	};

	g_assert_cmpint(zclnd_put(pair->side[from].ni, &spec), ==, ZCLND_OK);
}

static unsigned threads_of(gconstpointer data)
{
	return GPOINTER_TO_UINT(data);
}

/* ---- operations --------------------------------------------------------------------- */

static void test_put(gconstpointer data)
{
	static char from[70000], to[70000];
	struct pair pair;
	struct zclnd_event event;
	uint64_t id;

	pair_open(&pair, threads_of(data));
	memset(from, 'x', sizeof(from));
	memset(to, 0, sizeof(to));
	id = attach(&pair.side[RIGHT], ZCLND_MD_PUT, 0, to, sizeof(to));
	put(&pair, LEFT, from, sizeof(from), true);
	event = next(&pair.side[RIGHT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_PUT);
	g_assert_cmpint(event.status, ==, ZCLND_OK);
	g_assert_cmpuint(event.mlength, ==, sizeof(from));
	g_assert_cmpuint(event.hdr_data, ==, 77);
	g_assert_cmpuint(event.id, ==, id);
	g_assert_true(event.user == to && event.ni == pair.side[RIGHT].ni && !event.unlinked);
	g_assert_cmpint(memcmp(from, to, sizeof(to)), ==, 0);
	for (int kinds = 0; kinds != 3;) {
		event = next(&pair.side[LEFT]);
		g_assert_cmpint(event.status, ==, ZCLND_OK);
		g_assert_true(event.user == from);
		kinds |= event.kind == ZCLND_EV_SEND ? 1 : event.kind == ZCLND_EV_ACK ? 2 : 4;
		g_assert_cmpint(event.final, ==, kinds == 3);
	}
	pair_close(&pair);
}

static void test_get(gconstpointer data)
{
	static char from[70000], to[70000];
	const struct iovec iov = {to, sizeof(to)};
	struct zclnd_event event;
	struct zclnd_get get = {.portal = PORTAL, .match_bits = 5, .iov = &iov, .niov = 1};
	struct pair pair;

	pair_open(&pair, threads_of(data));
	memset(from, 'y', sizeof(from));
	attach(&pair.side[RIGHT], ZCLND_MD_GET | ZCLND_MD_TRUNCATE, 1, from, 50000);
	get.target = zclnd_ni_nid(pair.side[RIGHT].ni);
	get.user = &get;
	g_assert_cmpint(zclnd_get(pair.side[LEFT].ni, &get), ==, ZCLND_OK);
	event = next(&pair.side[LEFT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_REPLY);
	g_assert_cmpint(event.status, ==, ZCLND_OK);
	g_assert_true(event.final && event.user == &get);
	g_assert_cmpuint(event.mlength, ==, 50000);
	g_assert_cmpint(memcmp(from, to, 50000), ==, 0);
	event = next(&pair.side[RIGHT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_GET);
	if (threads_of(data) > 1) {
		g_assert_false(event.unlinked);
		event = next(&pair.side[RIGHT]);
		g_assert_cmpint(event.kind, ==, ZCLND_EV_UNLINK);
	}
	g_assert_true(event.unlinked && event.user == from);
	pair_close(&pair);
}

static void test_ping(gconstpointer data)
{
	struct zclnd_ping_info info = {0};
	struct zclnd_peer_info peer;
	struct zclnd_stats stats;
	struct zclnd_event event;
	struct pair pair;
	zclnd_nid target;

	pair_open(&pair, threads_of(data));
	target = zclnd_ni_nid(pair.side[RIGHT].ni);
	g_assert_cmpint(zclnd_peer_info(pair.side[LEFT].ni, target, &peer), ==, ZCLND_E_NOT_FOUND);
	g_assert_cmpint(zclnd_ping(pair.side[LEFT].ni, target, &info, &info), ==, ZCLND_OK);
	event = next(&pair.side[LEFT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_REPLY);
	g_assert_true(event.final && event.user == &info);
	g_assert_cmpuint(info.nnis, ==, 2);
	g_assert_cmpuint(info.ni[0].nid, ==, ZCLND_NID_LO);
	g_assert_cmpuint(info.ni[1].nid, ==, target);
	g_assert_cmpuint(info.ni[1].status, ==, ZCLND_NI_UP);
	g_assert_cmpint(zclnd_peer_info(pair.side[LEFT].ni, target, &peer), ==, ZCLND_OK);
	g_assert_cmpuint(peer.conns_up, >, 0);
	g_assert_cmpint(zclnd_ni_stats(pair.side[LEFT].ni, &stats), ==, ZCLND_OK);
	g_assert_cmpuint(zclnd_stats_get(&stats, "messages_sent"), ==, 1);
	pair_close(&pair);
}

/* Taken, but nobody is there: the final event says so. */
static void test_failure(gconstpointer data)
{
	struct pair pair;
	struct zclnd_event event;
	char byte = 0;
	const struct iovec iov = {&byte, 1};
	struct zclnd_put spec = {.portal = PORTAL, .iov = &iov, .niov = 1, .want_ack = true};

	pair_open(&pair, threads_of(data));
	spec.target = zclnd_ni_nid(pair.side[LEFT].ni) + 100;
	g_assert_cmpint(zclnd_put(pair.side[LEFT].ni, &spec), ==, ZCLND_OK);
	event = next(&pair.side[LEFT]);
	g_assert_cmpint(event.kind, ==, ZCLND_EV_SEND);
	g_assert_cmpint(event.status, ==, ZCLND_E_UNREACHABLE);
	g_assert_true(event.final);

	spec.target = zclnd_ni_nid(pair.side[LEFT].ni);
	g_assert_cmpint(zclnd_put(pair.side[LEFT].ni, &spec), ==, ZCLND_E_INVALID);
	spec.target++;
	spec.portal = ZCLND_PORTALS;
	g_assert_cmpint(zclnd_put(pair.side[LEFT].ni, &spec), ==, ZCLND_E_INVALID);
	g_assert_false(zclnd_eq_poll(pair.side[LEFT].eq, &event));
	zclnd_stop(pair.side[LEFT].z);
	spec.portal = PORTAL;
	g_assert_cmpint(zclnd_put(pair.side[LEFT].ni, &spec), ==, ZCLND_E_SHUTDOWN);
	pair_close(&pair);
}

/* ---- attached buffers --------------------------------------------------------------- */

/* Every attachment ends in exactly one event: by threshold, by detach, by the end of it all. */
static void test_unlink(gconstpointer data)
{
	static char a[100], b[100], c[100], from[10];
	struct pair pair;
	struct side *right = &pair.side[RIGHT];
	struct zclnd_event event;
	unsigned ends[3] = {0};
	uint64_t id;

	pair_open(&pair, threads_of(data));
	attach(right, ZCLND_MD_PUT, 2, a, sizeof(a));
	id = attach(right, ZCLND_MD_GET, 0, b, sizeof(b));
	attach(right, ZCLND_MD_PUT, 0, c, sizeof(c));
	g_assert_cmpint(zclnd_detach(right->ni, id), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_detach(right->ni, id), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_detach(right->ni, id + 100), ==, ZCLND_E_INVALID);
	for (int i = 0; i < 3; i++) {
		put(&pair, LEFT, from, sizeof(from), true);
		event = next_of(&pair.side[LEFT], ZCLND_EV_ACK);
		g_assert_cmpint(event.status, ==, ZCLND_OK);
	}
	zclnd_stop(right->z);
	while (zclnd_eq_poll(right->eq, &event)) {
		if (event.kind == ZCLND_EV_PUT && event.user == a)
			g_assert_cmpuint(event.offset, <=, 10);
		if (event.unlinked)
			ends[event.user == a ? 0 : event.user == b ? 1 : 2]++;
	}
	for (int i = 0; i < 3; i++)
		g_assert_cmpuint(ends[i], ==, 1);
	g_assert_cmpint(zclnd_detach(right->ni, id), ==, ZCLND_OK);
	pair_close(&pair);
}

static void test_limit(gconstpointer data)
{
	char byte;
	const struct iovec iov = {&byte, 1};
	struct zclnd_attach spec = {.options = ZCLND_MD_PUT, .peer = 1, .iov = &iov, .niov = 1};
	struct zclnd_options options = {.threads = threads_of(data)};
	struct zclnd *z = zclnd_new(&options, NULL);
	struct zclnd_ni_options ni;
	struct zclnd_ni *at;

	zclnd_ni_options_init(&ni, zclnd_nid_tcp(any_net() | 1, 0));
	ni.listens = false;
	ni.max_attached = 2;
	at = zclnd_ni_new(z, &ni, NULL);
	g_assert_nonnull(at);
	g_assert_cmpint(zclnd_attach(at, &spec, NULL), ==, ZCLND_OK);
	spec.peer = ZCLND_NID_ANY;
	g_assert_cmpint(zclnd_attach(at, &spec, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_attach(at, &spec, NULL), ==, ZCLND_E_LIMIT);
	spec.portal = ZCLND_PORTALS;
	g_assert_cmpint(zclnd_attach(at, &spec, NULL), ==, ZCLND_E_INVALID);
	zclnd_free(z); /* it never ran */
}

/* A PUT on a lazy portal waits for a buffer. */
static void test_lazy(gconstpointer data)
{
	static char from[10], to[10];
	struct zclnd_event event;
	struct pair pair;

	pair_open(&pair, threads_of(data));
	g_assert_cmpint(zclnd_portal_set_lazy(pair.side[RIGHT].ni, PORTAL, true), ==, ZCLND_OK);
	put(&pair, LEFT, from, sizeof(from), true);
	event = next_of(&pair.side[LEFT], ZCLND_EV_SEND);
	g_assert_false(event.final);
	attach(&pair.side[RIGHT], ZCLND_MD_PUT, 1, to, sizeof(to));
	event = next_of(&pair.side[LEFT], ZCLND_EV_ACK);
	g_assert_true(event.final && event.status == ZCLND_OK);
	pair_close(&pair);
}

/* ---- callbacks ---------------------------------------------------------------------- */

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
		.portal = PORTAL,
		.match_bits = 5,
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
	const uint32_t net = any_net();
	const struct zclnd_options options = {.threads = threads_of(data), .busy_poll = 50000};
	struct echo echo[2] = {{.rounds = 200}, {.rounds = 200}};
	struct zclnd *z[2];

	for (int i = 0; i < 2; i++) {
		struct zclnd_ni_options ni;
		const struct zclnd_attach spec = {
			.portal = PORTAL,
			.match_bits = 5,
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

/* ---- queues ------------------------------------------------------------------------- */

static void test_queue(void)
{
	static char to[8], from[8];
	struct zclnd_event event;
	struct pollfd pollfd;
	struct pair pair;

	pair_open(&pair, 1);
	pollfd = (struct pollfd){.fd = zclnd_eq_fd(pair.side[LEFT].eq), .events = POLLIN};
	g_assert_cmpint(poll(&pollfd, 1, 0), ==, 0);
	g_assert_false(zclnd_eq_poll(pair.side[LEFT].eq, &event));
	g_assert_false(zclnd_eq_wait(pair.side[LEFT].eq, &event, 1000000));
	attach(&pair.side[RIGHT], ZCLND_MD_PUT | ZCLND_MD_REMOTE_OFFSET, 0, to, sizeof(to));
	put(&pair, LEFT, from, sizeof(from), false);
	g_assert_cmpint(poll(&pollfd, 1, 20000), ==, 1);
	g_assert_true(zclnd_eq_poll(pair.side[LEFT].eq, &event));
	g_assert_true(event.kind == ZCLND_EV_SEND && event.final);
	g_assert_cmpint(poll(&pollfd, 1, 0), ==, 0);
	pair_close(&pair);
}

/* A queue that nobody reads loses what peers cause, and nothing else. */
static void test_queue_full(void)
{
	static char to[8], from[8];
	struct side right;
	struct pair pair;
	struct zclnd_event event;
	unsigned puts = 0, ends = 0;

	pair_open(&pair, 1);
	right = pair.side[RIGHT];
	attach(&right, ZCLND_MD_PUT | ZCLND_MD_REMOTE_OFFSET, 0, to, sizeof(to));
	for (int i = 0; i < 1100; i++) {
		put(&pair, LEFT, from, sizeof(from), true);
		next_of(&pair.side[LEFT], ZCLND_EV_ACK);
	}
	zclnd_stop(right.z);
	while (zclnd_eq_poll(right.eq, &event)) {
		puts += event.kind == ZCLND_EV_PUT;
		ends += event.unlinked;
	}
	g_assert_cmpuint(puts, ==, 1000);
	g_assert_cmpuint(zclnd_eq_lost(right.eq), ==, 100);
	g_assert_cmpuint(ends, ==, 1);
	pair_close(&pair);
}

/* ---- texts and mistakes ------------------------------------------------------------- */

static void test_texts(void)
{
	char buf[ZCLND_NID_STRLEN], addr_buf[ZCLND_ADDR_STRLEN];
	struct sockaddr_in addr = {.sin_family = AF_INET};
	enum zclnd_way way = ZCLND_WAY_AUTO;
	zclnd_nid nid = 3;

	g_assert_cmpint(zclnd_nid_parse("10.0.0.9@tcp3", &nid), ==, ZCLND_OK);
	g_assert_cmpstr(zclnd_nid_format(nid, buf, sizeof(buf)), ==, "10.0.0.9@tcp3");
	g_assert_cmpuint(zclnd_nid_number(nid), ==, 3);
	g_assert_cmpuint(zclnd_nid_addr(nid), ==, 0x0a000009);
	g_assert_cmpint(zclnd_nid_parse("0@lo", &nid), ==, ZCLND_E_SYNTAX);
	g_assert_cmpuint(nid, ==, zclnd_nid_tcp(0x0a000009, 3));
	g_assert_cmpint(zclnd_addr_parse("10.0.0.9:99", &addr), ==, ZCLND_OK);
	g_assert_cmpstr(zclnd_addr_format(&addr, addr_buf, sizeof(addr_buf)), ==, "10.0.0.9:99");
	g_assert_cmpint(zclnd_addr_parse("x", &addr), ==, ZCLND_E_SYNTAX);
	g_assert_cmpint(zclnd_way_parse("copy", &way), ==, ZCLND_OK);
	g_assert_cmpint(way, ==, ZCLND_WAY_COPY);
	g_assert_cmpint(zclnd_way_parse("fast", &way), ==, ZCLND_E_SYNTAX);
	g_assert_cmpstr(zclnd_err_name(ZCLND_E_TIMEDOUT), ==, "timedout");
	g_assert_cmpstr(zclnd_stats_name(0), ==, "messages_sent");
	g_assert_null(zclnd_stats_name(ZCLND_STATS_MAX));
	g_assert_cmpstr(zclnd_version(), ==,
			G_STRINGIFY(ZCLND_VERSION_MAJOR) "." G_STRINGIFY(
				ZCLND_VERSION_MINOR) "." G_STRINGIFY(ZCLND_VERSION_PATCH));
}

static void test_mistakes(void)
{
	struct zclnd_options options = {.threads = 0};
	struct zclnd_ni_options ni;
	struct zclnd_error error = {0};
	struct zclnd *z;

	g_assert_null(zclnd_new(&options, &error));
	g_assert_cmpint(error.err, ==, ZCLND_E_INVALID);
	z = zclnd_new(NULL, NULL);
	zclnd_ni_options_init(&ni, ZCLND_NID_LO);
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	g_assert_cmpint(error.err, ==, ZCLND_E_INVALID);
	zclnd_ni_options_init(&ni, zclnd_nid_tcp(0xc0000201, 0)); /* nobody's address */
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	g_assert_cmpint(error.err, ==, ZCLND_E_IO);
	g_assert_nonnull(strstr(error.text, "192.0.2.1:988"));
	ni.listens = false;
	ni.version = 9;
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	g_assert_cmpint(zclnd_start(z, &error), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(z, &error), ==, ZCLND_E_INVALID);
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	zclnd_stop(z);
	zclnd_stop(z);
	zclnd_free(z);
	zclnd_free(NULL);
	zclnd_eq_free(NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(gconstpointer data);
	} tests[] = {
		{"put", test_put},	 {"get", test_get},
		{"ping", test_ping},	 {"failure", test_failure},
		{"unlink", test_unlink}, {"limit", test_limit},
		{"lazy", test_lazy},	 {"callbacks", test_callbacks},
	};

	g_test_init(&argc, &argv, NULL);
	for (guint threads = 1; threads <= 3; threads += 2) {
		for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
			char *path = g_strdup_printf("/lib/threads-%u/%s", threads, tests[i].name);

			g_test_add_data_func(path, GUINT_TO_POINTER(threads), tests[i].fn);
			g_free(path);
		}
	}
	g_test_add_func("/lib/queue", test_queue);
	g_test_add_func("/lib/queue-full", test_queue_full);
	g_test_add_func("/lib/texts", test_texts);
	g_test_add_func("/lib/mistakes", test_mistakes);
	return g_test_run();
}
