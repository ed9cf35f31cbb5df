/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "tests/core/bytes.h"

/* LNet headers as deployed nodes sent them. */
#define PUT_HEX                                                                                    \
	"03004d0a0000020002004d0a0000020039300000393000000100000030000000"                         \
	"c8156a678c54ea18311c00000000000000000000000000800000000000000000"                         \
	"0000000000000000"
#define GET_HEX                                                                                    \
	"02004d0a0000020003004d0a0000020039300000393000000200000000000000"                         \
	"916bb4348b54ea18212000000000000008000000000051b83400000000000000"                         \
	"0000010000000000"
#define REPLY_HEX                                                                                  \
	"03004d0a0000020002004d0a0000020039300000393000000300000000000100"                         \
	"916bb4348b54ea18212000000000000000000000000000000000000000000000"                         \
	"0000000000000000"
#define ACK_HEX                                                                                    \
	"02004d0a0000020003004d0a0000020039300000393000000000000000000000"                         \
	"c8156a678c54ea18311c00000000000000000000000000803000000000000000"                         \
	"0000000000000000"

#define NODE_2 0x000200000a4d0002
#define NODE_3 0x000200000a4d0003

/* Decodes, checks the common part, and checks that encoding gives the same bytes. */
static struct zcl_lnet_hdr take(const char *hex, zcl_nid dest, zcl_nid src, uint32_t type,
				uint32_t length)
{
	uint8_t buf[ZCL_LNET_HDR_SIZE], again[ZCL_LNET_HDR_SIZE];
	struct zcl_lnet_hdr hdr;

	unhex(hex, buf, sizeof(buf));
	g_assert_cmpint(zcl_lnet_hdr_decode(buf, &hdr), ==, ZCL_OK);
	g_assert_cmphex(hdr.dest_nid, ==, dest);
	g_assert_cmphex(hdr.src_nid, ==, src);
	g_assert_cmpuint(hdr.dest_pid, ==, ZCL_PID_LUSTRE);
	g_assert_cmpuint(hdr.src_pid, ==, ZCL_PID_LUSTRE);
	g_assert_cmpuint(hdr.type, ==, type);
	g_assert_cmpuint(hdr.payload_length, ==, length);
	memset(again, 0xaa, sizeof(again));
	zcl_lnet_hdr_encode(&hdr, again);
	g_assert_cmpmem(again, sizeof(again), buf, sizeof(buf));
	return hdr;
}

static void check_handle(struct zcl_handle handle, uint64_t interface_cookie, uint64_t object)
{
	g_assert_cmphex(handle.wh_interface_cookie, ==, interface_cookie);
	g_assert_cmphex(handle.wh_object_cookie, ==, object);
}

static void test_put(void)
{
	const struct zcl_lnet_hdr hdr = take(PUT_HEX, NODE_3, NODE_2, ZCL_LNET_PUT, 0x30);

	check_handle(hdr.msg.put.ack_wmd, 0x18ea548c676a15c8, 0x1c31);
	g_assert_cmphex(hdr.msg.put.match_bits, ==, 0x8000000000000000);
	g_assert_cmphex(hdr.msg.put.hdr_data, ==, 0);
	g_assert_cmpuint(hdr.msg.put.ptl_index, ==, 0);
	g_assert_cmpuint(hdr.msg.put.offset, ==, 0);
}

static void test_get(void)
{
	const struct zcl_lnet_hdr hdr = take(GET_HEX, NODE_2, NODE_3, ZCL_LNET_GET, 0);

	check_handle(hdr.msg.get.return_wmd, 0x18ea548b34b46b91, 0x2021);
	g_assert_cmphex(hdr.msg.get.match_bits, ==, 0xb851000000000008);
	g_assert_cmpuint(hdr.msg.get.ptl_index, ==, 0x34);
	g_assert_cmpuint(hdr.msg.get.src_offset, ==, 0);
	g_assert_cmpuint(hdr.msg.get.sink_length, ==, 65536);
}

static void test_reply(void)
{
	const struct zcl_lnet_hdr hdr = take(REPLY_HEX, NODE_3, NODE_2, ZCL_LNET_REPLY, 65536);

	check_handle(hdr.msg.reply.dst_wmd, 0x18ea548b34b46b91, 0x2021);
}

static void test_ack(void)
{
	const struct zcl_lnet_hdr hdr = take(ACK_HEX, NODE_2, NODE_3, ZCL_LNET_ACK, 0);

	check_handle(hdr.msg.ack.dst_wmd, 0x18ea548c676a15c8, 0x1c31);
	g_assert_cmphex(hdr.msg.ack.match_bits, ==, 0x8000000000000000);
	g_assert_cmpuint(hdr.msg.ack.mlength, ==, 0x30);
}

/* Every field has its own place: distinct bytes all through. */
static void test_every_field(void)
{
	uint8_t buf[ZCL_LNET_HDR_SIZE], again[ZCL_LNET_HDR_SIZE];
	struct zcl_lnet_hdr hdr;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(0x80 + i);
	poke_le(buf + 24, ZCL_LNET_PUT, 4);
	poke_le(buf + 28, 77, 4);
	g_assert_cmpint(zcl_lnet_hdr_decode(buf, &hdr), ==, ZCL_OK);
	g_assert_cmphex(hdr.dest_nid, ==, 0x8786858483828180);
	g_assert_cmphex(hdr.src_nid, ==, 0x8f8e8d8c8b8a8988);
	g_assert_cmphex(hdr.dest_pid, ==, 0x93929190);
	g_assert_cmphex(hdr.src_pid, ==, 0x97969594);
	check_handle(hdr.msg.put.ack_wmd, 0xa7a6a5a4a3a2a1a0, 0xafaeadacabaaa9a8);
	g_assert_cmphex(hdr.msg.put.match_bits, ==, 0xb7b6b5b4b3b2b1b0);
	g_assert_cmphex(hdr.msg.put.hdr_data, ==, 0xbfbebdbcbbbab9b8);
	g_assert_cmphex(hdr.msg.put.ptl_index, ==, 0xc3c2c1c0);
	g_assert_cmphex(hdr.msg.put.offset, ==, 0xc7c6c5c4);
	zcl_lnet_hdr_encode(&hdr, again);
	g_assert_cmpmem(again, sizeof(again), buf, sizeof(buf));

	poke_le(buf + 24, ZCL_LNET_GET, 4);
	g_assert_cmpint(zcl_lnet_hdr_decode(buf, &hdr), ==, ZCL_OK);
	g_assert_cmphex(hdr.msg.get.match_bits, ==, 0xb7b6b5b4b3b2b1b0);
	g_assert_cmphex(hdr.msg.get.ptl_index, ==, 0xbbbab9b8);
	g_assert_cmphex(hdr.msg.get.src_offset, ==, 0xbfbebdbc);
	g_assert_cmphex(hdr.msg.get.sink_length, ==, 0xc3c2c1c0);
}

static void test_bad_type(void)
{
	static const uint32_t wrong[] = {ZCL_LNET_HELLO, 5, 0x01000000, UINT32_MAX};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		uint8_t buf[ZCL_LNET_HDR_SIZE];
		struct zcl_lnet_hdr hdr;

		unhex(PUT_HEX, buf, sizeof(buf));
		poke_le(buf + 24, wrong[i], 4);
		g_assert_cmpint(zcl_lnet_hdr_decode(buf, &hdr), ==, ZCL_E_BAD_LNET_TYPE);
		g_assert_cmphex(hdr.type, ==, wrong[i]);
	}
}

static void test_payload_length(void)
{
	uint8_t buf[ZCL_LNET_HDR_SIZE];
	struct zcl_lnet_hdr hdr;

	unhex(PUT_HEX, buf, sizeof(buf));
	poke_le(buf + 28, ZCL_LNET_MTU, 4);
	g_assert_cmpint(zcl_lnet_hdr_decode(buf, &hdr), ==, ZCL_OK);
	poke_le(buf + 28, ZCL_LNET_MTU + 1, 4);
	g_assert_cmpint(zcl_lnet_hdr_decode(buf, &hdr), ==, ZCL_E_PAYLOAD_TOO_LONG);
	poke_le(buf + 28, UINT32_MAX, 4);
	g_assert_cmpint(zcl_lnet_hdr_decode(buf, &hdr), ==, ZCL_E_PAYLOAD_TOO_LONG);
}

static void test_handles(void)
{
	const struct zcl_handle a = {1, 2}, b = {1, 3}, c = {4, 2};
	const struct zcl_handle half = {UINT64_MAX, 0};

	g_assert_true(zcl_handle_equal(a, a));
	g_assert_false(zcl_handle_equal(a, b));
	g_assert_false(zcl_handle_equal(a, c));
	g_assert_true(zcl_handle_is_none(zcl_handle_none));
	g_assert_false(zcl_handle_is_none(a));
	g_assert_false(zcl_handle_is_none(half));
}

static void test_names(void)
{
	g_assert_cmpstr(zcl_lnet_type_name(ZCL_LNET_ACK), ==, "ACK");
	g_assert_cmpstr(zcl_lnet_type_name(ZCL_LNET_PUT), ==, "PUT");
	g_assert_cmpstr(zcl_lnet_type_name(ZCL_LNET_GET), ==, "GET");
	g_assert_cmpstr(zcl_lnet_type_name(ZCL_LNET_REPLY), ==, "REPLY");
	g_assert_cmpstr(zcl_lnet_type_name(ZCL_LNET_HELLO), ==, "HELLO");
	g_assert_cmpstr(zcl_lnet_type_name(5), ==, "?");
	g_assert_cmpstr(zcl_lnet_type_name(UINT32_MAX), ==, "?");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/lnet/put", test_put);
	g_test_add_func("/wire/lnet/get", test_get);
	g_test_add_func("/wire/lnet/reply", test_reply);
	g_test_add_func("/wire/lnet/ack", test_ack);
	g_test_add_func("/wire/lnet/every-field", test_every_field);
	g_test_add_func("/wire/lnet/bad-type", test_bad_type);
	g_test_add_func("/wire/lnet/payload-length", test_payload_length);
	g_test_add_func("/wire/lnet/handles", test_handles);
	g_test_add_func("/wire/lnet/names", test_names);
	return g_test_run();
}
