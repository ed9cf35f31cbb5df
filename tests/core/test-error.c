/* SPDX-License-Identifier: MIT */
#include "core/error.h"

#include <string.h>

#include <glib.h>

static void test_names_are_unique_words(void)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (int i = 0; i < ZCL_ERR_LAST; i++) {
		const char *name = zcl_err_name((enum zcl_err)i);

		g_assert_true(g_regex_match_simple("^[a-z]+(_[a-z]+)*$", name, 0, 0));
		g_assert_cmpstr(name, !=, "unknown");
		g_assert_true(g_hash_table_add(seen, (char *)name));
	}
	g_hash_table_unref(seen);
}

static void test_texts_are_unique_clauses(void)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (int i = 0; i < ZCL_ERR_LAST; i++) {
		const char *text = zcl_strerror((enum zcl_err)i);

		g_assert_cmpuint(strlen(text), >, 5);
		g_assert_false(g_str_has_suffix(text, "."));
		g_assert_true(g_hash_table_add(seen, (char *)text));
	}
	g_hash_table_unref(seen);
}

static void test_fatal_is_the_connection(void)
{
	g_assert_false(zcl_err_is_fatal(ZCL_OK));
	for (int i = ZCL_E_BAD_MAGIC; i <= ZCL_E_ABORTED; i++)
		g_assert_true(zcl_err_is_fatal((enum zcl_err)i));
	for (int i = ZCL_E_INVALID; i < ZCL_ERR_LAST; i++)
		g_assert_false(zcl_err_is_fatal((enum zcl_err)i));
}

static void test_known_names(void)
{
	g_assert_cmpstr(zcl_err_name(ZCL_OK), ==, "ok");
	g_assert_cmpstr(zcl_err_name(ZCL_E_BAD_MAGIC), ==, "bad_magic");
	g_assert_cmpstr(zcl_err_name(ZCL_E_PAYLOAD_TOO_LONG), ==, "payload_too_long");
	g_assert_cmpstr(zcl_err_name(ZCL_E_SYNTAX), ==, "syntax");
}

static void test_out_of_range(void)
{
	const enum zcl_err wrong[] = {(enum zcl_err) - 1, ZCL_ERR_LAST, (enum zcl_err)9999};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_cmpstr(zcl_err_name(wrong[i]), ==, "unknown");
		g_assert_cmpstr(zcl_strerror(wrong[i]), ==, "unknown error");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/names-are-unique-words", test_names_are_unique_words);
	g_test_add_func("/error/texts-are-unique-clauses", test_texts_are_unique_clauses);
	g_test_add_func("/error/fatal-is-the-connection", test_fatal_is_the_connection);
	g_test_add_func("/error/known-names", test_known_names);
	g_test_add_func("/error/out-of-range", test_out_of_range);
	return g_test_run();
}
