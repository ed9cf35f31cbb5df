/* SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <string.h>

#include "core/node.h"
#include "tests/captures/streams.h"

/*
 * Recorded callers whose bytes were changed: whatever comes, the node goes on or closes, and holds
 * no memory for it that grows. The same changes at each run.
 */

#define SEED	    20061
#define ROUNDS	    40
#define MOST_BYTES  60000 /* of a stream; later bytes are like those before */
#define MOST_MEMORY ((size_t)4 << 20)

struct rig {
	struct zcl_node *node;
	GQueue ended;
};

static void on_connect(void *user, struct zcl_conn *conn)
{
	(void)user;
	(void)conn;
}

static void on_end(void *user, struct zcl_conn *conn)
{
	g_queue_push_tail(&((struct rig *)user)->ended, conn);
}

static void rig_init(struct rig *r, zcl_nid nid)
{
	static uint8_t memory[100000];
	static const struct zcl_callbacks callbacks = {.connect = on_connect,
						       .close = on_end,
						       .abort = on_end,
						       .wake_tx = on_connect,
						       .wake_rx = on_connect};
	struct zcl_attach buffer = {.ignore_bits = UINT64_MAX,
				    .peer = ZCL_NID_ANY,
				    .options = ZCL_MD_PUT | ZCL_MD_GET | ZCL_MD_TRUNCATE |
					       ZCL_MD_REMOTE_OFFSET,
				    .iov = {{memory, sizeof(memory)}},
				    .niov = 1};
	struct zcl_config config;
	uint64_t id;

	*r = (struct rig){0};
	g_queue_init(&r->ended);
	zcl_config_init(&config);
	config.nid = nid;
	config.incarnation = 99;
	r->node = zcl_node_new(&config, &callbacks, r, NULL);
	g_assert_nonnull(r->node);
	for (buffer.portal = 1; buffer.portal < 64; buffer.portal++)
		g_assert_cmpint(zcl_lnet_attach(r->node, &buffer, &id, 0), ==, ZCL_OK);
}

static void bury(struct rig *r)
{
	while (!g_queue_is_empty(&r->ended))
		zcl_conn_gone(g_queue_pop_head(&r->ended), 0);
}

static void rig_clear(struct rig *r)
{
	zcl_node_shutdown(r->node, 0);
	bury(r);
	g_assert_true(zcl_node_is_idle(r->node));
	zcl_node_free(r->node);
}

/* Some bytes are others, or twice there, or gone. */
static void spoil(GByteArray *bytes, GRand *rand)
{
	const int changes = g_rand_int_range(rand, 0, 6);

	for (int i = 0; i < changes && bytes->len > 64; i++) {
		const guint near = g_rand_boolean(rand) ? MIN(bytes->len, 400) : bytes->len;
		const guint at = (guint)g_rand_int_range(rand, 0, (gint32)near);
		const guint wish = (guint)g_rand_int_range(rand, 1, 100);
		const guint n = MIN(wish, bytes->len - at);
		uint8_t again[100];

		switch (g_rand_int_range(rand, 0, 4)) {
		case 0:
			bytes->data[at] ^= (uint8_t)(1u << g_rand_int_range(rand, 0, 8));
			break;
		case 1:
			memset(bytes->data + at, g_rand_boolean(rand) ? 0xff : 0, MIN(n, 8));
			break;
		case 2:
			g_byte_array_remove_range(bytes, at, n);
			break;
		default:
			memcpy(again, bytes->data + at, n);
			g_byte_array_append(bytes, again, n);
			break;
		}
	}
}

static void send_all(struct zcl_conn *conn)
{
	struct zcl_tx_batch batch;

	while (zcl_conn_tx_batch(conn, &batch))
		zcl_conn_tx_advance(conn, batch.nob, ZCL_WAY_COPY, 0);
}

static size_t memory_in_use(void)
{
	return mallinfo2().uordblks;
}

/* The call in pieces of any size; the most memory that was in use beyond `before`. */
static size_t listen_to(struct rig *r, const GByteArray *bytes, GRand *rand, size_t before)
{
	struct zcl_conn *conn = zcl_node_accepted(r->node, NULL, 0);
	size_t most = 0;
	guint n;

	g_assert_nonnull(conn);
	for (guint at = 0; at < bytes->len; at += n) {
		n = (guint)g_rand_int_range(rand, 1, 5000);
		n = MIN(n, bytes->len - at);
		zcl_conn_rx_push(conn, bytes->data + at, n, 0);
		if (g_queue_find(&r->ended, conn) == NULL)
			send_all(conn);
		most = MAX(most, memory_in_use() - MIN(before, memory_in_use()));
	}
	if (g_queue_find(&r->ended, conn) == NULL)
		zcl_conn_closed(conn, ZCL_E_EOF, 0);
	bury(r);
	return most;
}

static void test_stream(gconstpointer name)
{
	GPtrArray *streams = streams_load(name);
	GRand *rand = g_rand_new_with_seed(SEED);
	struct rig r;
	zcl_nid nid;
	size_t before;

	g_assert_cmpuint(streams->len, >, 0);
	for (guint s = 0; s < streams->len; s++) {
		GByteArray *call = streams_join(streams->pdata[s], true);

		memcpy(&nid, call->data + 8, sizeof(nid)); /* of the acceptor request */
		g_byte_array_set_size(call, MIN(call->len, MOST_BYTES));
		rig_init(&r, GUINT64_FROM_LE(nid));
		before = memory_in_use();
		for (int i = 0; i < ROUNDS; i++) {
			GByteArray *bytes = g_byte_array_new();

			g_byte_array_append(bytes, call->data, call->len);
			if (i > 0)
				spoil(bytes, rand);
			g_assert_cmpuint(listen_to(&r, bytes, rand, before), <, MOST_MEMORY);
			g_byte_array_unref(bytes);
		}
		g_assert_cmpuint(zcl_node_stats(r.node)->bytes_received, >, call->len);
		rig_clear(&r);
		g_byte_array_unref(call);
	}
	g_rand_free(rand);
	g_ptr_array_unref(streams);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/fuzz/v1", "v1-lst-brw-write-64k-full", test_stream);
	g_test_add_data_func("/fuzz/v2", "v2-lst-brw-write-64k-full", test_stream);
	g_test_add_data_func("/fuzz/v2-16k", "v2-lst-brw-write-16k-c8-full", test_stream);
	g_test_add_data_func("/fuzz/v2-checksum", "v2-csum-ping", test_stream);
	g_test_add_data_func("/fuzz/v3", "v3-ping", test_stream);
	return g_test_run();
}
