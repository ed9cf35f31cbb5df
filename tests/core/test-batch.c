/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/node.h"

#include <glib.h>

/* What is sent next: small messages lie behind each other, larger ones where they are. */

#define SELF zcl_nid_tcp(0x0a000009, 0)
#define PEER zcl_nid_tcp(0x0a000001, 0)
#define LONG 3000 /* bytes of a message that is not copied */

static uint8_t memory[LONG];

struct rig {
	struct zcl_node *node;
	struct zcl_conn *conn;
	size_t sent; /* messages that are over */
};

static void nothing(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_connect(void *user, struct zcl_conn *conn)
{
	((struct rig *)user)->conn = conn;
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	((struct rig *)user)->sent += event->status == ZCL_OK;
}

static const struct zcl_callbacks callbacks = {
	.connect = on_connect,
	.close = nothing,
	.abort = nothing,
	.wake_tx = nothing,
	.wake_rx = nothing,
	.deliver = on_deliver,
};

static void send_all(struct rig *r)
{
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(r->conn, &batch))
		zcl_conn_tx_advance(r->conn, batch.nob, ZCL_WAY_COPY, 0);
}

static void rig_init(struct rig *r, uint32_t version)
{
	const struct zcl_hello hello = {.kshm_version = version,
					.kshm_src_nid = PEER,
					.kshm_dst_nid = SELF,
					.kshm_src_incarnation = 7,
					.kshm_ctype = ZCL_CONN_ANY};
	uint8_t bytes[ZCL_HELLO_MAX_SIZE];
	struct zcl_config config;

	zcl_config_init(&config);
	config.nid = SELF;
	config.incarnation = 99;
	config.typed = false;
	config.checksum = true;
	config.max_version = version;
	*r = (struct rig){0};
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
	g_assert_cmpint(zcl_node_connect(r->node, PEER, 0), ==, ZCL_OK);
	zcl_conn_connected(r->conn, 0);
	send_all(r);
	zcl_conn_rx_push(r->conn, bytes, zcl_hello_encode(&hello, bytes), 0);
	g_assert_cmpuint(zcl_node_stats(r->node)->conns_opened, ==, 1);
}

static void rig_clear(struct rig *r)
{
	zcl_node_shutdown(r->node, 0);
	zcl_conn_gone(r->conn, 0);
	zcl_node_free(r->node);
}

/* From two pieces of memory, the first of them may be empty. */
static void put(struct rig *r, size_t first, size_t size)
{
	const struct iovec iov[] = {{memory, first}, {memory + first, size - first}};
	const struct zcl_put p = {
		.target = PEER, .portal = 1, .hdr_data = size, .iov = iov, .niov = 2};

	g_assert_cmpint(zcl_lnet_put(r->node, &p, 0), ==, ZCL_OK);
}

/* Small ones, two that are not, an empty one. */
static size_t submit_mix(struct rig *r)
{
	put(r, 0, 64);
	put(r, 10, 64);
	put(r, 100, LONG);
	put(r, 0, 0);
	put(r, 1, 3);
	put(r, 0, LONG);
	put(r, 200, 300);
	return 7;
}

/* Takes so many bytes of the batch. */
static void take(struct rig *r, const struct zcl_tx_batch *batch, size_t nob, GByteArray *bytes)
{
	size_t left = nob;

	for (size_t i = 0; i < batch->niov && left > 0; i++) {
		const size_t part = MIN(left, batch->iov[i].iov_len);

		g_byte_array_append(bytes, batch->iov[i].iov_base, (guint)part);
		left -= part;
	}
	zcl_conn_tx_advance(r->conn, nob, ZCL_WAY_COPY, 0);
}

static GByteArray *bytes_in_steps(uint32_t version, size_t step)
{
	GByteArray *bytes = g_byte_array_new();
	struct zcl_tx_batch batch;
	struct rig r;
	size_t n;

	rig_init(&r, version);
	n = submit_mix(&r);
	while (zcl_conn_tx_batch(r.conn, &batch)) {
		size_t total = 0;

		for (size_t i = 0; i < batch.niov; i++)
			total += batch.iov[i].iov_len;
		g_assert_cmpuint(total, ==, batch.nob);
		take(&r, &batch, MIN(step, batch.nob), bytes);
	}
	g_assert_cmpuint(r.sent, ==, n);
	rig_clear(&r);
	return bytes;
}

/* However much the socket takes at a time, the bytes are the same. */
static void test_steps(gconstpointer version)
{
	GByteArray *whole = bytes_in_steps(GPOINTER_TO_UINT(version), SIZE_MAX);
	const size_t header = GPOINTER_TO_UINT(version) == ZCL_V1 ? 72 : 96;

	g_assert_cmpuint(whole->len, ==, 7 * header + 64 + 64 + LONG + 3 + LONG + 300);
	for (size_t step = 1; step < 700; step++) {
		GByteArray *got = bytes_in_steps(GPOINTER_TO_UINT(version), step);

		g_assert_cmpmem(got->data, got->len, whole->data, whole->len);
		g_byte_array_unref(got);
	}
	g_byte_array_unref(whole);
}

/* ---- NOOPs ---- */

#define NOOPS 5
#define FIRST 11 /* cookie */

/* Messages that nobody wants, but that want a ZC-ACK. */
static void requests_come(struct rig *r)
{
	const struct zcl_lnet_hdr hdr = {
		.dest_nid = SELF, .src_nid = PEER, .type = ZCL_LNET_PUT, .msg.put.ptl_index = 1};
	struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET};
	uint8_t bytes[ZCL_MSG_HDR_SIZE];

	zcl_lnet_hdr_encode(&hdr, bytes + ZCL_KSM_SIZE);
	for (uint64_t i = 0; i < NOOPS; i++) {
		ksm.ksm_zc_cookies[0] = FIRST + i;
		zcl_ksm_encode(&ksm, bytes);
		zcl_conn_rx_push(r->conn, bytes, sizeof(bytes), 0);
	}
}

/* Checks one message and its ACK; returns its size. */
static size_t check_message(uint8_t *at, uint64_t ack, bool *noop)
{
	struct zcl_ksm ksm;
	uint32_t csum;
	size_t size;

	g_assert_cmpint(zcl_ksm_decode(at, false, &ksm), ==, ZCL_OK);
	*noop = ksm.ksm_type == ZCL_KSM_NOOP;
	size = *noop ? ZCL_KSM_SIZE : ZCL_MSG_HDR_SIZE + 64;
	csum = ksm.ksm_csum;
	ksm.ksm_csum = 0;
	zcl_ksm_encode(&ksm, at);
	g_assert_cmpuint(csum, ==, zcl_crc(ZCL_CRC_INIT, at, size));
	g_assert_cmpuint(ksm.ksm_zc_cookies[1], ==, ack);
	return size;
}

/* The first `part` bytes go out, then two messages come, and the rest goes out in steps. */
static void check_noops(size_t part, size_t step)
{
	/* Those that are out, or begun, when the messages come. */
	const size_t begun = (part + ZCL_KSM_SIZE - 1) / ZCL_KSM_SIZE;
	GByteArray *bytes = g_byte_array_new();
	struct zcl_tx_batch batch;
	size_t at = 0;
	struct rig r;

	rig_init(&r, ZCL_V2);
	requests_come(&r);
	g_assert_true(zcl_conn_tx_batch(r.conn, &batch));
	g_assert_cmpuint(batch.nob, ==, NOOPS * ZCL_KSM_SIZE);
	take(&r, &batch, part, bytes);
	put(&r, 0, 64);
	put(&r, 0, 64);
	while (zcl_conn_tx_batch(r.conn, &batch))
		take(&r, &batch, MIN(step, batch.nob), bytes);
	for (size_t i = 0; i < NOOPS; i++) {
		bool noop;

		at += check_message(bytes->data + at, FIRST + i, &noop);
		g_assert_cmpint(noop, ==, i < begun || i >= begun + 2);
	}
	while (at < bytes->len) {
		bool noop;

		at += check_message(bytes->data + at, 0, &noop);
		g_assert_false(noop);
	}
	g_assert_cmpuint(at, ==, bytes->len);
	g_assert_cmpuint(r.sent, ==, 2);
	g_assert_cmpuint(zcl_node_stats(r.node)->noops_sent, ==, MAX(begun, NOOPS - 2));
	rig_clear(&r);
	g_byte_array_unref(bytes);
}

/* A NOOP that is out in part is completed before all else; only others give up their places. */
static void test_noops(void)
{
	for (size_t part = 0; part <= NOOPS * ZCL_KSM_SIZE; part++) {
		for (size_t step = 1; step < 50; step++)
			check_noops(part, step);
		check_noops(part, SIZE_MAX);
	}
}

/* What is left of NOOPs goes with the connection. */
static void test_noops_end(void)
{
	for (size_t part = 0; part < NOOPS * ZCL_KSM_SIZE; part++) {
		struct zcl_tx_batch batch;
		struct rig r;

		rig_init(&r, ZCL_V2);
		requests_come(&r);
		g_assert_true(zcl_conn_tx_batch(r.conn, &batch));
		zcl_conn_tx_advance(r.conn, part, ZCL_WAY_COPY, 0);
		put(&r, 0, 64);
		rig_clear(&r);
	}
}

/* Hundreds of small messages are one piece; when it is full, more follows. */
static void test_one_piece(void)
{
	struct zcl_tx_batch batch;
	size_t batches = 0;
	struct rig r;

	rig_init(&r, ZCL_V2);
	for (int i = 0; i < 1000; i++)
		put(&r, 0, 64);
	while (zcl_conn_tx_batch(r.conn, &batch)) {
		g_assert_cmpuint(batch.niov, ==, 1);
		g_assert_cmpuint(batch.nob % 160, ==, 0);
		g_assert_cmpint(batch.more, ==, ++batches < 3);
		zcl_conn_tx_advance(r.conn, batch.nob, ZCL_WAY_COPY, 0);
	}
	g_assert_cmpuint(batches, ==, 3);
	g_assert_cmpuint(r.sent, ==, 1000);
	rig_clear(&r);
}

/* The payload of a larger one is sent from where it is. */
static void test_not_copied(void)
{
	struct zcl_tx_batch batch;
	struct rig r;

	rig_init(&r, ZCL_V2);
	put(&r, 0, 64);
	put(&r, 100, LONG);
	g_assert_true(zcl_conn_tx_batch(r.conn, &batch));
	g_assert_cmpuint(batch.niov, ==, 4);
	g_assert_cmpuint(batch.iov[0].iov_len, ==, 160);
	g_assert_cmpuint(batch.iov[1].iov_len, ==, 96);
	g_assert_true(batch.iov[2].iov_base == memory);
	g_assert_true(batch.iov[3].iov_base == memory + 100);
	send_all(&r);
	rig_clear(&r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(i * 7 + i / 251);
	g_test_add_data_func("/batch/steps/v1", GUINT_TO_POINTER(ZCL_V1), test_steps);
	g_test_add_data_func("/batch/steps/v2", GUINT_TO_POINTER(ZCL_V2), test_steps);
	g_test_add_func("/batch/noops", test_noops);
	g_test_add_func("/batch/noops-end", test_noops_end);
	g_test_add_func("/batch/one-piece", test_one_piece);
	g_test_add_func("/batch/not-copied", test_not_copied);
	return g_test_run();
}
