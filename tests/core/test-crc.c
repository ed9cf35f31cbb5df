/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include "tests/core/bytes.h"

/* Bit by bit, from the definition. */
static uint32_t slow_crc(uint32_t crc, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

static void test_check_value(void)
{
	/* CRC-32's well-known check value is 0xcbf43926 after the inversion that is left out here.
	 */
	g_assert_cmphex(zcl_crc(ZCL_CRC_INIT, "123456789", 9), ==, 0xcbf43926u ^ 0xffffffffu);
}

static void test_definition(void)
{
	uint8_t data[300];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 3);
	for (size_t len = 0; len <= sizeof(data); len++)
		g_assert_cmphex(zcl_crc(ZCL_CRC_INIT, data, len), ==,
				slow_crc(ZCL_CRC_INIT, data, len));
}

static void test_in_pieces(void)
{
	static const char text[] = "header, LNet header and payload";
	const uint32_t whole = zcl_crc(ZCL_CRC_INIT, text, sizeof(text));

	for (size_t cut = 0; cut <= sizeof(text); cut++) {
		const uint32_t crc = zcl_crc(ZCL_CRC_INIT, text, cut);

		g_assert_cmphex(zcl_crc(crc, text + cut, sizeof(text) - cut), ==, whole);
	}
}

static void test_nothing(void)
{
	g_assert_cmphex(zcl_crc(ZCL_CRC_INIT, NULL, 0), ==, ZCL_CRC_INIT);
	g_assert_cmphex(zcl_crc(0x12345678, "", 0), ==, 0x12345678);
}

/* A GET as a deployed node sent it, its ksm_csum at offset 4. */
static void test_deployed(void)
{
	uint8_t msg[ZCL_MSG_HDR_SIZE];

	unhex("c10000007f9ea50e0000000000000000000000000000000003004d0a0000020002004d0a00000200"
	      "393000003930000002000000000000000b2d73a1f954ea18091c0000000000000000000000000080"
	      "0000000000000000780f000000000000",
	      msg, sizeof(msg));
	poke_le(msg + 4, 0, 4);
	g_assert_cmphex(zcl_crc(ZCL_CRC_INIT, msg, sizeof(msg)), ==, 0x0ea59e7f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crc/check-value", test_check_value);
	g_test_add_func("/crc/definition", test_definition);
	g_test_add_func("/crc/in-pieces", test_in_pieces);
	g_test_add_func("/crc/nothing", test_nothing);
	g_test_add_func("/crc/deployed", test_deployed);
	return g_test_run();
}
