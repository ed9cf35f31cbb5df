/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/real/libpair.h"

/* Texts, and mistakes of the caller. */

static void test_texts(void)
{
	char buf[ZCLND_NID_STRLEN], addr_buf[ZCLND_ADDR_STRLEN];
	struct sockaddr_in addr = {.sin_family = AF_INET};
	enum zclnd_way way = ZCLND_WAY_AUTO;
	zclnd_nid nid = 3;

	g_assert_cmpint(zclnd_nid_parse("10.0.0.9@tcp3", &nid), ==, ZCLND_OK);
	g_assert_cmpstr(zclnd_nid_format(nid, buf, sizeof(buf)), ==, "10.0.0.9@tcp3");
	g_assert_cmpuint(zclnd_nid_number(nid), ==, 3);
	g_assert_cmpuint(zclnd_nid_addr(nid), ==, 0x0a000009);
	g_assert_cmpint(zclnd_nid_parse("0@lo", &nid), ==, ZCLND_E_SYNTAX);
	g_assert_cmpuint(nid, ==, zclnd_nid_tcp(0x0a000009, 3));
	g_assert_cmpint(zclnd_addr_parse("10.0.0.9:99", &addr), ==, ZCLND_OK);
	g_assert_cmpstr(zclnd_addr_format(&addr, addr_buf, sizeof(addr_buf)), ==, "10.0.0.9:99");
	g_assert_cmpint(zclnd_addr_parse("x", &addr), ==, ZCLND_E_SYNTAX);
	g_assert_cmpint(zclnd_way_parse("copy", &way), ==, ZCLND_OK);
	g_assert_cmpint(way, ==, ZCLND_WAY_COPY);
	g_assert_cmpint(zclnd_way_parse("fast", &way), ==, ZCLND_E_SYNTAX);
	g_assert_cmpstr(zclnd_err_name(ZCLND_E_TIMEDOUT), ==, "timedout");
	g_assert_cmpstr(zclnd_stats_name(0), ==, "messages_sent");
	g_assert_null(zclnd_stats_name(ZCLND_STATS_MAX));
	g_assert_cmpstr(zclnd_version(), ==,
			G_STRINGIFY(ZCLND_VERSION_MAJOR) "." G_STRINGIFY(
				ZCLND_VERSION_MINOR) "." G_STRINGIFY(ZCLND_VERSION_PATCH));
}

static void test_mistakes(void)
{
	struct zclnd_options options = {.threads = 0};
	struct zclnd_ni_options ni;
	struct zclnd_error error = {0};
	struct zclnd *z;

	g_assert_null(zclnd_new(&options, &error));
	g_assert_cmpint(error.err, ==, ZCLND_E_INVALID);
	z = zclnd_new(NULL, NULL);
	zclnd_ni_options_init(&ni, ZCLND_NID_LO);
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	g_assert_cmpint(error.err, ==, ZCLND_E_INVALID);
	zclnd_ni_options_init(&ni, zclnd_nid_tcp(0xc0000201, 0)); /* nobody's address */
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	g_assert_cmpint(error.err, ==, ZCLND_E_IO);
	g_assert_nonnull(strstr(error.text, "192.0.2.1:988"));
	ni.listens = false;
	ni.version = 9;
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	g_assert_cmpint(zclnd_start(z, &error), ==, ZCLND_OK);
	g_assert_cmpint(zclnd_start(z, &error), ==, ZCLND_E_INVALID);
	g_assert_null(zclnd_ni_new(z, &ni, &error));
	zclnd_stop(z);
	zclnd_stop(z);
	zclnd_free(z);
	zclnd_free(NULL);
	zclnd_eq_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lib/texts", test_texts);
	g_test_add_func("/lib/mistakes", test_mistakes);
	return g_test_run();
}
