/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/trace/shown.h"

/* The messages of captures of deployed nodes, as the trace command shows them, through tshark. */

static const struct totals {
	const char *capture;
	guint accept, hello, noop, put, get, reply, ack;
} totals[] = {
	{"nego-active1-passive2-ping", 3, 6, 0, 0, 1, 1, 0},
	{"nego-active2-passive1-ping", 4, 8, 0, 0, 1, 1, 0},
	{"nego-active3-passive2-ping", 4, 8, 0, 0, 1, 1, 0},
	{"probe-race-incarnation", 10, 19, 0, 0, 2, 2, 0},
	{"v1-lst-brw-write-64k-full", 3, 6, 0, 16, 4, 4, 2},
	{"v1-ping", 3, 6, 0, 0, 1, 1, 0},
	{"v2-csum-ping", 3, 6, 0, 0, 1, 1, 0},
	{"v2-lst-brw-write-16k-c8-full", 3, 6, 3, 42, 17, 17, 2},
	{"v2-lst-brw-write-64k-full", 3, 6, 3, 16, 4, 4, 2},
	{"v2-ping", 3, 6, 0, 0, 1, 1, 0},
	{"v3-keepalive-idle", 3, 6, 2, 0, 1, 1, 0},
	{"v3-lst-brw-write-16k-c8-full", 3, 6, 13, 42, 17, 17, 2},
	{"v3-lst-brw-write-64k-full", 3, 6, 3, 16, 4, 4, 2},
	{"v3-ping", 3, 6, 0, 0, 1, 1, 0},
};

static void test_totals(gconstpointer data)
{
	const struct totals *want = data;
	struct shown shown = shown_of_capture(want->capture, ZTRACE_FORMAT_JSON);
	GPtrArray *messages = shown_messages(&shown);
	const struct {
		const char *field, *value;
		guint count;
	} counts[] = {
		{"name", "accept_request", want->accept},
		{"name", "hello", want->hello},
		{"name", "noop", want->noop},
		{"lnet_type", "PUT", want->put},
		{"lnet_type", "GET", want->get},
		{"lnet_type", "REPLY", want->reply},
		{"lnet_type", "ACK", want->ack},
	};
	guint all = 0;

	g_assert_cmpint(shown.status, ==, ZTRACE_OK);
	if (strcmp(want->capture, "probe-race-incarnation") != 0)
		g_assert_cmpstr(shown.err, ==, "");
	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
		g_test_message("%s", counts[i].value);
		g_assert_cmpuint(shown_count(messages, counts[i].field, counts[i].value), ==,
				 counts[i].count);
		all += counts[i].count;
	}
	g_assert_cmpuint(messages->len, ==, all);
	g_ptr_array_unref(messages);
	shown_clear(&shown);
}

/* The fields of a message whose values are text. */
static void expect_texts(JsonObject *message, const char *const texts[][2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		g_assert_cmpstr(shown_text(message, texts[i][0]), ==, texts[i][1]);
}

static void expect_hello(JsonObject *message)
{
	static const char *const texts[][2] = {
		{"vantage_point", "10.77.0.2"},
		{"peer", "10.77.0.3"},
		{"from", "10.77.0.2:1023"},
		{"to", "10.77.0.3:988"},
		{"name", "hello"},
		{"version", "v2"},
		{"ctype", "CONTROL"},
		{"src_nid", "10.77.0.2@tcp"},
		{"incarnation", "1795340832600001759"},
	};

	g_assert_cmpint(shown_int(message, "time"), ==, 10266000);
	g_assert_cmpint(shown_int(message, "frame"), ==, 6);
	g_assert_cmpint(shown_int(message, "stream"), ==, 0);
	expect_texts(message, texts, G_N_ELEMENTS(texts));
}

static void expect_get(JsonObject *message)
{
	static const char *const texts[][2] = {
		{"lnet_type", "GET"},
		{"match_bits", "0x8000000000000000"},
	};

	expect_texts(message, texts, G_N_ELEMENTS(texts));
	g_assert_cmpint(shown_int(message, "csum"), ==, 0x0ea59e7f);
	g_assert_true(json_object_has_member(message, "portal"));
	g_assert_false(json_object_has_member(message, "req_cookie"));
	g_assert_false(json_object_has_member(message, "ack_cookie"));
}

static void test_json_fields(gconstpointer data)
{
	struct shown shown = shown_of_capture("v2-csum-ping", ZTRACE_FORMAT_JSON);
	GPtrArray *messages = shown_messages(&shown);

	(void)data;
	g_assert_cmpuint(messages->len, >, 3);
	expect_hello(messages->pdata[1]);
	expect_get(messages->pdata[3]);
	g_ptr_array_unref(messages);
	shown_clear(&shown);
}

static void test_json_cookies(gconstpointer data)
{
	struct shown shown = shown_of_capture("v2-lst-brw-write-16k-c8-full", ZTRACE_FORMAT_JSON);
	GPtrArray *messages = shown_messages(&shown);
	gint64 next = 2;
	guint piggybacked = 0;

	(void)data;
	for (size_t i = 0; i < messages->len; i++) {
		JsonObject *message = messages->pdata[i];

		if (json_object_has_member(message, "req_cookie")) {
			g_assert_cmpint(shown_int(message, "req_cookie"), ==, next++);
			g_assert_cmpint(shown_int(message, "payload_length"), ==, 16384);
		}
		piggybacked += json_object_has_member(message, "ack_cookie") &&
			       strcmp(shown_text(message, "name"), "lnet") == 0;
	}
	g_assert_cmpint(next, ==, 18);
	g_assert_cmpuint(piggybacked, ==, 13);
	g_ptr_array_unref(messages);
	shown_clear(&shown);
}

/* Every line has its columns at the same places. */
static void test_text_is_aligned(gconstpointer data)
{
	struct shown shown = shown_of_capture("nego-active3-passive2-ping", ZTRACE_FORMAT_DEFAULT);
	char **lines = g_strsplit(shown.out, "\n", -1);
	size_t what;

	(void)data;
	g_assert_cmpuint(g_strv_length(lines), ==, 1 + 4 + 8 + 2 + 1 + 1);
	what = (size_t)(strstr(lines[0], "WHAT") - lines[0]);
	for (size_t i = 1; *lines[i] != '\0'; i++) {
		g_assert_cmpuint(strlen(lines[i]), ==, strlen(lines[0]));
		g_assert_cmpint(lines[i][what - 1], ==, ' ');
		g_assert_true(g_regex_match_simple("^(accept_request|hello|lnet|reset) ",
						   lines[i] + what, 0, 0));
	}
	g_assert_nonnull(strstr(shown.out, "V2       NONE"));
	g_strfreev(lines);
	shown_clear(&shown);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	shown_init();
	for (size_t i = 0; i < G_N_ELEMENTS(totals); i++) {
		char *name = g_strconcat("/trace/totals/", totals[i].capture, NULL);

		shown_add_test(name, &totals[i], test_totals);
		g_free(name);
	}
	shown_add_test("/trace/json-fields", NULL, test_json_fields);
	shown_add_test("/trace/json-cookies", NULL, test_json_cookies);
	shown_add_test("/trace/text-is-aligned", NULL, test_text_is_aligned);
	return g_test_run();
}
