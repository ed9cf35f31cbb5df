/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>
#include <sys/epoll.h>

#include "core/fault.h"
#include "real/fault.h"
#include "real/mem.h"
#include "real/net.h"
#include "real/pattern.h"
#include "tests/real/late.h"

/*
 * The two releases. The owner overwrites each buffer the instant that it is his again; the other
 * side stands still at some byte of the stream, the connection ends in some way, and only then does
 * it read what is queued. It must never see a byte that was written after the submission, whatever
 * way the bytes went. Nodes that are broken on purpose show that it would be noticed.
 */

#define MESSAGES  3
#define SIZE	  ((size_t)64 * 1024)
#define UNALIGNED (SIZE + 104) /* messages share pages */
#define OVERWRITE 0xdb
#define HANDSHAKE 72 /* bytes before the first message: acceptor request, HELLO */
#define FROZEN_NS INT64_C(60000000)

enum memory { PLAIN, OWN, GIVEN, DISK_FILE };

struct route {
	const char *name;
	enum zway way;
	enum memory memory;
	uint32_t version;
	enum zcl_way expect;
};

static const struct route routes[] = {
	{"copy", ZWAY_COPY, PLAIN, ZCL_V2, ZCL_WAY_COPY},
	{"zerocopy", ZWAY_ZEROCOPY, PLAIN, ZCL_V2, ZCL_WAY_ZEROCOPY},
	{"splice-own", ZWAY_SPLICE, OWN, ZCL_V2, ZCL_WAY_SPLICE},
	{"splice-file", ZWAY_SPLICE, DISK_FILE, ZCL_V2, ZCL_WAY_SPLICE},
	{"splice-given", ZWAY_SPLICE, GIVEN, ZCL_V2, ZCL_WAY_SPLICE},
	{"auto", ZWAY_AUTO, OWN, ZCL_V2, ZCL_WAY_LAST}, /* one after the other */
	{"copy-v1", ZWAY_COPY, PLAIN, ZCL_V1, ZCL_WAY_COPY},
	{"zerocopy-v1", ZWAY_ZEROCOPY, PLAIN, ZCL_V1, ZCL_WAY_ZEROCOPY},
	{"splice-v1", ZWAY_SPLICE, OWN, ZCL_V1, ZCL_WAY_COPY},
};

static const char *const endings[LATE_LAST] = {
	[LATE_BREAKS] = "breaks", [LATE_FREEZES] = "freezes",  [LATE_RESETS] = "resets",
	[LATE_ENDS] = "ends",	  [LATE_CLOSED] = "is-closed",
};

struct run {
	const struct route *route;
	enum late_ending ending;
	size_t message, offset; /* where the other side stands still */
	size_t stride;
	int small_buffer; /* SO_RCVBUF of the other side; 0: the system's */
	uint32_t core_faults, real_faults;
};

struct rig {
	struct zloop *loop;
	struct zloop_timer guard;
	struct zreal_node *node;
	struct late late;
	struct zmem *mem;
	uint8_t *memory;
	size_t bytes;
	unsigned final, failed;
	bool down;
};

/* ---- the sender's memory ------------------------------------------------------------ */

static bool get_memory(struct rig *r, enum memory kind)
{
	r->bytes = MESSAGES * UNALIGNED + SIZE;
	r->bytes &= ~(zmem_page() - 1);
	switch (kind) {
	case PLAIN:
		r->memory = g_malloc(r->bytes);
		return true;
	case OWN:
		r->mem = zmem_new(r->bytes, NULL);
		break;
	case GIVEN:
		r->memory = late_pages(r->bytes);
		r->mem = zmem_give(r->memory, r->bytes, NULL);
		break;
	case DISK_FILE:
		r->mem = late_file(r->bytes);
		break;
	}
	g_assert_nonnull(r->mem);
	r->memory = zmem_data(r->mem);
	return zmem_splices(r->mem);
}

static void put_memory(struct rig *r, enum memory kind)
{
	zmem_free(r->mem);
	if (kind == GIVEN)
		late_pages_free(r->memory, r->bytes);
	if (kind == PLAIN)
		g_free(r->memory);
}

/* ---- the sender --------------------------------------------------------------------- */

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct rig *r = user;

	if (event->kind == ZCL_LNET_EV_SEND)
		memset(event->user, OVERWRITE, SIZE);
	r->final += event->final;
	r->failed += event->final && event->status;
	zloop_stop(r->loop);
}

static void hangs(void *data)
{
	(void)data;
	g_error("what is waited for does not happen");
}

static void start_sender(struct rig *r, const struct run *run)
{
	const uint32_t address = late_address();
	struct zreal_options options;

	zreal_options_init(&options, zcl_nid_tcp(address, 0));
	options.listens = false;
	options.way = run->route->way;
	options.faults = run->real_faults;
	options.core.faults = run->core_faults;
	options.core.typed = false;
	options.core.max_version = run->route->version;
	if (run->ending == LATE_FREEZES)
		options.core.socket_timeout = FROZEN_NS;
	options.deliver = on_deliver;
	options.user = r;
	r->node = zreal_node_new(r->loop, &options, NULL);
	g_assert_nonnull(r->node);
}

static void put(struct rig *r, size_t number, size_t stride)
{
	uint8_t *buffer = r->memory + number * stride;
	const struct iovec iov = {buffer, SIZE};
	const struct zcl_put put = {
		.target = late_nid(&r->late),
		.portal = LATE_PORTAL,
		.hdr_data = number,
		.offset = (uint32_t)(number * SIZE),
		.iov = &iov,
		.niov = 1,
		.user = buffer,
	};

	zpattern_fill(buffer, SIZE, number);
	g_assert_cmpint(zcl_lnet_put(zreal_node_core(r->node), &put, zreal_node_now(r->node)), ==,
			ZCL_OK);
	zreal_node_kick(r->node);
}

static void is_down(void *data)
{
	struct rig *r = data;

	r->down = true;
	zloop_stop(r->loop);
}

/* ---- one run ------------------------------------------------------------------------ */

static void run_until(struct rig *r, bool (*done)(const struct rig *r))
{
	while (!done(r))
		zloop_run(r->loop);
}

static bool stands_still(const struct rig *r)
{
	return r->late.stands_still;
}

static bool all_back(const struct rig *r)
{
	return r->final == MESSAGES;
}

static bool is_gone(const struct rig *r)
{
	return r->down && r->late.finished;
}

/* Bytes at the other side that are neither what was submitted nor what was there before. */
static size_t count_wrong(const struct late *late)
{
	uint8_t *want = g_malloc(SIZE);
	size_t wrong = 0;

	for (size_t m = 0; m < MESSAGES; m++) {
		const uint8_t *got = late->sink + m * SIZE;

		zpattern_fill(want, SIZE, m);
		for (size_t i = 0; i < SIZE; i++)
			wrong += got[i] != want[i] && got[i] != LATE_EMPTY;
	}
	g_free(want);
	return wrong;
}

static void check_way(const struct rig *r, const struct run *run)
{
	const struct zcl_stats *stats = zcl_node_stats(zreal_node_core(r->node));

	for (enum zcl_way way = 0; way < ZCL_WAY_LAST; way++) {
		if (run->route->expect == ZCL_WAY_LAST)
			break;
		if (way == run->route->expect)
			g_assert_cmpuint(stats->zc_bytes[way], >, 0);
		else
			g_assert_cmpuint(stats->zc_bytes[way], ==, 0);
	}
	g_assert_cmpuint(zreal_node_stats(r->node)->pinned, ==, 0);
	g_assert_cmpuint(zreal_node_stats(r->node)->way.undetached, ==, 0);
}

/* Returns the number of wrong bytes that the other side read. */
static size_t run_once(const struct run *run)
{
	const size_t message = SIZE + (run->route->version == ZCL_V1 ? 72 : 96);
	const size_t stop = HANDSHAKE + run->message * message + (message - SIZE) + run->offset;
	struct sockaddr_in address;
	struct rig r = {.loop = zloop_new()};
	size_t wrong;

	r.guard = (struct zloop_timer){.fn = hangs};
	zloop_timer_set(r.loop, &r.guard, zloop_now() + INT64_C(30000000000));
	g_assert_true(get_memory(&r, run->route->memory));
	late_start(&r.late, r.loop, run->route->version, MESSAGES * SIZE, stop, run->small_buffer);
	start_sender(&r, run);
	address = late_listens(&r.late);
	zreal_node_set_peer(r.node, late_nid(&r.late), &address);
	for (size_t i = 0; i < MESSAGES; i++)
		put(&r, i, run->stride);
	run_until(&r, stands_still);
	late_end(&r.late, run->ending);
	if (run->ending == LATE_CLOSED)
		zreal_node_shutdown(r.node, is_down, &r);
	run_until(&r, all_back);
	late_read_on(&r.late);
	if (run->ending != LATE_CLOSED)
		zreal_node_shutdown(r.node, is_down, &r);
	run_until(&r, is_gone);
	check_way(&r, run);
	wrong = count_wrong(&r.late);
	zreal_node_free(r.node);
	late_stop(&r.late);
	put_memory(&r, run->route->memory);
	zloop_timer_cancel(r.loop, &r.guard);
	zloop_free(r.loop);
	return wrong;
}

/* At bytes of the first message and of later ones, aligned and not, with much and little queued. */
static size_t run_all(struct run run)
{
	static const size_t offsets[] = {0, 1, 4095, 4096, 20000, 40001, 61440, 65535, 65536 - 8};
	size_t wrong = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++) {
		/* A time-out takes its time. */
		if (run.ending == LATE_FREEZES && i % 3 != 1)
			continue;
		run.offset = offsets[i];
		run.message = i % MESSAGES;
		run.stride = i % 2 ? UNALIGNED : SIZE;
		run.small_buffer = i % 4 == 3 ? 8192 : 0;
		wrong += run_once(&run);
	}
	return wrong;
}

static bool can_use(enum memory memory)
{
	struct rig r = {0};
	const bool can = get_memory(&r, memory);

	put_memory(&r, memory);
	if (!can)
		g_test_skip("pages of a file on this file system cannot be replaced");
	return can;
}

struct test {
	const struct route *route;
	enum late_ending ending;
};

static void test_release(const void *data)
{
	const struct test *test = data;

	if (can_use(test->route->memory))
		g_assert_cmpuint(
			run_all((struct run){.route = test->route, .ending = test->ending}), ==, 0);
}

/* ---- that it would be noticed ------------------------------------------------------- */

static const struct route *route_named(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		if (!strcmp(routes[i].name, name))
			return &routes[i];
	}
	g_assert_not_reached();
}

static void test_too_early(const void *data)
{
	const struct route *route = route_named(data);

	if (!can_use(route->memory))
		return;
	g_assert_cmpuint(run_all((struct run){.route = route,
					      .ending = LATE_ENDS,
					      .core_faults = ZCL_FAULT_RELEASE_ON_SEND}),
			 >, 0);
}

/* However the connection ended: it is the detach that keeps what was written later from being read.
 */
static void test_not_detached(const void *data)
{
	static const enum late_ending after[] = {LATE_BREAKS, LATE_FREEZES, LATE_ENDS, LATE_CLOSED};
	const struct route *route = route_named(data);

	if (!can_use(route->memory))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(after); i++)
		g_assert_cmpuint(run_all((struct run){.route = route,
						      .ending = after[i],
						      .real_faults = ZREAL_FAULT_NO_DETACH}),
				 >, 0);
}

int main(int argc, char **argv)
{
	static const char *const spliced[] = {"splice-own", "splice-file", "splice-given"};
	static struct test tests[G_N_ELEMENTS(routes)][LATE_LAST];
	char path[80];

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		for (enum late_ending e = 0; e < LATE_LAST; e++) {
			tests[i][e] = (struct test){&routes[i], e};
			g_snprintf(path, sizeof(path), "/release/%s/peer-%s", routes[i].name,
				   endings[e]);
			g_test_add_data_func(path, &tests[i][e], test_release);
		}
	}
	for (size_t i = 0; i < G_N_ELEMENTS(spliced); i++) {
		g_snprintf(path, sizeof(path), "/release/noticed/too-early/%s", spliced[i]);
		g_test_add_data_func(path, spliced[i], test_too_early);
		g_snprintf(path, sizeof(path), "/release/noticed/not-detached/%s", spliced[i]);
		g_test_add_data_func(path, spliced[i], test_not_detached);
	}
	return g_test_run();
}
