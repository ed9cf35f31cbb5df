/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "tests/core/bytes.h"

/* V3 keepalive of a deployed node; and the header of a V2 GET with a checksum. */
#define KEEPALIVE "c00000000000000000000000000000000100000000000000"
#define SUMMED	  "c10000007f9ea50e00000000000000000000000000000000"

static void check_decode(const char *hex, bool flipped, const struct zcl_ksm *want)
{
	uint8_t buf[ZCL_KSM_SIZE], again[ZCL_KSM_SIZE];
	struct zcl_ksm ksm;

	unhex(hex, buf, sizeof(buf));
	if (flipped != HOST_IS_BIG)
		flip(buf, "4488");
	g_assert_cmpint(zcl_ksm_decode(buf, flipped, &ksm), ==, ZCL_OK);
	g_assert_cmphex(ksm.ksm_type, ==, want->ksm_type);
	g_assert_cmphex(ksm.ksm_csum, ==, want->ksm_csum);
	g_assert_cmphex(ksm.ksm_zc_cookies[0], ==, want->ksm_zc_cookies[0]);
	g_assert_cmphex(ksm.ksm_zc_cookies[1], ==, want->ksm_zc_cookies[1]);
	zcl_ksm_encode(&ksm, again);
	if (flipped)
		flip(again, "4488");
	g_assert_cmpmem(again, sizeof(again), buf, sizeof(buf));
}

static void test_golden(void)
{
	const struct zcl_ksm keepalive = {ZCL_KSM_NOOP, 0, {0, ZCL_KEEPALIVE_COOKIE}};
	const struct zcl_ksm summed = {ZCL_KSM_LNET, 0x0ea59e7f, {0, 0}};

	for (int flipped = 0; flipped <= 1; flipped++) {
		check_decode(KEEPALIVE, flipped, &keepalive);
		check_decode(SUMMED, flipped, &summed);
	}
}

static void test_every_field(void)
{
	const struct zcl_ksm want = {
		ZCL_KSM_LNET, 0x01020304, {0x1112131415161718, 0x2122232425262728}};

	for (int flipped = 0; flipped <= 1; flipped++)
		check_decode("c1000000040302011817161514131211"
			     "2827262524232221",
			     flipped, &want);
}

static void test_bad_type(void)
{
	static const uint32_t wrong[] = {0, 0xbf, 0xc2, 0xc0000000, UINT32_MAX};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		uint8_t buf[ZCL_KSM_SIZE];
		struct zcl_ksm ksm;

		unhex(KEEPALIVE, buf, sizeof(buf));
		poke_le(buf, wrong[i], 4);
		g_assert_cmpint(zcl_ksm_decode(buf, HOST_IS_BIG, &ksm), ==, ZCL_E_BAD_KSM_TYPE);
		g_assert_cmphex(ksm.ksm_type, ==, wrong[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/ksm/golden", test_golden);
	g_test_add_func("/wire/ksm/every-field", test_every_field);
	g_test_add_func("/wire/ksm/bad-type", test_bad_type);
	return g_test_run();
}
