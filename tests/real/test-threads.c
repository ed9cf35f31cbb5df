/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/zclnd.h"

/*
 * Many loops and many threads on both sides, by the public header alone; made to be run under the
 * thread sanitizer too.
 */

#define PORTAL 40

static uint32_t any_net(void)
{
	return 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
	       (uint32_t)g_random_int_range(0, 256) << 8;
}

static struct zclnd *instance(unsigned threads)
{
	const struct zclnd_options options = {.threads = threads};
	struct zclnd *z = zclnd_new(&options, NULL);

	g_assert_nonnull(z);
	return z;
}

static struct zclnd_ni *open_ni(struct zclnd *z, zclnd_nid nid, uint16_t port,
				void (*on_event)(void *user, const struct zclnd_event *event),
				void *user)
{
	struct zclnd_ni_options options;
	struct zclnd_error error = {0};
	struct zclnd_ni *ni;

	zclnd_ni_options_init(&options, nid);
	options.listen.sin_port = htons(port);
	options.accept = ZCLND_ACCEPT_ALL;
	options.only_known_peers = true;
	options.min_reconnect = 5000000;
	options.max_reconnect = 20000000;
	options.socket_timeout = 3000000000;
	options.on_event = on_event;
	options.user = user;
	ni = zclnd_ni_new(z, &options, &error);
	g_assert_cmpstr(error.text, ==, "");
	g_assert_nonnull(ni);
	return ni;
}

/* With no more than `callers` that have not said who they are. */
static struct zclnd_ni *open_limited(struct zclnd *z, zclnd_nid nid, size_t callers)
{
	struct zclnd_ni_options options;
	struct zclnd_ni *ni;

	zclnd_ni_options_init(&options, nid);
	options.listen.sin_port = 0;
	options.accept = ZCLND_ACCEPT_ALL;
	options.accept_timeout = 60000000000;
	options.max_handshakes = callers;
	ni = zclnd_ni_new(z, &options, NULL);
	g_assert_nonnull(ni);
	return ni;
}

static void introduce(struct zclnd_ni *from, struct zclnd_ni *to)
{
	const struct sockaddr_in addr = zclnd_ni_address(to);

	g_assert_cmpint(zclnd_peer_set(from, zclnd_ni_nid(to), &addr), ==, ZCLND_OK);
}

static void wait_for(const atomic_uint *counter, unsigned value)
{
	const gint64 end = g_get_monotonic_time() + 60000000;

	while (atomic_load(counter) < value) {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		g_usleep(500);
	}
}

/* ---- callers come to the loop of their NID ------------------------------------------- */

static void count_final(void *user, const struct zclnd_event *event)
{
	if (event->final)
		atomic_fetch_add((atomic_uint *)user, 1);
	if (event->final)
		g_assert_cmpint(event->status, ==, ZCLND_OK);
}

static void test_routing(void)
{
	enum { CLIENTS = 8 };
	const uint32_t net = any_net();
	struct zclnd *server = instance(3), *client = instance(2);
	struct zclnd_ni *to = open_ni(server, zclnd_nid_tcp(net | 1, 0), 0, NULL, NULL);
	struct zclnd_ni *from[CLIENTS];
	struct zclnd_ping_info info[CLIENTS];
	atomic_uint finals = 0;
	unsigned loops = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		from[i] = open_ni(client, zclnd_nid_tcp(net | (i + 2), 0), 0, count_final, &finals);
		loops |= 1u << zclnd_peer_loop(zclnd_ni_nid(to), zclnd_ni_nid(from[i]), 3);
		introduce(from[i], to);
	}
	g_assert_cmpuint(loops, ==, 7); /* all are meant */
	g_assert_cmpint(zclnd_start(server, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(client, NULL), ==, ZCLND_OK);
	for (unsigned i = 0; i < CLIENTS; i++)
		g_assert_cmpint(zclnd_ping(from[i], zclnd_ni_nid(to), &info[i], NULL), ==,
				ZCLND_OK);
	wait_for(&finals, CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct zclnd_peer_info peer;
		const gint64 end = g_get_monotonic_time() + 20000000;

		/* The answer comes from the loop that the NID belongs to. */
		do
			g_assert_cmpint(zclnd_peer_info(to, zclnd_ni_nid(from[i]), &peer), ==,
					ZCLND_OK);
		while (peer.conns_up < 3 && g_get_monotonic_time() < end);
		g_assert_cmpuint(peer.conns_up, ==, 3);
	}
	zclnd_free(client);
	zclnd_free(server);
}

/* Two NIs at one address and port: the acceptor request says which is called. */
static void test_shared_listener(gconstpointer data)
{
	const uint32_t net = any_net();
	struct zclnd *server = instance(GPOINTER_TO_UINT(data)), *client = instance(1);
	struct zclnd_ni *one = open_ni(server, zclnd_nid_tcp(net | 1, 0), 0, NULL, NULL), *two;
	const struct sockaddr_in addr = zclnd_ni_address(one);
	struct zclnd_ping_info info[2];
	atomic_uint finals = 0;
	struct zclnd_ni *from;
	struct zclnd_ni_options options;
	struct zclnd_error error;

	two = open_ni(server, zclnd_nid_tcp(net | 1, 7), ntohs(addr.sin_port), NULL, NULL);
	zclnd_ni_options_init(&options, zclnd_ni_nid(one));
	g_assert_null(zclnd_ni_new(server, &options, &error));
	g_assert_nonnull(strstr(error.text, "with this NID"));
	from = open_ni(client, zclnd_nid_tcp(net | 2, 0), 0, count_final, &finals);
	introduce(from, one);
	introduce(from, two);
	g_assert_cmpint(zclnd_start(server, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(client, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_ping(from, zclnd_ni_nid(one), &info[0], NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_ping(from, zclnd_ni_nid(two), &info[1], NULL), ==, ZCLND_OK);
	wait_for(&finals, 2);
	g_assert_cmpuint(info[0].ni[1].nid, ==, zclnd_ni_nid(one));
	g_assert_cmpuint(info[1].ni[1].nid, ==, zclnd_ni_nid(two));
	zclnd_free(client);
	zclnd_free(server);
}

static uint64_t figure(struct zclnd_ni *ni, const char *name)
{
	struct zclnd_stats stats;

	g_assert_cmpint(zclnd_ni_stats(ni, &stats), ==, ZCLND_OK);
	return zclnd_stats_get(&stats, name);
}

static void wait_for_figure(struct zclnd_ni *ni, const char *name)
{
	const gint64 end = g_get_monotonic_time() + 60000000;

	while (figure(ni, name) == 0) {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		g_usleep(500);
	}
}

static int call_mutely(struct zclnd_ni *ni)
{
	const struct sockaddr_in addr = zclnd_ni_address(ni);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	g_assert_cmpint(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), ==, 0);
	return fd;
}

/*
 * As many callers as may be silent: the next ones wait, whoever looks at callers first. Closed,
 * they would take this node for one of the oldest kind.
 */
static void test_held(gconstpointer data)
{
	enum { CLIENTS = 6, MUTE = 2 };
	const uint32_t net = any_net();
	struct zclnd *server = instance(GPOINTER_TO_UINT(data)), *client = instance(1);
	struct zclnd_ni *to =
		open_limited(server, zclnd_nid_tcp(net | 1, 0), MUTE); /* callers at a time */
	struct zclnd_ni *from[CLIENTS];
	struct zclnd_ping_info info[CLIENTS];
	atomic_uint finals = 0;
	int mute[MUTE];

	g_assert_cmpint(zclnd_start(server, NULL), ==, ZCLND_OK);
	for (unsigned i = 0; i < MUTE; i++)
		mute[i] = call_mutely(to);
	for (unsigned i = 0; i < CLIENTS; i++) {
		from[i] = open_ni(client, zclnd_nid_tcp(net | (i + 2), 0), 0, count_final, &finals);
		introduce(from[i], to);
	}
	g_assert_cmpint(zclnd_start(client, NULL), ==, ZCLND_OK);
	wait_for_figure(to, "held");
	for (unsigned i = 0; i < CLIENTS; i++)
		g_assert_cmpint(zclnd_ping(from[i], zclnd_ni_nid(to), &info[i], NULL), ==,
				ZCLND_OK);
	for (unsigned i = 0; i < CLIENTS; i++)
		wait_for_figure(from[i], "connected");
	g_assert_cmpuint(atomic_load(&finals), ==, 0);
	close(mute[0]);
	wait_for(&finals, CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++)
		g_assert_cmpuint(figure(from[i], "fallbacks"), ==, 0);
	g_assert_cmpuint(figure(to, "refused_limit"), ==, 0);
	close(mute[1]);
	zclnd_free(client);
	zclnd_free(server);
}

/* ---- one buffer for peers of all loops ------------------------------------------------ */

struct claims {
	uint64_t memory[300];
	atomic_uint places[300]; /* by offset */
	atomic_uint puts, ends, after_end;
};

static void count_claim(void *user, const struct zclnd_event *event)
{
	struct claims *claims = user;

	if (event->kind == ZCLND_EV_PUT) {
		g_assert_cmpuint(event->offset % 8, ==, 0);
		g_assert_cmpuint(event->mlength, ==, 8);
		atomic_fetch_add(&claims->places[event->offset / 8], 1);
		atomic_fetch_add(&claims->puts, 1);
		atomic_fetch_add(&claims->after_end, atomic_load(&claims->ends));
	}
	if (event->unlinked)
		atomic_fetch_add(&claims->ends, 1);
}

static void count_any_final(void *user, const struct zclnd_event *event)
{
	if (event->final)
		atomic_fetch_add((atomic_uint *)user, 1);
}

/* More PUTs than the buffer has place for, from peers of all loops: each place is taken once. */
static void test_claims(void)
{
	enum { CLIENTS = 6, EACH = 60, PLACES = 300 };
	static struct claims claims;
	static const uint64_t content = 0x1234567890abcdef;
	const struct iovec iov = {claims.memory, sizeof(claims.memory)};
	const struct iovec from_iov = {(void *)(uintptr_t)&content, sizeof(content)};
	const struct zclnd_attach attach = {
		.portal = PORTAL,
		.peer = ZCLND_NID_ANY,
		.options = ZCLND_MD_PUT,
		.threshold = PLACES,
		.iov = &iov,
		.niov = 1,
	};
	const uint32_t net = any_net();
	struct zclnd *server = instance(3), *client = instance(2);
	struct zclnd_ni *to = open_ni(server, zclnd_nid_tcp(net | 1, 0), 0, count_claim, &claims);
	struct zclnd_put put = {.target = zclnd_ni_nid(to), .portal = PORTAL, .niov = 1};
	struct zclnd_ni *from[CLIENTS];
	atomic_uint finals = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		from[i] = open_ni(client, zclnd_nid_tcp(net | (i + 2), 0), 0, count_any_final,
				  &finals);
		introduce(from[i], to);
	}
	g_assert_cmpint(zclnd_attach(to, &attach, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(server, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(client, NULL), ==, ZCLND_OK);
	put.iov = &from_iov;
	for (unsigned n = 0; n < CLIENTS * EACH; n++) {
		enum zclnd_err err;

		while ((err = zclnd_put(from[n % CLIENTS], &put)) == ZCLND_E_LIMIT)
			g_usleep(100);
		g_assert_cmpint(err, ==, ZCLND_OK);
	}
	wait_for(&finals, CLIENTS * EACH);
	wait_for(&claims.ends, 1);
	zclnd_free(client);
	zclnd_free(server);
	g_assert_cmpuint(atomic_load(&claims.puts), ==, PLACES);
	g_assert_cmpuint(atomic_load(&claims.ends), ==, 1);
	g_assert_cmpuint(atomic_load(&claims.after_end), ==, 0);
	for (unsigned i = 0; i < PLACES; i++) {
		g_assert_cmpuint(atomic_load(&claims.places[i]), ==, 1);
		g_assert_cmpuint(claims.memory[i], ==, content);
	}
}

/* ---- stress -------------------------------------------------------------------------- */

enum { SUBMITTERS = 4, SERVERS = 2, PEERS = 6, RESTARTS = 4 };

struct record {
	atomic_uint finals;
	struct zclnd_ping_info info;
	char sink[64];
};

struct server {
	struct zclnd *z;
	struct zclnd_ni *nis[PEERS / SERVERS];
};

struct stress {
	uint32_t net;
	struct zclnd *z;
	struct zclnd_ni *ni;
	struct server servers[SERVERS];
	struct record *records;
	unsigned each;
	atomic_uint taken, over, good, submitters;
	char content[40000];
	char source[100]; /* what GETs read */
};

static void server_open(struct stress *stress, unsigned which)
{
	static const struct iovec nothing = {NULL, 0};
	struct server *server = &stress->servers[which];
	const struct iovec iov = {stress->source, sizeof(stress->source)};
	struct zclnd_attach sink = {
		.portal = PORTAL,
		.peer = ZCLND_NID_ANY,
		.options = ZCLND_MD_PUT | ZCLND_MD_TRUNCATE | ZCLND_MD_REMOTE_OFFSET,
		.iov = &nothing,
	};
	struct zclnd_attach source = {
		.portal = PORTAL,
		.peer = ZCLND_NID_ANY,
		.options = ZCLND_MD_GET | ZCLND_MD_REMOTE_OFFSET,
		.iov = &iov,
		.niov = 1,
	};

	server->z = instance(2);
	for (unsigned i = 0; i < G_N_ELEMENTS(server->nis); i++) {
		const uint32_t addr = stress->net | (1 + which * PEERS / SERVERS + i);

		server->nis[i] = open_ni(server->z, zclnd_nid_tcp(addr, 0), 0, NULL, NULL);
		g_assert_cmpint(zclnd_attach(server->nis[i], &sink, NULL), ==, ZCLND_OK);
		g_assert_cmpint(zclnd_attach(server->nis[i], &source, NULL), ==, ZCLND_OK);
		introduce(stress->ni, server->nis[i]);
		introduce(server->nis[i], stress->ni);
	}
	g_assert_cmpint(zclnd_start(server->z, NULL), ==, ZCLND_OK);
}

static void stress_event(void *user, const struct zclnd_event *event)
{
	struct stress *stress = user;
	struct record *record = event->user;

	if (!event->final)
		return;
	atomic_fetch_add(&record->finals, 1);
	atomic_fetch_add(&stress->good, event->status == ZCLND_OK);
	atomic_fetch_add(&stress->over, 1);
}

static enum zclnd_err submit(struct stress *stress, struct record *record, unsigned dice)
{
	const zclnd_nid target = zclnd_nid_tcp(stress->net | (1 + dice % PEERS), 0);
	const size_t size = dice / 64 % 4 == 0 ? sizeof(stress->content) : dice / 64 % 200;
	const struct iovec from = {stress->content, size};
	const struct iovec to = {record->sink, sizeof(record->sink)};
	const struct zclnd_put put = {
		.target = target,
		.portal = PORTAL,
		.iov = &from,
		.niov = 1,
		.want_ack = dice / 16 % 2,
		.user = record,
	};
	const struct zclnd_get get = {
		.target = target,
		.portal = PORTAL,
		.iov = &to,
		.niov = 1,
		.user = record,
	};

	switch (dice / 8 % 8) {
	case 0:
		return zclnd_ping(stress->ni, target, &record->info, record);
	case 1:
		return zclnd_get(stress->ni, &get);
	default:
		return zclnd_put(stress->ni, &put);
	}
}

static void *submitter(void *data)
{
	struct stress *stress = data;
	const unsigned which = atomic_fetch_add(&stress->submitters, 1);
	GRand *dice = g_rand_new_with_seed(which);

	for (unsigned i = 0; i < stress->each; i++) {
		struct record *record = &stress->records[which * stress->each + i];
		enum zclnd_err err;

		/* Not too far ahead, so that the restarts come in the middle. */
		while ((int)(atomic_load(&stress->taken) - atomic_load(&stress->over)) > 400)
			g_usleep(200);
		err = submit(stress, record, g_rand_int(dice));
		if (err == ZCLND_OK)
			atomic_fetch_add(&stress->taken, 1);
		else
			g_assert_cmpint(err, ==, ZCLND_E_LIMIT);
	}
	g_rand_free(dice);
	return NULL;
}

static void test_stress(void)
{
	static struct stress stress;
	pthread_t threads[SUBMITTERS];
	unsigned finals = 0;

	stress.each = g_test_slow() ? 10000 : 1500;
	stress.records = g_new0(struct record, SUBMITTERS * stress.each);
	stress.net = any_net();
	stress.z = instance(3);
	stress.ni = open_ni(stress.z, zclnd_nid_tcp(stress.net | 100, 0), 0, stress_event, &stress);
	for (unsigned i = 0; i < SERVERS; i++)
		server_open(&stress, i);
	g_assert_cmpint(zclnd_start(stress.z, NULL), ==, ZCLND_OK);
	for (unsigned i = 0; i < SUBMITTERS; i++)
		g_assert_cmpint(pthread_create(&threads[i], NULL, submitter, &stress), ==, 0);
	for (unsigned i = 0; i < RESTARTS; i++) {
		wait_for(&stress.over, SUBMITTERS * stress.each / (RESTARTS + 2) * (i + 1));
		zclnd_free(stress.servers[i % SERVERS].z);
		server_open(&stress, i % SERVERS);
	}
	for (unsigned i = 0; i < SUBMITTERS; i++)
		pthread_join(threads[i], NULL);
	/* The end comes while some are under way. */
	zclnd_free(stress.z);
	for (unsigned i = 0; i < SERVERS; i++)
		zclnd_free(stress.servers[i].z);
	for (unsigned i = 0; i < SUBMITTERS * stress.each; i++) {
		g_assert_cmpuint(atomic_load(&stress.records[i].finals), <=, 1);
		finals += atomic_load(&stress.records[i].finals);
	}
	g_assert_cmpuint(finals, ==, atomic_load(&stress.taken));
	g_test_message("%u taken, %u ended well", finals, atomic_load(&stress.good));
	g_assert_cmpuint(atomic_load(&stress.good), >, finals / 2);
	g_free(stress.records);
}

/* ---- the ring ------------------------------------------------------------------------- */

struct flood {
	struct zclnd_ni *ni;
	zclnd_nid target;
	atomic_uint taken, over, stop;
};

static void *flooder(void *data)
{
	static char byte;
	struct flood *flood = data;
	const struct iovec iov = {&byte, 1};
	const struct zclnd_put put = {.target = flood->target, .iov = &iov, .niov = 1};
	enum zclnd_err err;

	while ((err = zclnd_put(flood->ni, &put)) != ZCLND_E_SHUTDOWN) {
		if (err == ZCLND_OK)
			atomic_fetch_add(&flood->taken, 1);
		else
			g_assert_cmpint(err, ==, ZCLND_E_LIMIT);
	}
	return NULL;
}

static void count_over(void *user, const struct zclnd_event *event)
{
	struct flood *flood = user;

	g_assert_true(event->final);
	atomic_fetch_add(&flood->over, 1);
}

/* The instance stops while threads submit as fast as they can: nothing is lost, nothing doubled. */
static void test_stop_in_flood(void)
{
	for (unsigned round = 0; round < 5; round++) {
		struct zclnd *z = instance(2);
		struct flood flood = {0};
		pthread_t threads[3];
		const uint32_t net = any_net();

		flood.ni = open_ni(z, zclnd_nid_tcp(net | 1, 0), 0, count_over, &flood);
		flood.target = zclnd_nid_tcp(net | (2 + round), 0); /* nobody */
		g_assert_cmpint(zclnd_start(z, NULL), ==, ZCLND_OK);
		for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
			g_assert_cmpint(pthread_create(&threads[i], NULL, flooder, &flood), ==, 0);
		wait_for(&flood.over, 1000);
		zclnd_stop(z);
		for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
			pthread_join(threads[i], NULL);
		g_assert_cmpuint(atomic_load(&flood.over), ==, atomic_load(&flood.taken));
		zclnd_free(z);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/threads/routing", test_routing);
	g_test_add_data_func("/threads/shared-listener/1", GUINT_TO_POINTER(1),
			     test_shared_listener);
	g_test_add_data_func("/threads/shared-listener/2", GUINT_TO_POINTER(2),
			     test_shared_listener);
	g_test_add_data_func("/threads/held/1", GUINT_TO_POINTER(1), test_held);
	g_test_add_data_func("/threads/held/2", GUINT_TO_POINTER(2), test_held);
	g_test_add_func("/threads/claims", test_claims);
	g_test_add_func("/threads/stop-in-flood", test_stop_in_flood);
	g_test_add_func("/threads/stress", test_stress);
	return g_test_run();
}
