/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>

#include "core/node.h"

/*
 * What a message costs in the core alone: pack, queue, piggyback, unpack, ACK, release.
 *
 * One message is one PUT of 64 B, from zcl_lnet_put to the event that gives its buffer back, with
 * all that both nodes do for it: operation, header, queue, batch, parsing, matching, the copy into
 * the attached buffer, the event there; where there are ZC requests also its cookie, the ZC-ACK of
 * it (half of them ride on messages of the other direction, half need a NOOP), and the release.
 * Both sides send `window` messages, then the bytes go to and fro until all is quiet. Between the
 * nodes the bytes of a batch that is not one piece are copied into one, as a socket would. The ways
 * run interleaved, and what counts is their ratio. Allocations during the measured part are
 * counted.
 */

#define ROUNDS	 9
#define PAYLOAD	 64
#define MAX_WIRE (256 * 1024)

enum stage {
	SUBMIT,	 /* operation, header, cookie, queue */
	SEND,	 /* batch, what went out */
	WIRE,	 /* the copy between the nodes */
	RECEIVE, /* parse, match, deliver, ACK; the other's ACKs, release */
	STAGES
};

struct way {
	const char *name;
	uint32_t version;
	bool zc_requests;
	bool checksum;
	size_t window;
	size_t idle; /* other connections of each node, from as many peers */
	double ns[ROUNDS];
	size_t allocations;
};

struct side {
	struct zcl_node *node;
	struct zcl_conn *conn;
	struct side *other;
	size_t done;
	int64_t now;
	bool awake;
	GPtrArray *idle;
	uint8_t sink[PAYLOAD];
};

/* Where the time goes, when `on`; looking at the clock costs more than many a stage. */
struct clock {
	bool on;
	int64_t ns[STAGES], last;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* What passed since the last call was this stage. */
static void stamp(struct clock *clock, enum stage stage)
{
	int64_t now;

	if (!clock->on)
		return;
	now = now_ns();
	clock->ns[stage] += now - clock->last;
	clock->last = now;
}

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

static const uint8_t *in_one_piece(const struct zcl_tx_batch *batch, uint8_t *wire)
{
	size_t len = 0;

	g_assert(batch->nob <= MAX_WIRE);
	for (size_t i = 0; i < batch->niov; i++) {
		memcpy(wire + len, batch->iov[i].iov_base, batch->iov[i].iov_len);
		len += batch->iov[i].iov_len;
	}
	return wire;
}

static bool pump(struct side *from, struct clock *clock)
{
	static uint8_t wire[MAX_WIRE];
	struct zcl_tx_batch batch;
	bool moved = false;

	if (!from->awake)
		return false;
	while (zcl_conn_tx_batch(from->conn, &batch)) {
		const uint8_t *bytes = batch.iov[0].iov_base;

		stamp(clock, SEND);
		if (batch.niov > 1)
			bytes = in_one_piece(&batch, wire);
		stamp(clock, WIRE);
		zcl_conn_rx_push(from->other->conn, bytes, batch.nob, from->now);
		stamp(clock, RECEIVE);
		zcl_conn_tx_advance(from->conn, batch.nob, ZCL_WAY_COPY, from->now);
		stamp(clock, SEND);
		moved = true;
	}
	stamp(clock, SEND);
	from->awake = false;
	return moved;
}

static void settle(struct side *a, struct side *b, struct clock *clock)
{
	while (pump(a, clock) | pump(b, clock))
		;
}

static void attach_sink(struct side *s)
{
	const struct zcl_attach sink = {.portal = 1,
					.ignore_bits = UINT64_MAX,
					.peer = ZCL_NID_ANY,
					.options = ZCL_MD_PUT | ZCL_MD_REMOTE_OFFSET,
					.iov = {{s->sink, PAYLOAD}},
					.niov = 1};
	uint64_t id;

	if (zcl_lnet_attach(s->node, &sink, &id, 0) != ZCL_OK)
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
	attach_sink(s);
}

static void put(struct side *from)
{
	static uint8_t payload[PAYLOAD];
	const struct iovec iov = {payload, sizeof(payload)};
	const struct zcl_put p = {.target = zcl_node_config(from->other->node)->nid,
				  .portal = 1,
				  .iov = &iov,
				  .niov = 1};

	if (zcl_lnet_put(from->node, &p, from->now) != ZCL_OK)
		g_error("a PUT was refused");
}

/* Callers that have said HELLO, and no more. */
static void add_idle(struct side *s, size_t n)
{
	const zcl_nid self = zcl_node_config(s->node)->nid;
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION, .acr_nid = self};
	struct zcl_hello hello = {
		.kshm_version = ZCL_V1, .kshm_src_incarnation = 1, .kshm_ctype = ZCL_CONN_ANY};
	uint8_t bytes[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];
	struct zcl_tx_batch batch;

	s->idle = g_ptr_array_new();
	zcl_accept_encode(&req, bytes);
	for (size_t i = 0; i < n; i++) {
		struct zcl_conn *conn = zcl_node_accepted(s->node, NULL, 0);
		size_t len = ZCL_ACCEPT_SIZE;

		hello.kshm_src_nid = zcl_nid_tcp(0x0b000000u + (uint32_t)i, 0);
		len += zcl_hello_encode(&hello, bytes + len);
		zcl_conn_rx_push(conn, bytes, len, 0);
		while (zcl_conn_tx_batch(conn, &batch))
			zcl_conn_tx_advance(conn, batch.nob, ZCL_WAY_COPY, 0);
		g_ptr_array_add(s->idle, conn);
	}
}

static void end_side(struct side *s)
{
	zcl_node_shutdown(s->node, 0);
	zcl_conn_gone(s->conn, 0);
	for (guint i = 0; i < s->idle->len; i++)
		zcl_conn_gone(s->idle->pdata[i], 0);
	g_ptr_array_unref(s->idle);
	zcl_node_free(s->node);
}

/* Time passes with each window, so that deadlines come and are seen to. */
static void traffic(struct side *a, struct side *b, size_t window, size_t messages,
		    struct clock *clock)
{
	for (size_t i = 0; i < messages; i += 2 * window) {
		for (size_t w = 0; w < window; w++) {
			put(a);
			put(b);
		}
		stamp(clock, SUBMIT);
		settle(a, b, clock);
		a->now = b->now = a->now + 10000000;
		zcl_node_tick(a->node, a->now);
		zcl_node_tick(b->node, b->now);
	}
}

static void connect_sides(struct side *a, struct side *b, struct clock *clock)
{
	a->other = b;
	b->other = a;
	zcl_node_connect(a->node, zcl_node_config(b->node)->nid, 0);
	b->conn = zcl_node_accepted(b->node, NULL, 0);
	zcl_conn_connected(a->conn, 0);
	/* As the copying way of sending has it: everything that waits goes out together. */
	zcl_conn_set_copying(a->conn, true);
	zcl_conn_set_copying(b->conn, true);
	settle(a, b, clock);
}

/* ns per message */
static double run(struct way *way, size_t messages, struct clock *clock)
{
	struct clock off = {0};
	struct side a, b;
	size_t before, want;
	int64_t start, end;

	side_init(&a, way, 1);
	side_init(&b, way, 2);
	connect_sides(&a, &b, &off);
	add_idle(&a, way->idle);
	add_idle(&b, way->idle);
	traffic(&a, &b, way->window, 4 * way->window, &off); /* until a steady state is reached */
	before = allocations;
	want = a.done + b.done;
	start = clock->last = now_ns();
	traffic(&a, &b, way->window, messages, clock);
	end = now_ns();
	way->allocations += allocations - before;
	want = a.done + b.done - want;
	if (want < messages)
		g_error("%zu messages are missing", messages - want);

	end_side(&a);
	end_side(&b);
	return (double)(end - start) / (double)want;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(struct way *ways, size_t n, size_t messages)
{
	g_print("%zu messages of %d B, %d rounds interleaved; ratios against the first way\n",
		messages, PAYLOAD, ROUNDS);
	g_print("%-28s %7s %9s %9s %6s %7s %12s\n", "way", "window", "best ns", "median ns", "best",
		"median", "allocations");
	for (size_t i = 0; i < n; i++)
		qsort(ways[i].ns, ROUNDS, sizeof(double), compare);
	for (size_t i = 0; i < n; i++) {
		const double *ns = ways[i].ns;

		g_print("%-28s %7zu %9.1f %9.1f %6.2f %7.2f %12s\n", ways[i].name, ways[i].window,
			ns[0], ns[ROUNDS / 2], ns[0] / ways[0].ns[0],
			ns[ROUNDS / 2] / ways[0].ns[ROUNDS / 2],
			!COUNTS_ALLOCATIONS   ? "not counted"
			: ways[i].allocations ? "SOME"
					      : "none");
	}
}

/* The best of each stage, at a window at which looking at the clock does not count. */
static void report_stages(struct way *way, size_t messages)
{
	static const char *const names[] = {"submit", "send", "between", "receive, ACK, release"};
	double best[STAGES];

	for (int round = 0; round < ROUNDS; round++) {
		struct clock clock = {.on = true};

		run(way, messages, &clock);
		for (int i = 0; i < STAGES; i++) {
			const double ns = (double)clock.ns[i] / (double)messages;

			best[i] = round == 0 || ns < best[i] ? ns : best[i];
		}
	}
	g_print("%s, window %zu:", way->name, way->window);
	for (int i = 0; i < STAGES; i++)
		g_print("%s %s %.1f ns", i ? "," : "", names[i], best[i]);
	g_print("\n");
}

int main(int argc, char **argv)
{
	struct way ways[] = {
		{.name = "V1", .version = ZCL_V1, .window = 8},
		{.name = "V2, no ZC requests", .version = ZCL_V2, .window = 8},
		{.name = "V2, ZC-ACK for each",
		 .version = ZCL_V2,
		 .zc_requests = true,
		 .window = 8},
		{.name = "V2, ZC-ACK and checksum",
		 .version = ZCL_V2,
		 .zc_requests = true,
		 .checksum = true,
		 .window = 8},
		{.name = "V2, 10,000 idle connections",
		 .version = ZCL_V2,
		 .zc_requests = true,
		 .window = 8,
		 .idle = 10000},
		{.name = "V2, ZC-ACK for each",
		 .version = ZCL_V2,
		 .zc_requests = true,
		 .window = 512},
	};
	const size_t messages = argc > 1 ? (size_t)g_ascii_strtoull(argv[1], NULL, 10) : 204800;
	struct clock off = {0};

	if (messages < 1024) {
		g_printerr(
			"usage: core-bench [MESSAGES [WAY]]   (at least 1024 messages; ways count "
			"from 0)\n");
		return 2;
	}
	/* One way alone, for a profiler. */
	if (argc > 2) {
		run(&ways[g_ascii_strtoull(argv[2], NULL, 10) % G_N_ELEMENTS(ways)], messages,
		    &off);
		return 0;
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < G_N_ELEMENTS(ways); i++)
			ways[i].ns[round] = run(&ways[i], messages, &off);
	}
	report(ways, G_N_ELEMENTS(ways), messages);
	report_stages(&ways[G_N_ELEMENTS(ways) - 1], messages);
	return 0;
}
