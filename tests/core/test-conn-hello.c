/* SPDX-License-Identifier: MIT */
#include "core/rx.h"
#include "tests/core/bytes.h"
#include "tests/core/rawnode.h"

/*
 * One node against calls and answers written by hand: what it says to wrong, old, new and foreign
 * ones (wire notes 3 to 5).
 */

static struct zcl_hello answer(const struct rawnode *r)
{
	struct zcl_rx rx;
	struct zcl_rx_item item;
	size_t at = 0;

	zcl_rx_init(&rx, false, ZCL_V3);
	do {
		g_assert_cmpint(zcl_rx_next(&rx, &item), ==, ZCL_OK);
		if (item.kind == ZCL_ITEM_MORE) {
			g_assert_cmpuint(at, <, r->out->len);
			at += zcl_rx_push(&rx, r->out->data + at, r->out->len - at);
		}
	} while (item.kind != ZCL_ITEM_HELLO);
	return item.hello;
}

static void test_both_orders(void)
{
	for (int big = 0; big <= 1; big++) {
		struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);
		GByteArray *bytes = g_byte_array_new();
		const struct zcl_lnet_hdr get = {
			.dest_nid = RAWNODE_SELF,
			.src_nid = RAWNODE_PEER,
			.type = ZCL_LNET_GET,
			.msg.get = {.match_bits = ZCL_PING_MATCHBITS, .sink_length = 400},
		};
		uint8_t hdr[ZCL_LNET_HDR_SIZE];

		rawnode_call(r, big, RAWNODE_SELF, ZCL_V2);
		g_assert_cmpint(answer(r).kshm_ctype, ==, ZCL_CONN_ANY);
		g_assert_cmpuint(answer(r).kshm_src_nid, ==, RAWNODE_SELF);
		g_assert_cmpuint(answer(r).kshm_dst_nid, ==, RAWNODE_PEER);
		put(bytes, ZCL_KSM_LNET, 4, big);
		put(bytes, 0, 4, big);
		put(bytes, 0, 8, big);
		put(bytes, 0, 8, big);
		zcl_lnet_hdr_encode(&get, hdr); /* little-endian from everybody */
		g_byte_array_append(bytes, hdr, sizeof(hdr));
		rawnode_hear(r, bytes->data, bytes->len);
		g_assert_cmpuint(r->out->len, ==, 56 + 24 + 72 + 48);
		g_byte_array_unref(bytes);
		rawnode_free(r);
	}
}

/* A newer caller: our own HELLO, type NONE, our NID in dst_nid; then closed. */
static void test_newer_version(void)
{
	for (uint32_t version = ZCL_V3; version <= 9; version += 3) {
		struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

		rawnode_call(r, version == 6, RAWNODE_SELF, version);
		g_assert_cmpuint(r->out->len, ==, 56);
		g_assert_cmpuint(answer(r).kshm_version, ==, ZCL_V2);
		g_assert_cmpint(answer(r).kshm_ctype, ==, ZCL_CONN_NONE);
		g_assert_cmpuint(answer(r).kshm_dst_nid, ==, RAWNODE_SELF);
		g_assert_cmpint(r->refused, ==, ZCL_REASON_VERSION);
		g_assert_true(r->closed && !r->aborted);
		rawnode_free(r);
	}
}

static void test_v1_refuses_v2(void)
{
	struct rawnode *r = rawnode_new(ZCL_V1, ZCL_REFUSE_REPLY);

	rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
	g_assert_cmpuint(r->out->len, ==, 72);
	g_assert_cmpuint(answer(r).kshm_version, ==, ZCL_V1);
	g_assert_cmpint(answer(r).kshm_ctype, ==, ZCL_CONN_NONE);
	rawnode_free(r);

	r = rawnode_new(ZCL_V1, ZCL_REFUSE_ABORT);
	rawnode_call(r, false, RAWNODE_SELF, ZCL_V2);
	g_assert_cmpuint(r->out->len, ==, 0);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->refused, ==, ZCL_REASON_VERSION);
	rawnode_free(r);
}

static void test_wrong_target(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

	rawnode_call(r, false, RAWNODE_SELF + 1, ZCL_V2);
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_WRONG_NID);
	g_assert_cmpuint(r->out->len, ==, 0);
	rawnode_free(r);
}

/* Called with this HELLO of V2, the node says nothing and aborts. */
static void assert_aborts(zcl_nid src_nid, int32_t ctype, enum zcl_err why)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);
	const struct zcl_accept_req req = {.acr_version = 1, .acr_nid = RAWNODE_SELF};
	const struct zcl_hello hello = {
		.kshm_version = ZCL_V2, .kshm_src_nid = src_nid, .kshm_ctype = ctype};
	uint8_t bytes[ZCL_ACCEPT_SIZE + ZCL_HELLO_MAX_SIZE];

	zcl_accept_encode(&req, bytes);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	rawnode_hear(r, bytes, ZCL_ACCEPT_SIZE + zcl_hello_encode(&hello, bytes + ZCL_ACCEPT_SIZE));
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, why);
	g_assert_cmpuint(r->out->len, ==, 0);
	rawnode_free(r);
}

static void test_own_nid_calls(void)
{
	assert_aborts(RAWNODE_SELF, ZCL_CONN_ANY, ZCL_E_WRONG_NID);
}

/* NONE is an answer, and no call. */
static void test_none_calls(void)
{
	assert_aborts(RAWNODE_PEER, ZCL_CONN_NONE, ZCL_E_BAD_CTYPE);
}

/* An acceptor request of another version is answered with ours, NID 0, then closed. */
static void test_acceptor_version(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);
	const struct zcl_accept_req req = {.acr_version = 2, .acr_nid = RAWNODE_SELF};
	struct zcl_accept_req got;
	uint8_t bytes[ZCL_ACCEPT_SIZE];
	bool flipped;

	zcl_accept_encode(&req, bytes);
	r->conn = zcl_node_accepted(r->node, NULL, 0);
	rawnode_hear(r, bytes, sizeof(bytes));
	g_assert_cmpuint(r->out->len, ==, ZCL_ACCEPT_SIZE);
	g_assert_cmpint(zcl_accept_decode(r->out->data, &got, &flipped), ==, ZCL_OK);
	g_assert_cmpuint(got.acr_nid, ==, 0);
	g_assert_true(r->closed);
	rawnode_free(r);
}

static void test_garbage(void)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

	r->conn = zcl_node_accepted(r->node, NULL, 0);
	rawnode_hear(r, http, sizeof(http));
	g_assert_true(r->aborted);
	g_assert_cmpint(r->error, ==, ZCL_E_BAD_MAGIC);
	rawnode_free(r);
}

/* ---- the active side ---- */

static void test_another_nid_answers(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

	rawnode_dial(r);
	g_assert_cmpuint(r->out->len, ==, 16 + 56);
	rawnode_hello_from(
		r, (struct zcl_hello){.kshm_version = ZCL_V2, .kshm_src_nid = RAWNODE_PEER + 1});
	g_assert_true(r->aborted);
	rawnode_free(r);
}

static void test_wrong_type_answered(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

	rawnode_dial(r);
	rawnode_hello_from(r, (struct zcl_hello){.kshm_version = ZCL_V2,
						 .kshm_src_nid = RAWNODE_PEER,
						 .kshm_ctype = ZCL_CONN_BULK_IN});
	g_assert_true(r->aborted);
	rawnode_free(r);
}

/* Another version in the answer is a refusal, whatever its type. */
static void test_another_version_answers(void)
{
	static const int32_t types[] = {ZCL_CONN_NONE, ZCL_CONN_ANY};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);

		rawnode_dial(r);
		rawnode_hello_from(r, (struct zcl_hello){.kshm_version = ZCL_V1,
							 .kshm_src_nid = RAWNODE_PEER,
							 .kshm_ctype = types[i]});
		g_assert_true(r->closed && !r->aborted);
		g_assert_cmpint(rawnode_event(r, ZCL_EV_FALLBACK)->reason, ==, ZCL_REASON_TOLD);
		g_assert_cmpuint(rawnode_event(r, ZCL_EV_FALLBACK)->version, ==, ZCL_V1);
		g_assert_cmpuint(rawnode_conns(r), ==, 0);
		g_assert_cmpuint(r->connects, ==, 2);
		rawnode_free(r);
	}
}

/* One that this node does not speak either: there is nothing to fall back to. */
static void test_unknown_version_answers(void)
{
	struct rawnode *r = rawnode_new(ZCL_V2, ZCL_REFUSE_REPLY);
	GByteArray *bytes = g_byte_array_new();

	rawnode_dial(r);
	put(bytes, ZCL_PROTO_MAGIC, 4, false);
	put(bytes, 9, 4, false);
	rawnode_hear(r, bytes->data, bytes->len);
	g_byte_array_unref(bytes);
	g_assert_true(r->aborted);
	g_assert_cmpint(rawnode_event(r, ZCL_EV_ATTEMPT_FAILED)->error, ==, ZCL_E_VERSION);
	g_assert_cmpuint(rawnode_count(r, ZCL_EV_FALLBACK), ==, 0);
	rawnode_free(r);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conn/both-orders", test_both_orders);
	g_test_add_func("/conn/newer-version", test_newer_version);
	g_test_add_func("/conn/v1-refuses-v2", test_v1_refuses_v2);
	g_test_add_func("/conn/wrong-target", test_wrong_target);
	g_test_add_func("/conn/own-nid-calls", test_own_nid_calls);
	g_test_add_func("/conn/none-calls", test_none_calls);
	g_test_add_func("/conn/acceptor-version", test_acceptor_version);
	g_test_add_func("/conn/garbage", test_garbage);
	g_test_add_func("/conn/another-nid-answers", test_another_nid_answers);
	g_test_add_func("/conn/wrong-type-answered", test_wrong_type_answered);
	g_test_add_func("/conn/another-version-answers", test_another_version_answers);
	g_test_add_func("/conn/unknown-version-answers", test_unknown_version_answers);
	return g_test_run();
}
