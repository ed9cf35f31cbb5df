/* SPDX-License-Identifier: MIT */
#include "core/nid.h"

#include <string.h>

#include <glib.h>

static const struct {
	const char *text;
	zcl_nid nid;
} good[] = {
	{"10.0.0.9@tcp", 0x000200000a000009}, {"10.77.0.2@tcp3", 0x000200030a4d0002},
	{"0.0.0.0@tcp", 0x0002000000000000},  {"255.255.255.255@tcp65535", 0x0002ffffffffffff},
	{"0@lo", 0x0009000000000000},	      {"<any>", ZCL_NID_ANY},
};

static void test_both_ways(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		char text[ZCL_NID_STRLEN];
		zcl_nid nid = 0;

		g_assert_cmpint(zcl_nid_parse(good[i].text, &nid), ==, ZCL_OK);
		g_assert_cmphex(nid, ==, good[i].nid);
		g_assert_true(zcl_nid_format(nid, text, sizeof(text)) == text);
		g_assert_cmpstr(text, ==, good[i].text);
	}
}

static void test_tcp0_is_tcp(void)
{
	zcl_nid nid = 0;

	g_assert_cmpint(zcl_nid_parse("10.0.0.9@tcp0", &nid), ==, ZCL_OK);
	g_assert_cmphex(nid, ==, zcl_nid_tcp(0x0a000009, 0));
}

static void test_malformed(void)
{
	static const char *const bad[] = {
		"",
		"@",
		"tcp",
		"10.0.0.9",
		"10.0.0.9@",
		"@tcp",
		"10.0.0@tcp",
		"10.0.0.9.1@tcp",
		"10.0.0.256@tcp",
		"10.0.0.09@tcp",
		"10.0.0.00@tcp",
		"10.0.0.-1@tcp",
		"10.0.0.+1@tcp",
		" 10.0.0.9@tcp",
		"10.0.0.9@tcp ",
		"10.0.0.9@TCP",
		"10.0.0.9@tcp03",
		"10.0.0.9@tcp65536",
		"10.0.0.9@tcp-1",
		"10.0.0.9@tcp3x",
		"10.0.0.9@o2ib",
		"10.0.0.9@lo",
		"0@lo0",
		"1@lo",
		"0@lo ",
		"<any> ",
		"<ANY>",
		"10..0.9@tcp",
		"10.0.0.9@tcp00",
		"10.0.0.@tcp",
		"10.0.0.0x9@tcp",
		"10.0.0.9@@tcp",
		"::1@tcp",
		"10.0.0.9@tc",
		"4294967306.0.0.9@tcp",
		"10.0.0.9@tcp99999999999999999999",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		zcl_nid nid = 42;

		if (zcl_nid_parse(bad[i], &nid) != ZCL_E_SYNTAX)
			g_error("'%s' was taken for a NID", bad[i]);
		g_assert_cmpuint(nid, ==, 42);
	}
}

static void test_parts(void)
{
	const zcl_nid nid = zcl_nid_tcp(0x0a4d0002, 7);

	g_assert_cmphex(zcl_nid_addr(nid), ==, 0x0a4d0002);
	g_assert_cmpuint(zcl_nid_net_type(nid), ==, ZCL_NET_TCP);
	g_assert_cmpuint(zcl_nid_net_number(nid), ==, 7);
	g_assert_cmpuint(zcl_nid_net_type(ZCL_NID_LO), ==, ZCL_NET_LO);
}

/* The net number weighs more than the address; addresses compare as unsigned integers. */
static void test_higher(void)
{
	g_assert_cmpuint(zcl_nid_tcp(0x0a000009, 0), >, zcl_nid_tcp(0x0a000001, 0));
	g_assert_cmpuint(zcl_nid_tcp(0xc0000001, 0), >, zcl_nid_tcp(0x0a000001, 0));
	g_assert_cmpuint(zcl_nid_tcp(0x0a000001, 1), >, zcl_nid_tcp(0xff000001, 0));
}

static void test_format_of_odd_nids(void)
{
	char text[ZCL_NID_STRLEN];

	zcl_nid_format(0, text, sizeof(text));
	g_assert_cmpstr(text, ==, "0.0.0.0@<0:0>");
	zcl_nid_format(0xfffffffffffffffe, text, sizeof(text));
	g_assert_cmpstr(text, ==, "255.255.255.254@<65535:65535>");
	zcl_nid_format(ZCL_NID_LO | 1, text, sizeof(text));
	g_assert_cmpstr(text, ==, "0.0.0.1@<9:0>");
}

static void test_format_stays_inside(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		for (size_t size = 1; size < ZCL_NID_STRLEN; size++) {
			char text[ZCL_NID_STRLEN + 1];

			memset(text, 'x', sizeof(text));
			zcl_nid_format(good[i].nid, text, size);
			g_assert_cmpuint(strlen(text), ==, MIN(size - 1, strlen(good[i].text)));
			g_assert_true(g_str_has_prefix(good[i].text, text));
			g_assert_cmpint(text[size], ==, 'x');
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/nid/both-ways", test_both_ways);
	g_test_add_func("/nid/tcp0-is-tcp", test_tcp0_is_tcp);
	g_test_add_func("/nid/malformed", test_malformed);
	g_test_add_func("/nid/parts", test_parts);
	g_test_add_func("/nid/higher", test_higher);
	g_test_add_func("/nid/format-of-odd-nids", test_format_of_odd_nids);
	g_test_add_func("/nid/format-stays-inside", test_format_stays_inside);
	return g_test_run();
}
