/* SPDX-License-Identifier: MIT */
#include "core/event.h"

#include <glib.h>
#include <string.h>

#include "core/wire.h"

static void test_names(void)
{
	for (int i = 0; i < ZCL_EV_LAST; i++) {
		const char *name = zcl_event_name((enum zcl_event_kind)i);

		g_assert_cmpstr(name, !=, "?");
		g_assert_cmpint(zcl_event_kind_of(name), ==, i);
	}
	g_assert_cmpint(zcl_event_kind_of("no-such-event"), ==, ZCL_EV_LAST);
	g_assert_cmpstr(zcl_event_name(ZCL_EV_LAST), ==, "?");
}

/* Every listed field is known, and empty where it does not apply. */
static void test_fields(void)
{
	const struct zcl_event empty = {
		.kind = ZCL_EV_LAST, .ctype = ZCL_CONN_NONE, .lnet_type = UINT32_MAX};
	char buf[32];

	for (const char *const *f = zcl_event_fields(); *f != NULL; f++) {
		g_assert_true(zcl_event_field(&empty, *f, buf, sizeof(buf)));
		g_assert_cmpstr(buf, ==, "");
	}
	g_assert_false(zcl_event_field(&empty, "colour", buf, sizeof(buf)));
}

static void test_values(void)
{
	const struct zcl_event ev = {.kind = ZCL_EV_FALLBACK,
				     .version = 1,
				     .conn = 3,
				     .reason = ZCL_REASON_TOLD,
				     .error = ZCL_E_EOF,
				     .cookie = UINT64_MAX,
				     .lnet_type = ZCL_LNET_PUT,
				     .ctype = ZCL_CONN_BULK_IN};
	static const char *const want[][2] = {
		{"to", "v1"},	      {"version", "v1"},    {"reason", "told"},
		{"error", "eof"},     {"conn", "3"},	    {"cookie", "18446744073709551615"},
		{"lnet-type", "PUT"}, {"ctype", "BULK_IN"},
	};
	char buf[32];

	for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
		g_assert_true(zcl_event_field(&ev, want[i][0], buf, sizeof(buf)));
		g_assert_cmpstr(buf, ==, want[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/event/names", test_names);
	g_test_add_func("/event/fields", test_fields);
	g_test_add_func("/event/values", test_values);
	return g_test_run();
}
