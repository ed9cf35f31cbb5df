/* SPDX-License-Identifier: MIT */
#include <poll.h>

#include "tests/real/libpair.h"

/* Event queues: waiting, and one that is full. */

static void test_queue(void)
{
	static char to[8], from[8];
	struct zclnd_event event;
	struct pollfd pollfd;
	struct libpair pair;

	libpair_open(&pair, 1);
	pollfd = (struct pollfd){.fd = zclnd_eq_fd(pair.side[LIBPAIR_LEFT].eq), .events = POLLIN};
	g_assert_cmpint(poll(&pollfd, 1, 0), ==, 0);
	g_assert_false(zclnd_eq_poll(pair.side[LIBPAIR_LEFT].eq, &event));
	g_assert_false(zclnd_eq_wait(pair.side[LIBPAIR_LEFT].eq, &event, 1000000));
	libpair_attach(&pair.side[LIBPAIR_RIGHT], ZCLND_MD_PUT | ZCLND_MD_REMOTE_OFFSET, 0, to,
		       sizeof(to));
	libpair_put(&pair, LIBPAIR_LEFT, from, sizeof(from), false);
	g_assert_cmpint(poll(&pollfd, 1, 20000), ==, 1);
	g_assert_true(zclnd_eq_poll(pair.side[LIBPAIR_LEFT].eq, &event));
	g_assert_true(event.kind == ZCLND_EV_SEND && event.final);
	g_assert_cmpint(poll(&pollfd, 1, 0), ==, 0);
	libpair_close(&pair);
}

/* A queue that nobody reads loses what peers cause, and nothing else. */
static void test_queue_full(void)
{
	static char to[8], from[8];
	struct libside right;
	struct libpair pair;
	struct zclnd_event event;
	unsigned puts = 0, ends = 0;

	libpair_open(&pair, 1);
	right = pair.side[LIBPAIR_RIGHT];
	libpair_attach(&right, ZCLND_MD_PUT | ZCLND_MD_REMOTE_OFFSET, 0, to, sizeof(to));
	for (int i = 0; i < 1100; i++) {
		libpair_put(&pair, LIBPAIR_LEFT, from, sizeof(from), true);
		libpair_next_of(&pair.side[LIBPAIR_LEFT], ZCLND_EV_ACK);
	}
	zclnd_stop(right.z);
	while (zclnd_eq_poll(right.eq, &event)) {
		puts += event.kind == ZCLND_EV_PUT;
		ends += event.unlinked;
	}
	g_assert_cmpuint(puts, ==, 1000);
	g_assert_cmpuint(zclnd_eq_lost(right.eq), ==, 100);
	g_assert_cmpuint(ends, ==, 1);
	libpair_close(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lib/queue", test_queue);
	g_test_add_func("/lib/queue-full", test_queue_full);
	return g_test_run();
}
