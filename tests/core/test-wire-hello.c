/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "tests/core/bytes.h"

/* HELLOs as deployed nodes sent them. */
#define V1_HEX                                                                                     \
	"ed0dbcee0100000002004d0a0000020000000000393000000400000000000000"                         \
	"fb9186ee9854ea18020000000000000000000000000000000000000000000000"                         \
	"0000000000000000"
#define V2_HEX                                                                                     \
	"636972450200000002004d0a0000020003004d0a000002003930000000000000"                         \
	"332f38838354ea1800000000000000000100000000000000"
#define V3_REFUSAL_HEX                                                                             \
	"636972450300000003004d0a0000020001004d0a000002003930000000000000"                         \
	"0d127cbf7356ea180000000000000000ffffffff00000000"
#define V2_FIELDS "4488448844" /* the integers of a V2 or V3 HELLO */

#define NODE_1 0x000200000a4d0001
#define NODE_2 0x000200000a4d0002
#define NODE_3 0x000200000a4d0003

/* Where fields stand. */
enum { V1_MAJOR = 4, V1_MINOR = 6, V1_SRC_NID = 8, V1_TYPE = 24, V1_LENGTH = 28, V1_CTYPE = 40 };
enum { V2_VERSION = 4, V2_SRC_NID = 8, V2_CTYPE = 48, V2_NIPS = 52 };

static enum zcl_err decode(const uint8_t *buf, bool flipped, struct zcl_hello *hello)
{
	uint32_t version = 0;
	bool got = !flipped;

	g_assert_cmpint(zcl_hello_peek(buf, &version, &got), ==, ZCL_OK);
	g_assert_cmpint(got, ==, flipped);
	return zcl_hello_decode(buf, flipped, hello);
}

static void check_same(const struct zcl_hello *a, const struct zcl_hello *b)
{
	g_assert_cmphex(a->kshm_magic, ==, b->kshm_magic);
	g_assert_cmpuint(a->kshm_version, ==, b->kshm_version);
	g_assert_cmphex(a->kshm_src_nid, ==, b->kshm_src_nid);
	g_assert_cmphex(a->kshm_dst_nid, ==, b->kshm_dst_nid);
	g_assert_cmphex(a->kshm_src_pid, ==, b->kshm_src_pid);
	g_assert_cmphex(a->kshm_dst_pid, ==, b->kshm_dst_pid);
	g_assert_cmphex(a->kshm_src_incarnation, ==, b->kshm_src_incarnation);
	g_assert_cmphex(a->kshm_dst_incarnation, ==, b->kshm_dst_incarnation);
	g_assert_cmpint(a->kshm_ctype, ==, b->kshm_ctype);
	g_assert_cmpuint(a->kshm_nips, ==, b->kshm_nips);
	g_assert_cmpmem(a->kshm_ips, sizeof(a->kshm_ips), b->kshm_ips, sizeof(b->kshm_ips));
}

static const struct zcl_hello v1_hello = {
	.kshm_magic = ZCL_TCP_MAGIC,
	.kshm_version = ZCL_V1,
	.kshm_src_nid = NODE_2,
	.kshm_src_pid = ZCL_PID_LUSTRE,
	.kshm_src_incarnation = 0x18ea5498ee8691fb,
	.kshm_ctype = ZCL_CONN_BULK_IN,
};

static const struct zcl_hello v2_hello = {
	.kshm_magic = ZCL_PROTO_MAGIC,
	.kshm_version = ZCL_V2,
	.kshm_src_nid = NODE_2,
	.kshm_dst_nid = NODE_3,
	.kshm_src_pid = ZCL_PID_LUSTRE,
	.kshm_src_incarnation = 0x18ea548383382f33,
	.kshm_ctype = ZCL_CONN_CONTROL,
};

static const struct zcl_hello v3_refusal = {
	.kshm_magic = ZCL_PROTO_MAGIC,
	.kshm_version = ZCL_V3,
	.kshm_src_nid = NODE_3,
	.kshm_dst_nid = NODE_1,
	.kshm_src_pid = ZCL_PID_LUSTRE,
	.kshm_src_incarnation = 0x18ea5673bf7c120d,
	.kshm_ctype = ZCL_CONN_NONE,
};

static void check_golden(const char *hex, size_t size, const struct zcl_hello *want)
{
	uint8_t buf[ZCL_HELLO_MAX_SIZE], again[ZCL_HELLO_MAX_SIZE];
	struct zcl_hello got;

	unhex(hex, buf, size);
	if (HOST_IS_BIG && want->kshm_version != ZCL_V1)
		flip(buf, V2_FIELDS);
	g_assert_cmpint(decode(buf, false, &got), ==, ZCL_OK);
	check_same(&got, want);
	memset(again, 0xaa, sizeof(again));
	g_assert_cmpuint(zcl_hello_encode(want, again), ==, size);
	g_assert_cmpmem(again, size, buf, size);
}

static void test_golden_v1(void)
{
	check_golden(V1_HEX, ZCL_HELLO_V1_SIZE, &v1_hello);
}

static void test_golden_v2(void)
{
	check_golden(V2_HEX, ZCL_HELLO_V2_SIZE, &v2_hello);
}

static void test_golden_v3_refusal(void)
{
	check_golden(V3_REFUSAL_HEX, ZCL_HELLO_V2_SIZE, &v3_refusal);
}

static void test_flipped(void)
{
	uint8_t buf[ZCL_HELLO_V2_SIZE];
	struct zcl_hello got;

	unhex(V2_HEX, buf, sizeof(buf));
	if (!HOST_IS_BIG)
		flip(buf, V2_FIELDS);
	g_assert_cmpint(decode(buf, true, &got), ==, ZCL_OK);
	check_same(&got, &v2_hello);
}

/* Distinct values in every field, both orders, IPs too. */
static void test_every_field(gconstpointer is_big)
{
	const bool big = GPOINTER_TO_INT(is_big), flipped = big != HOST_IS_BIG;
	GByteArray *bytes = g_byte_array_new();
	struct zcl_hello got;

	put(bytes, ZCL_PROTO_MAGIC, 4, big);
	put(bytes, ZCL_V3, 4, big);
	put(bytes, 0x1112131415161718, 8, big);
	put(bytes, 0x2122232425262728, 8, big);
	put(bytes, 0x31323334, 4, big);
	put(bytes, 0x41424344, 4, big);
	put(bytes, 0x5152535455565758, 8, big);
	put(bytes, 0x6162636465666768, 8, big);
	put(bytes, ZCL_CONN_BULK_OUT, 4, big);
	put(bytes, 2, 4, big);
	put(bytes, 0x0a000001, 4, big);
	put(bytes, 0xc0a80102, 4, big);
	g_assert_cmpint(decode(bytes->data, flipped, &got), ==, ZCL_OK);
	g_assert_cmpint(zcl_hello_decode_ips(bytes->data + ZCL_HELLO_V2_SIZE, flipped, &got), ==,
			ZCL_OK);
	g_assert_cmphex(got.kshm_src_nid, ==, 0x1112131415161718);
	g_assert_cmphex(got.kshm_dst_nid, ==, 0x2122232425262728);
	g_assert_cmphex(got.kshm_src_pid, ==, 0x31323334);
	g_assert_cmphex(got.kshm_dst_pid, ==, 0x41424344);
	g_assert_cmphex(got.kshm_src_incarnation, ==, 0x5152535455565758);
	g_assert_cmphex(got.kshm_dst_incarnation, ==, 0x6162636465666768);
	g_assert_cmpint(got.kshm_ctype, ==, ZCL_CONN_BULK_OUT);
	g_assert_cmpuint(got.kshm_nips, ==, 2);
	g_assert_cmphex(got.kshm_ips[0], ==, 0x0a000001);
	g_assert_cmphex(got.kshm_ips[1], ==, 0xc0a80102);
	if (!flipped) {
		uint8_t again[ZCL_HELLO_MAX_SIZE];
		const size_t size = zcl_hello_encode(&got, again);

		g_assert_cmpmem(again, size, bytes->data, bytes->len);
	}
	g_byte_array_unref(bytes);
}

static void test_v1_ips(void)
{
	uint8_t buf[ZCL_HELLO_MAX_SIZE], again[ZCL_HELLO_MAX_SIZE];
	struct zcl_hello got;

	unhex(V1_HEX, buf, ZCL_HELLO_V1_SIZE);
	poke_le(buf + V1_LENGTH, 4 * ZCL_MAX_IPS, 4);
	for (uint32_t i = 0; i < ZCL_MAX_IPS; i++)
		poke_le(buf + ZCL_HELLO_V1_SIZE + 4 * i, 0x0a000001 + i, 4);
	g_assert_cmpint(decode(buf, false, &got), ==, ZCL_OK);
	g_assert_cmpuint(got.kshm_nips, ==, ZCL_MAX_IPS);
	g_assert_cmpint(zcl_hello_decode_ips(buf + ZCL_HELLO_V1_SIZE, false, &got), ==, ZCL_OK);
	g_assert_cmphex(got.kshm_ips[0], ==, 0x0a000001);
	g_assert_cmphex(got.kshm_ips[15], ==, 0x0a000010);
	g_assert_cmpuint(zcl_hello_encode(&got, again), ==, ZCL_HELLO_MAX_SIZE);
	g_assert_cmpmem(again, sizeof(again), buf, sizeof(buf));
}

static void check_peek(const uint8_t *buf, enum zcl_err want, uint32_t want_version)
{
	uint32_t version = 77;
	bool flipped;

	g_assert_cmpint(zcl_hello_peek(buf, &version, &flipped), ==, want);
	if (want != ZCL_E_BAD_MAGIC)
		g_assert_cmpuint(version, ==, want_version);
}

static void test_peek_magic(void)
{
	uint8_t buf[ZCL_HELLO_V1_SIZE];

	for (size_t at = 0; at < 4; at++) {
		unhex(V1_HEX, buf, ZCL_HELLO_V1_SIZE);
		buf[at] ^= 1;
		check_peek(buf, ZCL_E_BAD_MAGIC, 0);
		unhex(V2_HEX, buf, ZCL_HELLO_V2_SIZE);
		buf[at] ^= 1;
		check_peek(buf, ZCL_E_BAD_MAGIC, 0);
	}
	/* V1 is little-endian for everybody. */
	unhex(V1_HEX, buf, ZCL_HELLO_V1_SIZE);
	flip(buf, "4");
	check_peek(buf, ZCL_E_BAD_MAGIC, 0);
}

static void test_peek_version(void)
{
	static const uint32_t wrong[] = {0, 1, 4, 5, 0xeeeeeeee};
	uint8_t buf[ZCL_HELLO_V1_SIZE];

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		unhex(V2_HEX, buf, ZCL_HELLO_V2_SIZE);
		poke_le(buf + V2_VERSION, wrong[i], 4);
		check_peek(buf, ZCL_E_UNKNOWN_VERSION, wrong[i]);
		flip(buf, "44");
		check_peek(buf, ZCL_E_UNKNOWN_VERSION, wrong[i]);
	}
	unhex(V1_HEX, buf, ZCL_HELLO_V1_SIZE);
	poke_le(buf + V1_MAJOR, 2, 2);
	check_peek(buf, ZCL_E_UNKNOWN_VERSION, 0);
	unhex(V1_HEX, buf, ZCL_HELLO_V1_SIZE);
	poke_le(buf + V1_MINOR, 1, 2);
	check_peek(buf, ZCL_E_UNKNOWN_VERSION, 0);
}

static void test_sizes(void)
{
	g_assert_cmpuint(zcl_hello_fixed_size(ZCL_V1), ==, 72);
	g_assert_cmpuint(zcl_hello_fixed_size(ZCL_V2), ==, 56);
	g_assert_cmpuint(zcl_hello_fixed_size(ZCL_V3), ==, 56);
	g_assert_cmpuint(zcl_hello_fixed_size(0), ==, 0);
	g_assert_cmpuint(zcl_hello_fixed_size(ZCL_V4), ==, 0);
}

/* One field of a good HELLO replaced by a bad value. */
static const struct {
	const char *hex;
	size_t at, size;
	uint64_t value;
	enum zcl_err err;
} malformed[] = {
	{V1_HEX, V1_TYPE, 4, ZCL_LNET_PUT, ZCL_E_BAD_HELLO_TYPE},
	{V1_HEX, V1_TYPE, 4, 5, ZCL_E_BAD_HELLO_TYPE},
	{V1_HEX, V1_LENGTH, 4, 3, ZCL_E_TOO_MANY_IPS},
	{V1_HEX, V1_LENGTH, 4, 68, ZCL_E_TOO_MANY_IPS},
	{V1_HEX, V1_LENGTH, 4, 0xfffffffc, ZCL_E_TOO_MANY_IPS},
	{V1_HEX, V1_SRC_NID, 8, UINT64_MAX, ZCL_E_ANY_NID},
	{V1_HEX, V1_CTYPE, 4, 4, ZCL_E_BAD_CTYPE},
	{V1_HEX, V1_CTYPE, 4, 0xfffffffe, ZCL_E_BAD_CTYPE},
	{V2_HEX, V2_NIPS, 4, 17, ZCL_E_TOO_MANY_IPS},
	{V2_HEX, V2_NIPS, 4, 0x80000000, ZCL_E_TOO_MANY_IPS},
	{V2_HEX, V2_NIPS, 4, UINT32_MAX, ZCL_E_TOO_MANY_IPS},
	{V2_HEX, V2_SRC_NID, 8, UINT64_MAX, ZCL_E_ANY_NID},
	{V2_HEX, V2_CTYPE, 4, 4, ZCL_E_BAD_CTYPE},
	{V2_HEX, V2_CTYPE, 4, 0x80000000, ZCL_E_BAD_CTYPE},
};

static void test_malformed(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
		const size_t size = strlen(malformed[i].hex) / 2;
		uint8_t buf[ZCL_HELLO_V1_SIZE];
		struct zcl_hello hello;

		unhex(malformed[i].hex, buf, size);
		poke_le(buf + malformed[i].at, malformed[i].value, malformed[i].size);
		g_test_message("case %zu", i);
		g_assert_cmpint(decode(buf, HOST_IS_BIG && size == ZCL_HELLO_V2_SIZE, &hello), ==,
				malformed[i].err);
		if (size == ZCL_HELLO_V1_SIZE)
			continue;
		flip(buf, V2_FIELDS);
		g_assert_cmpint(decode(buf, !HOST_IS_BIG, &hello), ==, malformed[i].err);
	}
}

static void test_zero_ip(void)
{
	for (size_t zero = 0; zero < 3; zero++) {
		struct zcl_hello hello = v2_hello;
		uint32_t ips[3] = {1, 2, 3};

		ips[zero] = 0;
		hello.kshm_nips = 3;
		g_assert_cmpint(zcl_hello_decode_ips((const uint8_t *)ips, false, &hello), ==,
				ZCL_E_ZERO_IP);
	}
}

static void test_unknown_version_is_not_decoded(void)
{
	uint8_t buf[ZCL_HELLO_V2_SIZE];
	struct zcl_hello hello;

	unhex(V2_HEX, buf, sizeof(buf));
	poke_le(buf + V2_VERSION, ZCL_V4, 4);
	g_assert_cmpint(zcl_hello_decode(buf, HOST_IS_BIG, &hello), ==, ZCL_E_UNKNOWN_VERSION);
	buf[0] ^= 1;
	g_assert_cmpint(zcl_hello_decode(buf, HOST_IS_BIG, &hello), ==, ZCL_E_BAD_MAGIC);
}

static void test_ctypes(void)
{
	static const char *const names[] = {"NONE", "ANY", "CONTROL", "BULK_IN", "BULK_OUT"};
	int32_t ctype;

	for (int32_t i = ZCL_CONN_NONE; i <= ZCL_CONN_BULK_OUT; i++) {
		char *lower = g_ascii_strdown(names[i + 1], -1);

		g_assert_cmpstr(zcl_ctype_name(i), ==, names[i + 1]);
		g_assert_cmpint(zcl_ctype_parse(names[i + 1], &ctype), ==, ZCL_OK);
		g_assert_cmpint(ctype, ==, i);
		g_assert_cmpint(zcl_ctype_parse(lower, &ctype), ==, ZCL_OK);
		g_assert_cmpint(ctype, ==, i);
		g_assert_cmpint(zcl_ctype_invert(zcl_ctype_invert(i)), ==, i);
		g_free(lower);
	}
	ctype = 42;
	g_assert_cmpint(zcl_ctype_parse("?", &ctype), ==, ZCL_E_SYNTAX);
	g_assert_cmpint(zcl_ctype_parse("", &ctype), ==, ZCL_E_SYNTAX);
	g_assert_cmpint(zcl_ctype_parse("BULK", &ctype), ==, ZCL_E_SYNTAX);
	g_assert_cmpint(ctype, ==, 42);
	g_assert_cmpstr(zcl_ctype_name(-2), ==, "?");
	g_assert_cmpstr(zcl_ctype_name(4), ==, "?");
	g_assert_cmpint(zcl_ctype_invert(ZCL_CONN_BULK_IN), ==, ZCL_CONN_BULK_OUT);
	g_assert_cmpint(zcl_ctype_invert(ZCL_CONN_BULK_OUT), ==, ZCL_CONN_BULK_IN);
	g_assert_cmpint(zcl_ctype_invert(ZCL_CONN_CONTROL), ==, ZCL_CONN_CONTROL);
	g_assert_cmpint(zcl_ctype_invert(ZCL_CONN_ANY), ==, ZCL_CONN_ANY);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/hello/golden-v1", test_golden_v1);
	g_test_add_func("/wire/hello/golden-v2", test_golden_v2);
	g_test_add_func("/wire/hello/golden-v3-refusal", test_golden_v3_refusal);
	g_test_add_func("/wire/hello/flipped", test_flipped);
	g_test_add_data_func("/wire/hello/every-field-little", GINT_TO_POINTER(false),
			     test_every_field);
	g_test_add_data_func("/wire/hello/every-field-big", GINT_TO_POINTER(true),
			     test_every_field);
	g_test_add_func("/wire/hello/v1-ips", test_v1_ips);
	g_test_add_func("/wire/hello/peek-magic", test_peek_magic);
	g_test_add_func("/wire/hello/peek-version", test_peek_version);
	g_test_add_func("/wire/hello/sizes", test_sizes);
	g_test_add_func("/wire/hello/malformed", test_malformed);
	g_test_add_func("/wire/hello/zero-ip", test_zero_ip);
	g_test_add_func("/wire/hello/unknown-version", test_unknown_version_is_not_decoded);
	g_test_add_func("/wire/hello/ctypes", test_ctypes);
	return g_test_run();
}
