/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "tests/real/libni.h"

/*
 * Many loops and many threads on both sides; made to be run under the thread sanitizer too.
 */

#define PORTAL 40

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
	const uint32_t net = libni_net();
	struct zclnd *server = libni_instance(3), *client = libni_instance(2);
	struct zclnd_ni *to =
		libni_open(server, zclnd_nid_tcp(net | 1, 0), 0, count_claim, &claims);
	struct zclnd_put put = {.target = zclnd_ni_nid(to), .portal = PORTAL, .niov = 1};
	struct zclnd_ni *from[CLIENTS];
	atomic_uint finals = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		from[i] = libni_open(client, zclnd_nid_tcp(net | (i + 2), 0), 0, count_any_final,
				     &finals);
		libni_introduce(from[i], to);
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
	libni_wait(&finals, CLIENTS * EACH);
	libni_wait(&claims.ends, 1);
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

	server->z = libni_instance(2);
	for (unsigned i = 0; i < G_N_ELEMENTS(server->nis); i++) {
		const uint32_t addr = stress->net | (1 + which * PEERS / SERVERS + i);

		server->nis[i] = libni_open(server->z, zclnd_nid_tcp(addr, 0), 0, NULL, NULL);
		g_assert_cmpint(zclnd_attach(server->nis[i], &sink, NULL), ==, ZCLND_OK);
		g_assert_cmpint(zclnd_attach(server->nis[i], &source, NULL), ==, ZCLND_OK);
		libni_introduce(stress->ni, server->nis[i]);
		libni_introduce(server->nis[i], stress->ni);
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
	stress.net = libni_net();
	stress.z = libni_instance(3);
	stress.ni =
		libni_open(stress.z, zclnd_nid_tcp(stress.net | 100, 0), 0, stress_event, &stress);
	for (unsigned i = 0; i < SERVERS; i++)
		server_open(&stress, i);
	g_assert_cmpint(zclnd_start(stress.z, NULL), ==, ZCLND_OK);
	for (unsigned i = 0; i < SUBMITTERS; i++)
		g_assert_cmpint(pthread_create(&threads[i], NULL, submitter, &stress), ==, 0);
	for (unsigned i = 0; i < RESTARTS; i++) {
		libni_wait(&stress.over, SUBMITTERS * stress.each / (RESTARTS + 2) * (i + 1));
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
		struct zclnd *z = libni_instance(2);
		struct flood flood = {0};
		pthread_t threads[3];
		const uint32_t net = libni_net();

		flood.ni = libni_open(z, zclnd_nid_tcp(net | 1, 0), 0, count_over, &flood);
		flood.target = zclnd_nid_tcp(net | (2 + round), 0); /* nobody */
		g_assert_cmpint(zclnd_start(z, NULL), ==, ZCLND_OK);
		for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
			g_assert_cmpint(pthread_create(&threads[i], NULL, flooder, &flood), ==, 0);
		libni_wait(&flood.over, 1000);
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
	g_test_add_func("/threads/claims", test_claims);
	g_test_add_func("/threads/stop-in-flood", test_stop_in_flood);
	g_test_add_func("/threads/stress", test_stress);
	return g_test_run();
}
