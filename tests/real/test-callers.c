/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/real/libni.h"

/* Callers come to the NI that they call, and to the loop of their NID; how many may be silent. */

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
	const uint32_t net = libni_net();
	struct zclnd *server = libni_instance(3), *client = libni_instance(2);
	struct zclnd_ni *to = libni_open(server, zclnd_nid_tcp(net | 1, 0), 0, NULL, NULL);
	struct zclnd_ni *from[CLIENTS];
	struct zclnd_ping_info info[CLIENTS];
	atomic_uint finals = 0;
	unsigned loops = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		from[i] = libni_open(client, zclnd_nid_tcp(net | (i + 2), 0), 0, count_final,
				     &finals);
		loops |= 1u << zclnd_peer_loop(zclnd_ni_nid(to), zclnd_ni_nid(from[i]), 3);
		libni_introduce(from[i], to);
	}
	g_assert_cmpuint(loops, ==, 7); /* all are meant */
	g_assert_cmpint(zclnd_start(server, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(client, NULL), ==, ZCLND_OK);
	for (unsigned i = 0; i < CLIENTS; i++)
		g_assert_cmpint(zclnd_ping(from[i], zclnd_ni_nid(to), &info[i], NULL), ==,
				ZCLND_OK);
	libni_wait(&finals, CLIENTS);
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
	const uint32_t net = libni_net();
	struct zclnd *server = libni_instance(GPOINTER_TO_UINT(data)), *client = libni_instance(1);
	struct zclnd_ni *one = libni_open(server, zclnd_nid_tcp(net | 1, 0), 0, NULL, NULL), *two;
	const struct sockaddr_in addr = zclnd_ni_address(one);
	struct zclnd_ping_info info[2];
	atomic_uint finals = 0;
	struct zclnd_ni *from;
	struct zclnd_ni_options options;
	struct zclnd_error error;

	two = libni_open(server, zclnd_nid_tcp(net | 1, 7), ntohs(addr.sin_port), NULL, NULL);
	zclnd_ni_options_init(&options, zclnd_ni_nid(one));
	g_assert_null(zclnd_ni_new(server, &options, &error));
	g_assert_nonnull(strstr(error.text, "with this NID"));
	from = libni_open(client, zclnd_nid_tcp(net | 2, 0), 0, count_final, &finals);
	libni_introduce(from, one);
	libni_introduce(from, two);
	g_assert_cmpint(zclnd_start(server, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(client, NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_ping(from, zclnd_ni_nid(one), &info[0], NULL), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_ping(from, zclnd_ni_nid(two), &info[1], NULL), ==, ZCLND_OK);
	libni_wait(&finals, 2);
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
	const uint32_t net = libni_net();
	struct zclnd *server = libni_instance(GPOINTER_TO_UINT(data)), *client = libni_instance(1);
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
		from[i] = libni_open(client, zclnd_nid_tcp(net | (i + 2), 0), 0, count_final,
				     &finals);
		libni_introduce(from[i], to);
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
	libni_wait(&finals, CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++)
		g_assert_cmpuint(figure(from[i], "fallbacks"), ==, 0);
	g_assert_cmpuint(figure(to, "refused_limit"), ==, 0);
	close(mute[1]);
	zclnd_free(client);
	zclnd_free(server);
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
	return g_test_run();
}
