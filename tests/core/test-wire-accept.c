/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "tests/core/bytes.h"

/* 10.77.0.2 calls 10.77.0.3@tcp. */
#define GOLDEN "0071ceac0100000003004d0a00000200"

static void test_golden(void)
{
	const struct zcl_accept_req req = {.acr_version = 1, .acr_nid = 0x000200000a4d0003};
	uint8_t want[ZCL_ACCEPT_SIZE], got[ZCL_ACCEPT_SIZE];

	unhex(GOLDEN, want, sizeof(want));
	if (HOST_IS_BIG)
		flip(want, "448");
	zcl_accept_encode(&req, got);
	g_assert_cmpmem(got, sizeof(got), want, sizeof(want));
}

static void test_decode(gconstpointer is_flipped)
{
	const bool flipped = GPOINTER_TO_INT(is_flipped);
	struct zcl_accept_req req;
	uint8_t buf[ZCL_ACCEPT_SIZE];
	bool got = !flipped;

	unhex(GOLDEN, buf, sizeof(buf));
	if (flipped != HOST_IS_BIG)
		flip(buf, "448");
	g_assert_cmpint(zcl_accept_decode(buf, &req, &got), ==, ZCL_OK);
	g_assert_cmpint(got, ==, flipped);
	g_assert_cmphex(req.acr_magic, ==, ZCL_ACCEPTOR_MAGIC);
	g_assert_cmpuint(req.acr_version, ==, 1);
	g_assert_cmphex(req.acr_nid, ==, 0x000200000a4d0003);
}

static void test_bad_magic(void)
{
	struct zcl_accept_req req;
	uint8_t buf[ZCL_ACCEPT_SIZE];
	bool flipped;

	for (size_t at = 0; at < 4; at++) {
		unhex(GOLDEN, buf, sizeof(buf));
		buf[at] ^= 0x10;
		g_assert_cmpint(zcl_accept_decode(buf, &req, &flipped), ==, ZCL_E_BAD_MAGIC);
	}
}

static void test_bad_version(void)
{
	static const uint32_t wrong[] = {0, 2, 0x01000000, UINT32_MAX};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct zcl_accept_req req;
		uint8_t buf[ZCL_ACCEPT_SIZE];
		bool flipped;

		unhex(GOLDEN, buf, sizeof(buf));
		poke_le(buf + 4, wrong[i], 4);
		g_assert_cmpint(zcl_accept_decode(buf, &req, &flipped), ==,
				ZCL_E_BAD_ACCEPTOR_VERSION);
		g_assert_cmpuint(req.acr_version, ==, wrong[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/accept/golden", test_golden);
	g_test_add_data_func("/wire/accept/decode-own-order", GINT_TO_POINTER(false), test_decode);
	g_test_add_data_func("/wire/accept/decode-flipped", GINT_TO_POINTER(true), test_decode);
	g_test_add_func("/wire/accept/bad-magic", test_bad_magic);
	g_test_add_func("/wire/accept/bad-version", test_bad_version);
	return g_test_run();
}
