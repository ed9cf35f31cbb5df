/* SPDX-License-Identifier: MIT */
#include "tests/real/libni.h"

uint32_t libni_net(void)
{
	return 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
	       (uint32_t)g_random_int_range(0, 256) << 8;
}

struct zclnd *libni_instance(unsigned threads)
{
	const struct zclnd_options options = {.threads = threads};
	struct zclnd *z = zclnd_new(&options, NULL);

	g_assert_nonnull(z);
	return z;
}

struct zclnd_ni *libni_open(struct zclnd *z, zclnd_nid nid, uint16_t port,
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

void libni_introduce(struct zclnd_ni *from, struct zclnd_ni *to)
{
	const struct sockaddr_in addr = zclnd_ni_address(to);

	g_assert_cmpint(zclnd_peer_set(from, zclnd_ni_nid(to), &addr), ==, ZCLND_OK);
}

void libni_wait(const atomic_uint *counter, unsigned value)
{
	const gint64 end = g_get_monotonic_time() + 60000000;

	while (atomic_load(counter) < value) {
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		g_usleep(500);
	}
}
