/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "scenarios/match.h"
#include "scenarios/parser.h"

#define PEERS                                                                                      \
	"race 1\npeer a nid 10.0.0.1@tcp\npeer b nid 10.0.0.2@tcp\npeer c nid 10.0.0.3@tcp\n"      \
	"case one\ncase two\n"

struct fixture {
	struct zrace_script *script;
	GArray *log;
	struct zrace_matcher *matcher;
};

static struct fixture make(const char *lines)
{
	struct fixture f = {0};
	struct zrace_errors errors;
	char *text = g_strconcat(PEERS, lines, NULL);

	zrace_errors_init(&errors);
	f.script = zrace_parse_text("match.race", text, strlen(text), &errors);
	g_assert_cmpstr(errors.text->str, ==, "");
	zrace_errors_clear(&errors);
	g_free(text);
	f.log = zrace_log_new();
	f.matcher = zrace_matcher_new(f.script, 0, ZRACE_BASE_RUN, f.log);
	return f;
}

static void clear(struct fixture *f)
{
	zrace_matcher_free(f->matcher);
	g_array_unref(f->log);
	zrace_script_free(f->script);
}

static bool feed(struct fixture *f, unsigned peer, enum zcl_event_kind kind, unsigned other,
		 enum zcl_reason reason)
{
	struct zrace_record record = {.kind = ZRACE_REC_EVENT,
				      .peer = peer,
				      .other = other,
				      .time = f->log->len * 1000000,
				      .event = {.kind = kind,
						.reason = reason,
						.ctype = ZCL_CONN_NONE,
						.lnet_type = UINT32_MAX}};

	g_array_append_val(f->log, record);
	return zrace_matcher_feed(f->matcher, f->log->len - 1);
}

static void assert_verdict(const struct fixture *f, unsigned line, const char *words)
{
	struct zrace_pos pos = {0};
	GString *why = g_string_new(NULL);
	bool good = zrace_matcher_verdict(f->matcher, &pos, why);

	g_assert_true(good == (line == 0));
	g_assert_cmpuint(pos.line, ==, line);
	g_assert_cmpstr(why->str, ==, words);
	g_string_free(why, TRUE);
}

static void test_in_order(void)
{
	struct fixture f = make("expect a refuse b reason=race\nexpect b refused a\n");
	GArray *matched = g_array_new(FALSE, FALSE, sizeof(guint));

	feed(&f, 1, ZCL_EV_REFUSED, 0, ZCL_REASON_RACE); /* too early */
	feed(&f, 0, ZCL_EV_REFUSE, 2, ZCL_REASON_RACE);	 /* of another */
	feed(&f, 0, ZCL_EV_REFUSE, 1, ZCL_REASON_STALE); /* for another reason */
	g_assert_false(zrace_matcher_met(f.matcher));
	feed(&f, 0, ZCL_EV_REFUSE, 1, ZCL_REASON_RACE);
	feed(&f, 0, ZCL_EV_ACCEPT, ZRACE_ANY_PEER, ZCL_REASON_NONE);
	assert_verdict(&f, 8, "expected b refused a, the next event was a accept at 4.000 ms");
	feed(&f, 1, ZCL_EV_REFUSED, 0, ZCL_REASON_RACE);
	g_assert_true(zrace_matcher_met(f.matcher));
	assert_verdict(&f, 0, "");
	zrace_matcher_matched(f.matcher, matched);
	g_assert_cmpuint(matched->len, ==, 2);
	g_assert_cmpuint(g_array_index(matched, guint, 0), ==, 3);
	g_assert_cmpuint(g_array_index(matched, guint, 1), ==, 5);
	g_array_unref(matched);
	clear(&f);
}

/* One event meets one expect; two equal expects need two events. */
static void test_twice(void)
{
	struct fixture f = make("expect a retry b\nexpect a retry b\n");

	feed(&f, 0, ZCL_EV_RETRY, 1, ZCL_REASON_RACE);
	assert_verdict(&f, 8, "expected a retry b, no event followed");
	feed(&f, 0, ZCL_EV_RETRY, 1, ZCL_REASON_RACE);
	assert_verdict(&f, 0, "");
	clear(&f);
}

static void test_scopes(void)
{
	struct fixture f = make("expect a up b\nexpect a down b\nin one: expect b up a\n"
				"in two: expect c up a\n");

	feed(&f, 1, ZCL_EV_CONN_UP, 0, ZCL_REASON_NONE);
	feed(&f, 0, ZCL_EV_CONN_UP, 1, ZCL_REASON_NONE);
	g_assert_false(zrace_matcher_met(f.matcher));
	feed(&f, 0, ZCL_EV_CONN_DOWN, 1, ZCL_REASON_NONE);
	assert_verdict(&f, 0, "");
	clear(&f);
}

static void test_never(void)
{
	struct fixture f = make("never a refuse b reason=race\nexpect a up b\n");

	g_assert_true(zrace_matcher_forbids(f.matcher));
	g_assert_true(feed(&f, 0, ZCL_EV_REFUSE, 1, ZCL_REASON_STALE));
	g_assert_false(feed(&f, 0, ZCL_EV_REFUSE, 1, ZCL_REASON_RACE));
	assert_verdict(&f, 7,
		       "expected never a refuse b reason=race, got a refuse b reason=race at "
		       "1.000 ms");
	clear(&f);
}

static void test_order(void)
{
	struct fixture f = make("order a up b before b up a\n");

	assert_verdict(&f, 7, "expected a up b before b up a, there was no a up b");
	feed(&f, 0, ZCL_EV_CONN_UP, 1, ZCL_REASON_NONE);
	assert_verdict(&f, 7, "expected a up b before b up a, there was no b up a");
	feed(&f, 1, ZCL_EV_CONN_UP, 0, ZCL_REASON_NONE);
	assert_verdict(&f, 0, "");
	clear(&f);
	f = make("order a up b before b up a\n");
	feed(&f, 1, ZCL_EV_CONN_UP, 0, ZCL_REASON_NONE);
	feed(&f, 0, ZCL_EV_CONN_UP, 1, ZCL_REASON_NONE);
	g_assert_false(zrace_matcher_met(f.matcher));
	assert_verdict(
		&f, 7,
		"expected a up b before b up a, first came b up a initiator=peer at 0.000 ms");
	clear(&f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/match/in-order", test_in_order);
	g_test_add_func("/match/twice", test_twice);
	g_test_add_func("/match/scopes", test_scopes);
	g_test_add_func("/match/never", test_never);
	g_test_add_func("/match/order", test_order);
	return g_test_run();
}
