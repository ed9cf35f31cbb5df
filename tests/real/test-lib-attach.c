/* SPDX-License-Identifier: MIT */
#include "tests/real/libni.h"
#include "tests/real/libpair.h"

/* What each attached buffer ends in. */

/* Every attachment ends in exactly one event: by threshold, by detach, by the end of it all. */
static void test_unlink(gconstpointer data)
{
	static char a[100], b[100], c[100], from[10];
	struct libpair pair;
	struct libside *right = &pair.side[LIBPAIR_RIGHT];
	struct zclnd_event event;
	unsigned ends[3] = {0};
	uint64_t id;

	libpair_open(&pair, libpair_threads(data));
	libpair_attach(right, ZCLND_MD_PUT, 2, a, sizeof(a));
	id = libpair_attach(right, ZCLND_MD_GET, 0, b, sizeof(b));
	libpair_attach(right, ZCLND_MD_PUT, 0, c, sizeof(c));
	g_assert_cmpint(zclnd_detach(right->ni, id), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_detach(right->ni, id), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_detach(right->ni, id + 100), ==, ZCLND_E_INVALID);
	for (int i = 0; i < 3; i++) {
		libpair_put(&pair, LIBPAIR_LEFT, from, sizeof(from), true);
		event = libpair_next_of(&pair.side[LIBPAIR_LEFT], ZCLND_EV_ACK);
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
	libpair_close(&pair);
}

static void test_limit(gconstpointer data)
{
	char byte;
	const struct iovec iov = {&byte, 1};
	struct zclnd_attach spec = {.options = ZCLND_MD_PUT, .peer = 1, .iov = &iov, .niov = 1};
	struct zclnd_options options = {.threads = libpair_threads(data)};
	struct zclnd *z = zclnd_new(&options, NULL);
	struct zclnd_ni_options ni;
	struct zclnd_ni *at;

	zclnd_ni_options_init(&ni, zclnd_nid_tcp(libni_net() | 1, 0));
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
	struct libpair pair;

	libpair_open(&pair, libpair_threads(data));
	g_assert_cmpint(zclnd_portal_set_lazy(pair.side[LIBPAIR_RIGHT].ni, LIBPAIR_PORTAL, true),
			==, ZCLND_OK);
	libpair_put(&pair, LIBPAIR_LEFT, from, sizeof(from), true);
	event = libpair_next_of(&pair.side[LIBPAIR_LEFT], ZCLND_EV_SEND);
	g_assert_false(event.final);
	libpair_attach(&pair.side[LIBPAIR_RIGHT], ZCLND_MD_PUT, 1, to, sizeof(to));
	event = libpair_next_of(&pair.side[LIBPAIR_LEFT], ZCLND_EV_ACK);
	g_assert_true(event.final && event.status == ZCLND_OK);
	libpair_close(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	libpair_add_test("unlink", test_unlink);
	libpair_add_test("limit", test_limit);
	libpair_add_test("lazy", test_lazy);
	return g_test_run();
}
