/* SPDX-License-Identifier: MIT */
#include "tests/real/libpair.h"

#include "tests/real/libni.h"

#define SOON INT64_C(20000000000)

static void open_side(struct libside *side, unsigned threads, uint32_t addr, enum zclnd_way way)
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
	ni.way = way;
	ni.eq = side->eq;
	side->ni = zclnd_ni_new(side->z, &ni, &error);
	g_assert_cmpstr(error.text, ==, "");
	g_assert_nonnull(side->ni);
}

void libpair_open_by(struct libpair *pair, unsigned threads, enum zclnd_way way)
{
	const uint32_t net = libni_net();

	for (int i = 0; i < LIBPAIR_SIDES; i++)
		open_side(&pair->side[i], threads, net | (uint32_t)(i + 1), way);
	for (int i = 0; i < LIBPAIR_SIDES; i++) {
		const struct sockaddr_in addr = zclnd_ni_address(pair->side[!i].ni);

		g_assert_cmpint(
			zclnd_peer_set(pair->side[i].ni, zclnd_ni_nid(pair->side[!i].ni), &addr),
			==, ZCLND_OK);
	}
	for (int i = 0; i < LIBPAIR_SIDES; i++)
		g_assert_cmpint(zclnd_start(pair->side[i].z, NULL), ==, ZCLND_OK);
}

void libpair_open(struct libpair *pair, unsigned threads)
{
	libpair_open_by(pair, threads, ZCLND_WAY_AUTO);
}

void libpair_close(struct libpair *pair)
{
	for (int i = 0; i < LIBPAIR_SIDES; i++) {
		zclnd_free(pair->side[i].z);
		zclnd_eq_free(pair->side[i].eq);
	}
}

struct zclnd_event libpair_next(const struct libside *side)
{
	struct zclnd_event event;

	g_assert_true(zclnd_eq_wait(side->eq, &event, SOON));
	return event;
}

struct zclnd_event libpair_next_of(const struct libside *side, enum zclnd_event_kind kind)
{
	struct zclnd_event event;

	do
		event = libpair_next(side);
	while (event.kind != kind);
	return event;
}

uint64_t libpair_attach(struct libside *side, uint32_t options, uint32_t threshold, void *memory,
			size_t size)
{
	const struct iovec iov = {memory, size};
	const struct zclnd_attach spec = {
		.portal = LIBPAIR_PORTAL,
		.match_bits = LIBPAIR_BITS,
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

void libpair_put(struct libpair *pair, int from, void *memory, size_t size, bool want_ack)
{
	const struct iovec iov = {memory, size};
	const struct zclnd_put spec = {
		.target = zclnd_ni_nid(pair->side[!from].ni),
		.portal = LIBPAIR_PORTAL,
		.match_bits = LIBPAIR_BITS,
		.hdr_data = 77,
		.iov = &iov,
		.niov = 1,
		.want_ack = want_ack,
		.user = memory,
	};

	g_assert_cmpint(zclnd_put(pair->side[from].ni, &spec), ==, ZCLND_OK);
}

void libpair_add_test(const char *name, void (*fn)(gconstpointer data))
{
	for (guint threads = 1; threads <= 3; threads += 2) {
		char *path = g_strdup_printf("/lib/threads-%u/%s", threads, name);

		g_test_add_data_func(path, GUINT_TO_POINTER(threads), fn);
		g_free(path);
	}
}
