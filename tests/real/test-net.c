/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/real/pair.h"

/* Two real nodes on loopback: what they move, and how attempts end that come to nothing. */

#define BULKS 12

struct mode {
	const char *name;
	uint32_t left, right; /* versions */
	bool untyped, checksum, registered;
	enum zway way;
	/* What the last messages went by, and why. */
	enum zcl_way by;
	enum zcl_why why;
};

static const struct mode modes[] = {
	/* The kernel always copies on loopback, and says so: not worth the trouble for long. */
	{"v2/auto", 2, 2, false, false, false, ZWAY_AUTO, ZCL_WAY_COPY, ZCL_WHY_COPIED},
	{"v2/auto-registered", 2, 2, false, false, true, ZWAY_AUTO, ZCL_WAY_SPLICE,
	 ZCL_WHY_REGISTERED},
	{"v2/copy", 2, 2, false, false, true, ZWAY_COPY, ZCL_WAY_COPY, ZCL_WHY_ASKED},
	{"v2/zerocopy", 2, 2, false, false, false, ZWAY_ZEROCOPY, ZCL_WAY_ZEROCOPY, ZCL_WHY_ASKED},
	{"v2/splice", 2, 2, false, false, true, ZWAY_SPLICE, ZCL_WAY_SPLICE, ZCL_WHY_ASKED},
	{"v2/splice-other-memory", 2, 2, false, false, false, ZWAY_SPLICE, ZCL_WAY_COPY,
	 ZCL_WHY_UNREGISTERED},
	{"v2/untyped", 2, 2, true, false, false, ZWAY_AUTO, ZCL_WAY_COPY, ZCL_WHY_COPIED},
	{"v2/untyped-splice", 2, 2, true, false, true, ZWAY_SPLICE, ZCL_WAY_SPLICE, ZCL_WHY_ASKED},
	{"v2/checksum", 2, 2, false, true, false, ZWAY_ZEROCOPY, ZCL_WAY_ZEROCOPY, ZCL_WHY_ASKED},
	{"v2/checksum-splice", 2, 2, false, true, true, ZWAY_SPLICE, ZCL_WAY_SPLICE, ZCL_WHY_ASKED},
	{"v1/auto", 1, 1, false, false, false, ZWAY_AUTO, ZCL_WAY_COPY, ZCL_WHY_COPIED},
	{"v1/auto-registered", 1, 1, false, false, true, ZWAY_AUTO, ZCL_WAY_COPY, ZCL_WHY_COPIED},
	{"v1/zerocopy", 1, 1, false, false, false, ZWAY_ZEROCOPY, ZCL_WAY_ZEROCOPY, ZCL_WHY_ASKED},
	{"v1/splice", 1, 1, false, false, true, ZWAY_SPLICE, ZCL_WAY_COPY, ZCL_WHY_NO_ACK},
	{"v1/untyped", 1, 1, true, false, false, ZWAY_COPY, ZCL_WAY_COPY, ZCL_WHY_ASKED},
	{"v2-calls-v1", 2, 1, false, false, false, ZWAY_AUTO, ZCL_WAY_COPY, ZCL_WHY_COPIED},
	{"v1-calls-v2", 1, 2, false, false, false, ZWAY_AUTO, ZCL_WAY_COPY, ZCL_WHY_COPIED},
};

static bool set_is_up(const struct pair *pair)
{
	const unsigned whole = pair->end[LEFT].options.core.typed ? 3 : 1;

	return pair->end[LEFT].counts[ZCL_EV_CONN_UP] == whole &&
	       pair->end[RIGHT].counts[ZCL_EV_CONN_UP] == whole;
}

/* Whoever reads the buffer after its release reads this. */
static void overwrite(struct pair_end *end, const struct zcl_lnet_event *event)
{
	(void)end;
	if (event->kind == ZCL_LNET_EV_SEND && event->user)
		memset(event->user, 0xdb, 64 * 1024);
}

static void apply(struct pair *pair, const struct mode *mode)
{
	const uint32_t versions[2] = {mode->left, mode->right};

	for (int i = 0; i < 2; i++) {
		struct zreal_options *options = &pair->end[i].options;

		options->core.max_version = versions[i];
		options->core.typed = !mode->untyped;
		options->core.checksum = mode->checksum;
		options->way = mode->way;
	}
}

static void check_sums(const struct pair *pair, const struct mode *mode)
{
	const struct pair_end *left = &pair->end[LEFT], *right = &pair->end[RIGHT];
	const struct zcl_stats *sent = zcl_node_stats(zreal_node_core(left->node));
	const struct zreal_stats *real = zreal_node_stats(left->node);
	const bool v2 = mode->left == ZCL_V2 && mode->right == ZCL_V2;

	g_assert_cmpuint(left->failed, ==, 0);
	g_assert_cmpuint(left->acks, ==, BULKS);
	g_assert_cmpuint(right->sink.puts, ==, BULKS);
	g_assert_cmpuint(right->sink.corrupt, ==, 0);
	g_assert_cmpuint(sent->zc_requests, ==, v2 ? BULKS : 0);
	g_assert_cmpuint(sent->acks_received, ==, sent->zc_requests);
	g_assert_cmpuint(sent->buffers_released, ==, BULKS);
	g_assert_cmpuint(real->pinned, ==, 0);
	g_assert_cmpuint(real->way.completions, ==, real->way.sends[ZCL_WAY_ZEROCOPY]);
	g_assert_cmpuint(sent->zc_messages[mode->by][mode->why], >, 0);
	if (mode->why != ZCL_WHY_COPIED)
		g_assert_cmpuint(sent->zc_messages[mode->by][mode->why], ==, BULKS);
	else
		g_assert_cmpuint(real->way.sends[ZCL_WAY_ZEROCOPY], >, 0);
	if (!v2)
		g_assert_cmpuint(real->way.sends[ZCL_WAY_SPLICE], ==, 0);
	/* In place: no more than headers and a little of what follows goes by way of scratch. */
	g_assert_cmpuint(zreal_node_stats(right->node)->direct_bytes, >, BULKS * ZCL_LNET_MTU / 2);
}

static void test_bulk(const void *data)
{
	const struct mode *mode = data;
	uint8_t *memory;
	struct pair pair;

	pair_init(&pair);
	apply(&pair, mode);
	pair.end[LEFT].on_event = overwrite;
	pair_start_both(&pair);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, pair_settled);
	g_assert_cmpuint(pair.end[LEFT].ping.nnis, ==, 2);
	g_assert_cmpuint(pair.end[LEFT].ping.ni[1].nid, ==, pair.end[RIGHT].nid);
	pair_wait(&pair, set_is_up);
	memory = pair_memory(&pair, BULKS, mode->registered);
	for (unsigned i = 0; i < BULKS; i++)
		pair_put(&pair, LEFT, memory + i * ZCL_LNET_MTU, ZCL_LNET_MTU, i, true);
	pair_wait(&pair, pair_settled);
	check_sums(&pair, mode);
	pair_clear(&pair);
	pair_memory_free(&pair, memory);
}

/* Both sides at once, sizes around every threshold, from any place in registered memory. */
static void test_both_ways(const void *data)
{
	static const size_t sizes[BULKS] = {1,	   63,	  1023,	 1024,	 4095,	  16383,
					    16384, 16385, 65536, 131072, 1048575, 1048576};
	uint8_t *memory;
	struct pair pair;

	pair_init(&pair);
	pair.end[LEFT].options.way = pair.end[RIGHT].options.way = (enum zway)GPOINTER_TO_INT(data);
	memory = pair_memory(&pair, 4, true);
	pair_start_both(&pair);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, set_is_up);
	pair_wait(&pair, pair_settled);
	for (unsigned i = 0; i < BULKS; i++) {
		for (int side = 0; side < 2; side++) {
			pair_put(&pair, side, memory + (size_t)(2 * side) * ZCL_LNET_MTU + 1000 * i,
				 sizes[i], i, true);
		}
		/* One of each at a time: they share the sink, but not the connection. */
		pair_wait(&pair, pair_settled);
	}
	for (int side = 0; side < 2; side++) {
		g_assert_cmpuint(pair.end[side].failed, ==, 0);
		g_assert_cmpuint(pair.end[side].sink.puts, ==, BULKS);
		g_assert_cmpuint(pair.end[side].sink.corrupt, ==, 0);
	}
	pair_clear(&pair);
	pair_memory_free(&pair, memory);
}

static bool left_has_none(const struct pair *pair)
{
	return zreal_node_stats(pair->end[LEFT].node)->conns == 0;
}

static void test_refused(void)
{
	struct pair pair;
	struct sockaddr_in nobody;
	int fd;

	pair_init(&pair);
	pair_start(&pair, LEFT);
	/* An address that was free a moment ago, and nobody else's. */
	nobody = zsock_addr(zcl_nid_addr(pair.end[RIGHT].nid), 0);
	fd = zsock_listen(&nobody);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	zreal_node_set_peer(pair.end[LEFT].node, pair.end[RIGHT].nid, &nobody);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, pair_settled);
	g_assert_cmpint(pair.end[LEFT].error, ==, ZCL_E_REFUSED);
	pair_wait(&pair, left_has_none);
	pair_clear(&pair);
}

static void test_unknown_peer(void)
{
	struct pair pair;

	pair_init(&pair);
	pair_start(&pair, LEFT);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, pair_settled);
	g_assert_cmpint(pair.end[LEFT].error, ==, ZCL_E_UNREACHABLE);
	pair_clear(&pair);
}

/* The V1 node says which version it speaks, or (pre-2007) closes without a word. */
static void test_version_refused(const void *data)
{
	const enum zcl_refusal refuses =
		GPOINTER_TO_INT(data) ? ZCL_REFUSE_ABORT : ZCL_REFUSE_REPLY;
	struct zcl_peer_info info;
	struct pair pair;

	pair_init(&pair);
	pair.end[RIGHT].options.core.max_version = ZCL_V1;
	pair.end[RIGHT].options.core.refuses = refuses;
	pair_start_both(&pair);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, pair_settled);
	g_assert_cmpuint(pair.end[RIGHT].counts[ZCL_EV_REFUSE], >=, 1);
	g_assert_cmpuint(pair.end[LEFT].counts[ZCL_EV_FALLBACK], ==, 1);
	g_assert_cmpint(zcl_node_peer_info(zreal_node_core(pair.end[LEFT].node),
					   pair.end[RIGHT].nid, &info),
			==, ZCL_OK);
	g_assert_cmpuint(info.version, ==, ZCL_V1);
	g_assert_cmpint(info.version_told, ==, refuses == ZCL_REFUSE_REPLY);
	pair_clear(&pair);
}

/* accept=secure closes a caller from an ordinary port before it reads anything. */
static void test_secure(void)
{
	struct pair pair;

	pair_init(&pair);
	pair.end[LEFT].options.core.max_version = ZCL_V1; /* a close is no hint to fall back */
	pair.end[RIGHT].options.accept = ZREAL_ACCEPT_SECURE;
	pair_start_both(&pair);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, pair_settled);
	g_assert_cmpuint(pair.end[LEFT].failed, ==, 1);
	g_assert_cmpuint(zreal_node_stats(pair.end[RIGHT].node)->refused_unreserved, ==, 1);
	g_assert_cmpuint(pair.end[RIGHT].counts[ZCL_EV_ACCEPT], ==, 0);
	pair_clear(&pair);
}

static bool right_has_none(const struct pair *pair)
{
	return pair->end[RIGHT].counts[ZCL_EV_PROTOCOL_ERROR] == 1 &&
	       zreal_node_stats(pair->end[RIGHT].node)->conns == 0;
}

/* Bytes of another protocol: closed, and that is all. */
static void test_stranger(void)
{
	static const char bytes[] = "GET / HTTP/1.1\r\n";
	struct sockaddr_in addr;
	struct pair pair;
	char byte;
	int fd;

	pair_init(&pair);
	pair_start(&pair, RIGHT);
	addr = zreal_node_address(pair.end[RIGHT].node);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
	g_assert_cmpint(send(fd, bytes, sizeof(bytes), 0), ==, sizeof(bytes));
	pair_wait(&pair, right_has_none);
	g_assert_cmpint(recv(fd, &byte, 1, 0), <=, 0);
	close(fd);
	pair_clear(&pair);
}

static bool right_holds(const struct pair *pair)
{
	return zreal_node_stats(pair->end[RIGHT].node)->held > 0;
}

/* As many callers as may be in a handshake: the next one waits, and does not take it for a V1. */
static void test_held(void)
{
	struct sockaddr_in addr;
	struct pair pair;
	int fd;

	pair_init(&pair);
	pair.end[RIGHT].options.core.max_handshakes = 1;
	pair_start_both(&pair);
	addr = zreal_node_address(pair.end[RIGHT].node);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, right_holds);
	g_assert_cmpuint(pair.end[LEFT].replies, ==, 0);
	close(fd); /* it had said nothing */
	pair_wait(&pair, pair_settled);
	g_assert_cmpuint(pair.end[LEFT].replies, ==, 1);
	g_assert_cmpuint(pair.end[LEFT].counts[ZCL_EV_FALLBACK], ==, 0);
	g_assert_cmpuint(zreal_node_stats(pair.end[RIGHT].node)->refused_limit, ==, 0);
	pair_clear(&pair);
}

static bool one_turned_away(const struct pair *pair)
{
	return zreal_node_stats(pair->end[RIGHT].node)->refused_files == 1;
}

/*
 * Calls the right end, which has no descriptor for the caller; returns the caller's, and what the
 * limit was.
 */
static int call_without_descriptors(const struct pair *pair, struct rlimit *old)
{
	const struct sockaddr_in addr = zreal_node_address(pair->end[RIGHT].node);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	const int next = dup(fd);
	struct rlimit tight;

	close(next);
	getrlimit(RLIMIT_NOFILE, old);
	tight = (struct rlimit){(rlim_t)next, old->rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &tight), ==, 0);
	g_assert_cmpint(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), ==, 0);
	return fd;
}

/* No descriptor is left for a caller: it is turned away, and the next one is served. */
static void test_no_descriptors(void)
{
	struct rlimit old;
	struct pair pair;
	int fd;

	pair_init(&pair);
	pair_start_both(&pair);
	fd = call_without_descriptors(&pair, &old);
	pair_wait(&pair, one_turned_away);
	setrlimit(RLIMIT_NOFILE, &old);
	close(fd);
	pair_ping(&pair, LEFT);
	pair_wait(&pair, pair_settled);
	g_assert_cmpuint(pair.end[LEFT].replies, ==, 1);
	pair_clear(&pair);
}

static bool right_accepted(const struct pair *pair)
{
	return zreal_node_stats(pair->end[RIGHT].node)->accepted == 1;
}

/* Not even the spare one is left, which another thread took: the caller waits for a descriptor. */
static void test_no_spare(void)
{
	struct rlimit old;
	struct pair pair;
	int fd;

	pair_init(&pair);
	pair.end[RIGHT].options.no_spare = true;
	pair_start_both(&pair);
	fd = call_without_descriptors(&pair, &old);
	pair_wait(&pair, right_holds);
	setrlimit(RLIMIT_NOFILE, &old);
	/* Nothing else happens that would make the node look. */
	pair_wait(&pair, right_accepted);
	g_assert_cmpuint(zreal_node_stats(pair.end[RIGHT].node)->refused_files, ==, 0);
	close(fd);
	pair_clear(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		char *path = g_strconcat("/net/bulk/", modes[i].name, NULL);

		g_test_add_data_func(path, &modes[i], test_bulk);
		g_free(path);
	}
	for (enum zway way = 0; way < ZWAY_LAST; way++) {
		char *path = g_strconcat("/net/both-ways/", zway_name(way), NULL);

		g_test_add_data_func(path, GINT_TO_POINTER(way), test_both_ways);
		g_free(path);
	}
	g_test_add_func("/net/refused", test_refused);
	g_test_add_func("/net/unknown-peer", test_unknown_peer);
	g_test_add_data_func("/net/version-refused/reply", GINT_TO_POINTER(0),
			     test_version_refused);
	g_test_add_data_func("/net/version-refused/abort", GINT_TO_POINTER(1),
			     test_version_refused);
	g_test_add_func("/net/secure", test_secure);
	g_test_add_func("/net/stranger", test_stranger);
	g_test_add_func("/net/held", test_held);
	g_test_add_func("/net/no-descriptors", test_no_descriptors);
	g_test_add_func("/net/no-spare", test_no_spare);
	return g_test_run();
}
