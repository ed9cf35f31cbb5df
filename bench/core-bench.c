/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "core/node.h"

/*
 * What a message costs in the core alone: pack, queue, piggyback, unpack, ACK, release. Two nodes
 * hand their bytes to each other in memory; the ways run interleaved, and what counts is their
 * ratio. Allocations during the measured part are counted.
 */

#define ROUNDS	9
#define WINDOW	8
#define PAYLOAD 64

struct way {
	const char *name;
	uint32_t version;
	bool zc_requests;
	bool checksum;
	double best, sum[ROUNDS];
	size_t allocations;
};

struct side {
	struct zcl_node *node;
	struct zcl_conn *conn;
	struct side *other;
	size_t done;
	bool awake;
};

/* ---- counting allocations ---- */

static size_t allocations;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_ALLOCATIONS 1
extern void *__libc_malloc(size_t size);
void *malloc(size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

extern void *__libc_calloc(size_t n, size_t size);
void *calloc(size_t n, size_t size);

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

extern void *__libc_realloc(void *p, size_t size);
void *realloc(void *p, size_t size);

void *realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}
#else
#define COUNTS_ALLOCATIONS 0
#endif

/* ---- two nodes ---- */

static void on_connect(void *user, struct zcl_conn *conn)
{
	((struct side *)user)->conn = conn;
}

static void on_end(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_wake(void *user, struct zcl_conn *conn)
{
	(void)conn;
	((struct side *)user)->awake = true;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	if (event->kind == ZCL_LNET_EV_SEND)
		((struct side *)user)->done++;
}

static const struct zcl_callbacks callbacks = {
	.connect = on_connect,
	.close = on_end,
	.abort = on_end,
	.wake_tx = on_wake,
	.wake_rx = on_end,
	.deliver = on_deliver,
};

static bool pump(struct side *from)
{
	struct zcl_tx_batch batch;
	bool moved = false;

	if (!from->awake)
		return false;
	while (zcl_conn_tx_batch(from->conn, &batch)) {
		for (size_t i = 0; i < batch.niov; i++)
			zcl_conn_rx_push(from->other->conn, batch.iov[i].iov_base,
					 batch.iov[i].iov_len, 0);
		zcl_conn_tx_advance(from->conn, batch.nob, false, 0);
		moved = true;
	}
	from->awake = false;
	return moved;
}

static void settle(struct side *a, struct side *b)
{
	while (pump(a) | pump(b))
		;
}

static void attach_sink(struct zcl_node *node)
{
	const struct zcl_attach sink = {.portal = 1,
					.ignore_bits = UINT64_MAX,
					.peer = ZCL_NID_ANY,
					.options = ZCL_MD_PUT | ZCL_MD_TRUNCATE};
	uint64_t id;

	if (zcl_lnet_attach(node, &sink, &id, 0) != ZCL_OK)
		g_error("cannot attach the sink");
}

static void side_init(struct side *s, const struct way *way, uint8_t last)
{
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = zcl_nid_tcp(0x0a000000u + last, 0);
	config.incarnation = last;
	config.max_version = way->version;
	config.zc_requests = way->zc_requests;
	config.checksum = way->checksum;
	config.zc_min_payload = PAYLOAD;
	config.typed = false;
	*s = (struct side){.node = zcl_node_new(&config, &callbacks, s, NULL)};
	attach_sink(s->node);
}

static void put(struct side *from)
{
	static uint8_t payload[PAYLOAD];
	const struct iovec iov = {payload, sizeof(payload)};
	const struct zcl_put p = {.target = zcl_node_config(from->other->node)->nid,
				  .portal = 1,
				  .iov = &iov,
				  .niov = 1};

	if (zcl_lnet_put(from->node, &p, 0) != ZCL_OK)
		g_error("a PUT was refused");
}

/* Both sides send a window of messages, again and again; each message is ACKed and released. */
static void traffic(struct side *a, struct side *b, size_t messages)
{
	for (size_t i = 0; i < messages; i += 2 * WINDOW) {
		for (int w = 0; w < WINDOW; w++) {
			put(a);
			put(b);
		}
		settle(a, b);
	}
}

static double run(struct way *way, size_t messages)
{
	struct side a, b;
	gint64 start, end;
	size_t before;

	side_init(&a, way, 1);
	side_init(&b, way, 2);
	a.other = &b;
	b.other = &a;
	zcl_node_connect(a.node, zcl_node_config(b.node)->nid, 0);
	b.conn = zcl_node_accepted(b.node, NULL, 0);
	zcl_conn_connected(a.conn, 0);
	settle(&a, &b);
	traffic(&a, &b, 4 * WINDOW); /* until a steady state is reached */
	before = allocations;
	start = g_get_monotonic_time();
	traffic(&a, &b, messages);
	end = g_get_monotonic_time();
	way->allocations += allocations - before;

	zcl_node_shutdown(a.node, 0);
	zcl_node_shutdown(b.node, 0);
	zcl_conn_gone(a.conn, 0);
	zcl_conn_gone(b.conn, 0);
	zcl_node_free(a.node);
	zcl_node_free(b.node);
	return (double)(end - start) * 1000 / (double)messages;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(struct way *ways, size_t n, size_t messages)
{
	for (size_t i = 0; i < n; i++) {
		qsort(ways[i].sum, ROUNDS, sizeof(double), compare);
		ways[i].best = ways[i].sum[0];
	}
	g_print("%zu messages of %d B, %d rounds interleaved; ratios against the first way\n",
		messages, PAYLOAD, ROUNDS);
	g_print("%-28s %10s %10s %8s %8s %14s\n", "way", "best ns", "median ns", "best", "median",
		"allocations");
	for (size_t i = 0; i < n; i++) {
		const double median = ways[i].sum[ROUNDS / 2];

		g_print("%-28s %10.1f %10.1f %8.2f %8.2f %14s\n", ways[i].name, ways[i].best,
			median, ways[i].best / ways[0].best, median / ways[0].sum[ROUNDS / 2],
			!COUNTS_ALLOCATIONS   ? "not counted"
			: ways[i].allocations ? "SOME"
					      : "none");
	}
}

int main(int argc, char **argv)
{
	struct way ways[] = {
		{.name = "V1", .version = ZCL_V1},
		{.name = "V2, no ZC requests", .version = ZCL_V2},
		{.name = "V2, ZC-ACK for each", .version = ZCL_V2, .zc_requests = true},
		{.name = "V2, ZC-ACK and checksum",
		 .version = ZCL_V2,
		 .zc_requests = true,
		 .checksum = true},
	};
	const size_t messages = argc > 1 ? (size_t)g_ascii_strtoull(argv[1], NULL, 10) : 200000;

	if (messages < 2 * WINDOW) {
		g_printerr("usage: core-bench [MESSAGES [WAY]]   (at least %d messages; ways count "
			   "from 0)\n",
			   2 * WINDOW);
		return 2;
	}
	/* One way alone, for a profiler. */
	if (argc > 2) {
		run(&ways[g_ascii_strtoull(argv[2], NULL, 10) % G_N_ELEMENTS(ways)], messages);
		return 0;
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < G_N_ELEMENTS(ways); i++)
			ways[i].sum[round] = run(&ways[i], messages);
	}
	report(ways, G_N_ELEMENTS(ways), messages);
	return 0;
}
