/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <string.h>

#include "scenarios/gate.h"

struct outlet {
	GByteArray *bytes;
	GArray *held; /* of unsigned */
	enum zcl_err end;
};

static void on_forward(void *user, const uint8_t *data, size_t len)
{
	struct outlet *outlet = user;

	g_assert_cmpint(outlet->end, ==, ZCL_OK);
	g_byte_array_append(outlet->bytes, data, (guint)len);
}

static void on_end(void *user, enum zcl_err why)
{
	struct outlet *outlet = user;

	outlet->end = why;
}

static void on_held(void *user, enum zworld_unit unit)
{
	struct outlet *outlet = user;
	unsigned number = unit;

	g_array_append_val(outlet->held, number);
}

static const struct zgate_callbacks callbacks = {on_forward, on_end, on_held};

/* A stream of the active side, and where each of its units ends. */
struct stream {
	GByteArray *bytes;
	size_t ends[8];
	unsigned units[8];
	size_t n;
};

static void add_unit(struct stream *stream, unsigned unit, const void *data, size_t len)
{
	g_byte_array_append(stream->bytes, data, (guint)len);
	stream->ends[stream->n] = stream->bytes->len;
	stream->units[stream->n++] = unit;
}

static void add_hello(struct stream *stream, uint32_t version, int32_t ctype)
{
	const struct zcl_hello hello = {.kshm_version = version,
					.kshm_src_nid = zcl_nid_tcp(0x0a000001, 0),
					.kshm_dst_nid = zcl_nid_tcp(0x0a000002, 0),
					.kshm_src_pid = ZCL_PID_LUSTRE,
					.kshm_src_incarnation = 17,
					.kshm_ctype = ctype,
					.kshm_nips = 2,
					.kshm_ips = {0x0a000001, 0x0a000003}};
	uint8_t buf[ZCL_HELLO_MAX_SIZE];

	add_unit(stream, ctype == ZCL_CONN_NONE ? ZWORLD_REFUSAL : ZWORLD_HELLO, buf,
		 zcl_hello_encode(&hello, buf));
}

static void add_put(struct stream *stream, uint32_t version, size_t payload)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_LNET};
	const struct zcl_lnet_hdr hdr = {.dest_nid = zcl_nid_tcp(0x0a000002, 0),
					 .src_nid = zcl_nid_tcp(0x0a000001, 0),
					 .type = ZCL_LNET_PUT,
					 .payload_length = (uint32_t)payload};
	uint8_t *buf = g_malloc0(ZCL_MSG_HDR_SIZE + payload);
	size_t at = 0;

	if (version > ZCL_V1) {
		zcl_ksm_encode(&ksm, buf);
		at = ZCL_KSM_SIZE;
	}
	zcl_lnet_hdr_encode(&hdr, buf + at);
	memset(buf + at + ZCL_LNET_HDR_SIZE, 0x5a, payload);
	add_unit(stream, ZWORLD_LNET, buf, at + ZCL_LNET_HDR_SIZE + payload);
	g_free(buf);
}

static void add_noop(struct stream *stream)
{
	const struct zcl_ksm ksm = {.ksm_type = ZCL_KSM_NOOP, .ksm_zc_cookies = {0, 2}};
	uint8_t buf[ZCL_KSM_SIZE];

	zcl_ksm_encode(&ksm, buf);
	add_unit(stream, ZWORLD_NOOP, buf, sizeof(buf));
}

static void make_stream(struct stream *stream, uint32_t version)
{
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION,
					   .acr_nid = zcl_nid_tcp(0x0a000002, 0)};
	uint8_t buf[ZCL_ACCEPT_SIZE];

	*stream = (struct stream){.bytes = g_byte_array_new()};
	zcl_accept_encode(&req, buf);
	add_unit(stream, ZWORLD_ACCEPT, buf, sizeof(buf));
	add_hello(stream, version, ZCL_CONN_ANY);
	add_put(stream, version, 100);
	if (version > ZCL_V1)
		add_noop(stream);
	add_put(stream, version, 0);
	add_put(stream, version, 1);
}

static struct outlet outlet_new(void)
{
	return (struct outlet){g_byte_array_new(), g_array_new(FALSE, FALSE, sizeof(unsigned)),
			       ZCL_OK};
}

static void outlet_clear(struct outlet *outlet)
{
	g_byte_array_unref(outlet->bytes);
	g_array_unref(outlet->held);
}

static void assert_prefix(const struct outlet *outlet, const struct stream *stream, size_t len)
{
	g_assert_cmpmem(outlet->bytes->data, outlet->bytes->len, stream->bytes->data, len);
}

static size_t whole_units(const struct stream *stream, size_t len)
{
	size_t whole = 0;

	for (size_t i = 0; i < stream->n && stream->ends[i] <= len; i++)
		whole = stream->ends[i];
	return whole;
}

/* For every cut: what has come in whole is out, and no byte more. */
static void test_every_cut(gconstpointer data)
{
	struct stream stream;

	make_stream(&stream, GPOINTER_TO_UINT(data));
	for (size_t cut = 0; cut <= stream.bytes->len; cut++) {
		struct outlet outlet = outlet_new();
		struct zgate *gate = zgate_new(true, 0, &callbacks, &outlet);

		zgate_push(gate, stream.bytes->data, cut);
		assert_prefix(&outlet, &stream, whole_units(&stream, cut));
		zgate_push(gate, stream.bytes->data + cut, stream.bytes->len - cut);
		assert_prefix(&outlet, &stream, stream.bytes->len);
		zgate_end(gate, ZCL_E_RESET);
		g_assert_cmpint(outlet.end, ==, ZCL_E_RESET);
		zgate_free(gate);
		outlet_clear(&outlet);
	}
	g_byte_array_unref(stream.bytes);
}

/* For every kind: it stops there, says so once, and goes on when it may. */
static void test_every_hold(gconstpointer data)
{
	struct stream stream;

	make_stream(&stream, GPOINTER_TO_UINT(data));
	for (size_t at = 0; at < stream.n; at++) {
		struct outlet outlet = outlet_new();
		struct zgate *gate = zgate_new(true, 0, &callbacks, &outlet);
		size_t before = at ? stream.ends[at - 1] : 0;

		zgate_push(gate, stream.bytes->data, before);
		zgate_set_held(gate, stream.units[at]);
		for (size_t i = before; i < stream.bytes->len; i++)
			zgate_push(gate, stream.bytes->data + i, 1);
		assert_prefix(&outlet, &stream, before);
		g_assert_cmpuint(outlet.held->len, ==, 1);
		g_assert_cmpuint(g_array_index(outlet.held, unsigned, 0), ==, stream.units[at]);
		zgate_end(gate, ZCL_E_EOF);
		g_assert_cmpint(outlet.end, ==, ZCL_OK);
		zgate_set_held(gate, 0);
		assert_prefix(&outlet, &stream, stream.bytes->len);
		g_assert_cmpint(outlet.end, ==, ZCL_E_EOF);
		zgate_free(gate);
		outlet_clear(&outlet);
	}
	g_byte_array_unref(stream.bytes);
}

static void test_refusal_and_end(void)
{
	struct stream stream = {.bytes = g_byte_array_new()};
	struct outlet outlet = outlet_new();
	struct zgate *gate = zgate_new(false, ZWORLD_HELLO | ZWORLD_END, &callbacks, &outlet);

	add_hello(&stream, ZCL_V1, ZCL_CONN_NONE);
	zgate_push(gate, stream.bytes->data, stream.bytes->len);
	assert_prefix(&outlet, &stream, stream.bytes->len);
	zgate_end(gate, ZCL_E_RESET);
	g_assert_cmpuint(outlet.held->len, ==, 1);
	g_assert_cmpuint(g_array_index(outlet.held, unsigned, 0), ==, ZWORLD_END);
	zgate_set_held(gate, ZWORLD_HELLO);
	g_assert_cmpint(outlet.end, ==, ZCL_E_RESET);
	zgate_free(gate);
	outlet_clear(&outlet);
	g_byte_array_unref(stream.bytes);
}

/* What is no protocol is not for the gate to judge: the node behind it is. */
static void test_garbage_passes(void)
{
	struct outlet outlet = outlet_new();
	struct zgate *gate = zgate_new(true, ZWORLD_HELLO | ZWORLD_LNET, &callbacks, &outlet);
	uint8_t garbage[300];

	memset(garbage, 0xa5, sizeof(garbage));
	for (size_t i = 0; i < sizeof(garbage); i++)
		zgate_push(gate, garbage + i, 1);
	g_assert_cmpmem(outlet.bytes->data, outlet.bytes->len, garbage, sizeof(garbage));
	g_assert_cmpuint(outlet.held->len, ==, 0);
	zgate_free(gate);
	outlet_clear(&outlet);
}

/* A stream that ends in the middle of a unit: its part comes before the end. */
/* Its layout is not known, but how every HELLO begins is. */
static void test_unknown_hello(void)
{
	struct stream stream = {.bytes = g_byte_array_new()};
	struct outlet outlet = {.bytes = g_byte_array_new(),
				.held = g_array_new(FALSE, FALSE, sizeof(unsigned))};
	struct zgate *gate = zgate_new(true, ZWORLD_HELLO, &callbacks, &outlet);
	const struct zcl_accept_req req = {.acr_version = ZCL_ACCEPTOR_VERSION};
	uint8_t accept[ZCL_ACCEPT_SIZE];

	zcl_accept_encode(&req, accept);
	add_unit(&stream, ZWORLD_ACCEPT, accept, sizeof(accept));
	add_hello(&stream, ZCL_V2, ZCL_CONN_ANY);
	zcl_hello_set_version(stream.bytes->data + ZCL_ACCEPT_SIZE, 9);
	zgate_push(gate, stream.bytes->data, stream.bytes->len);
	assert_prefix(&outlet, &stream, ZCL_ACCEPT_SIZE);
	g_assert_cmpuint(outlet.held->len, ==, 1);
	g_assert_cmpuint(g_array_index(outlet.held, unsigned, 0), ==, ZWORLD_HELLO);
	zgate_push(gate, "more", 4);
	assert_prefix(&outlet, &stream, ZCL_ACCEPT_SIZE);
	zgate_set_held(gate, 0);
	g_byte_array_append(stream.bytes, (const uint8_t *)"more", 4);
	assert_prefix(&outlet, &stream, stream.bytes->len);
	zgate_free(gate);
	outlet_clear(&outlet);
	g_byte_array_unref(stream.bytes);
}

static void test_cut_short(void)
{
	struct outlet outlet = outlet_new();
	struct zgate *gate = zgate_new(true, 0, &callbacks, &outlet);
	struct stream stream;

	make_stream(&stream, ZCL_V2);
	zgate_push(gate, stream.bytes->data, stream.ends[1] - 3);
	assert_prefix(&outlet, &stream, stream.ends[0]);
	zgate_end(gate, ZCL_E_EOF);
	assert_prefix(&outlet, &stream, stream.ends[1] - 3);
	g_assert_cmpint(outlet.end, ==, ZCL_E_EOF);
	zgate_free(gate);
	outlet_clear(&outlet);
	g_byte_array_unref(stream.bytes);
}

/* With all held, each unit of a stream passes alone, in its turn, and no other. */
static void test_one_by_one(gconstpointer data)
{
	struct outlet outlet = outlet_new();
	struct zgate *gate = zgate_new(true, ZWORLD_ALL, &callbacks, &outlet);
	struct stream stream;

	make_stream(&stream, GPOINTER_TO_UINT(data));
	g_assert_cmpuint(zgate_waiting(gate), ==, 0);
	g_assert_false(zgate_pass(gate, ZWORLD_ACCEPT));
	zgate_push(gate, stream.bytes->data, stream.bytes->len);
	zgate_end(gate, ZCL_E_EOF);
	for (size_t i = 0; i < stream.n; i++) {
		g_assert_cmpuint(zgate_waiting(gate), ==, stream.units[i]);
		g_assert_false(zgate_pass(gate, ZWORLD_END)); /* in order, it overtakes nothing */
		g_assert_true(zgate_pass(gate, stream.units[i]));
		assert_prefix(&outlet, &stream, stream.ends[i]);
	}
	g_assert_cmpint(outlet.end, ==, ZCL_OK);
	g_assert_true(zgate_pass(gate, ZWORLD_END));
	g_assert_cmpint(outlet.end, ==, ZCL_E_EOF);
	g_assert_cmpuint(outlet.held->len, ==, stream.n + 1);
	g_assert_false(zgate_pass(gate, ZWORLD_END));
	zgate_free(gate);
	outlet_clear(&outlet);
	g_byte_array_unref(stream.bytes);
}

/* What is not held goes on behind the one that passes; what is not held cannot be passed. */
static void test_pass_some(void)
{
	struct outlet outlet = outlet_new();
	struct zgate *gate = zgate_new(true, ZWORLD_HELLO, &callbacks, &outlet);
	struct stream stream;

	make_stream(&stream, ZCL_V2);
	zgate_push(gate, stream.bytes->data, stream.bytes->len);
	assert_prefix(&outlet, &stream, stream.ends[0]);
	g_assert_false(zgate_pass(gate, ZWORLD_LNET));
	g_assert_true(zgate_pass(gate, ZWORLD_HELLO));
	assert_prefix(&outlet, &stream, stream.bytes->len);
	zgate_free(gate);
	outlet_clear(&outlet);
	g_byte_array_unref(stream.bytes);
}

/* A reset may come first, and then nothing else does; one in between is like it. */
static void test_reset_overtakes(gconstpointer data)
{
	const bool between = GPOINTER_TO_INT(data);
	struct outlet outlet = outlet_new();
	struct zgate *gate = zgate_new(true, ZWORLD_ALL, &callbacks, &outlet);
	struct stream stream;

	make_stream(&stream, ZCL_V2);
	zgate_push(gate, stream.bytes->data, stream.ends[1]);
	if (between)
		zgate_reset(gate);
	else
		zgate_end(gate, ZCL_E_RESET);
	g_assert_cmpuint(zgate_waiting(gate), ==, ZWORLD_ACCEPT);
	if (between)
		zgate_push(gate, stream.bytes->data + stream.ends[1], 5);
	g_assert_true(zgate_pass(gate, ZWORLD_ACCEPT));
	g_assert_true(zgate_pass(gate, ZWORLD_END));
	assert_prefix(&outlet, &stream, stream.ends[0]);
	g_assert_cmpint(outlet.end, ==, ZCL_E_RESET);
	g_assert_cmpuint(zgate_waiting(gate), ==, 0);
	zgate_free(gate);
	outlet_clear(&outlet);
	g_byte_array_unref(stream.bytes);
}

/* Where ends are not held, a reset in between comes at once. */
static void test_reset_at_once(void)
{
	struct outlet outlet = outlet_new();
	struct zgate *gate = zgate_new(true, ZWORLD_HELLO, &callbacks, &outlet);
	struct stream stream;

	make_stream(&stream, ZCL_V2);
	zgate_push(gate, stream.bytes->data, stream.ends[1]);
	zgate_reset(gate);
	g_assert_cmpint(outlet.end, ==, ZCL_E_RESET);
	assert_prefix(&outlet, &stream, stream.ends[0]);
	zgate_reset(gate);
	zgate_end(gate, ZCL_E_EOF);
	g_assert_cmpint(outlet.end, ==, ZCL_E_RESET);
	zgate_free(gate);
	outlet_clear(&outlet);
	g_byte_array_unref(stream.bytes);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/gate/every-cut/v1", GUINT_TO_POINTER(ZCL_V1), test_every_cut);
	g_test_add_data_func("/gate/every-cut/v2", GUINT_TO_POINTER(ZCL_V2), test_every_cut);
	g_test_add_data_func("/gate/every-hold/v1", GUINT_TO_POINTER(ZCL_V1), test_every_hold);
	g_test_add_data_func("/gate/every-hold/v2", GUINT_TO_POINTER(ZCL_V2), test_every_hold);
	g_test_add_func("/gate/refusal-and-end", test_refusal_and_end);
	g_test_add_func("/gate/garbage-passes", test_garbage_passes);
	g_test_add_func("/gate/unknown-hello", test_unknown_hello);
	g_test_add_func("/gate/cut-short", test_cut_short);
	g_test_add_data_func("/gate/one-by-one/v1", GUINT_TO_POINTER(ZCL_V1), test_one_by_one);
	g_test_add_data_func("/gate/one-by-one/v2", GUINT_TO_POINTER(ZCL_V2), test_one_by_one);
	g_test_add_func("/gate/pass-some", test_pass_some);
	g_test_add_data_func("/gate/reset-overtakes/sent", GINT_TO_POINTER(false),
			     test_reset_overtakes);
	g_test_add_data_func("/gate/reset-overtakes/between", GINT_TO_POINTER(true),
			     test_reset_overtakes);
	g_test_add_func("/gate/reset-at-once", test_reset_at_once);
	return g_test_run();
}
