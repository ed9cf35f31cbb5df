/* SPDX-License-Identifier: MIT */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

/* The `race` command as its users meet it: options, exit status, forms of output. */

struct result {
	int status;
	char *out, *err;
};

static struct result run(const char *first, ...) G_GNUC_NULL_TERMINATED;

/* Arguments that begin with @ name a file of the source tree. */
static struct result run(const char *first, ...)
{
	GPtrArray *args = g_ptr_array_new_with_free_func(g_free);
	struct result result = {0};
	GError *error = NULL;
	int wait_status;
	va_list list;

	g_ptr_array_add(
		args, g_test_build_filename(G_TEST_BUILT, "tests", "scenarios", "zrace-mem", NULL));
	va_start(list, first);
	for (const char *arg = first; arg; arg = va_arg(list, const char *))
		g_ptr_array_add(args, *arg == '@'
					      ? g_test_build_filename(G_TEST_DIST, arg + 1, NULL)
					      : g_strdup(arg));
	va_end(list);
	g_ptr_array_add(args, NULL);
	g_spawn_sync(NULL, (char **)args->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, &result.out,
		     &result.err, &wait_status, &error);
	g_assert_no_error(error);
	g_assert_true(WIFEXITED(wait_status));
	result.status = WEXITSTATUS(wait_status);
	g_ptr_array_unref(args);
	return result;
}

static void clear(struct result *result)
{
	g_free(result->out);
	g_free(result->err);
}

static void assert_run(struct result result, int status, const char *out, const char *err)
{
	g_assert_cmpint(result.status, ==, status);
	g_assert_nonnull(strstr(result.out, out));
	g_assert_nonnull(strstr(result.err, err));
	clear(&result);
}

static void test_usage(void)
{
	assert_run(run("--help", NULL), 0, "Usage:\n  zrace-mem race", "");
	assert_run(run("--version", NULL), 0, "zrace-mem race (zclnd ", "");
	assert_run(run(NULL, NULL), 2, "", "which script?");
	assert_run(run("--nonsense", NULL), 2, "", "Unknown option");
	assert_run(run("--tap", "--json", "@scenarios/a.race", NULL), 2, "", "only one of");
	assert_run(run("-j0", "@scenarios/a.race", NULL), 2, "", "--jobs takes 1 to 64");
	assert_run(run("-jx", "@scenarios/a.race", NULL), 2, "", "-j");
	assert_run(run("--seed=0", "@scenarios/a.race", NULL), 2, "", "--seed takes");
	assert_run(run("--time-scale=nan", "@scenarios/a.race", NULL), 2, "", "--time-scale takes");
	assert_run(run("--case=nobody", "@scenarios/a.race", NULL), 2, "", "no case is called");
	assert_run(run("no-such.race", NULL), 2, "", "no-such.race: ");
	assert_run(run("--trace=/no/such/dir/x", "@scenarios/a.race", NULL), 2, "", "/no/such/dir");
}

/* A mistake in one script: nothing of the others runs. */
static void test_one_bad(void)
{
	struct result result =
		run("@scenarios/a.race", "@tests/scenarios/bad/unknown-peer.race", NULL);

	g_assert_cmpint(result.status, ==, 2);
	g_assert_cmpstr(result.out, ==, "");
	clear(&result);
}

static void test_text(void)
{
	struct result result = run("@scenarios/a.race", NULL);

	g_assert_cmpint(result.status, ==, 0);
	g_assert_true(g_str_has_prefix(result.out, "PASS a.race case one-higher\n"));
	g_assert_true(g_str_has_suffix(result.out, "\n4 passed, 0 failed\n"));
	g_assert_cmpstr(result.err, ==, "");
	clear(&result);
	assert_run(run("-q", "@scenarios/a.race", NULL), 0, "", "");
	assert_run(run("--list", "@scenarios/b.race", NULL), 0,
		   "b.race case new-higher  B: V1 hello of a V2 node meets V1 hello\n", "");
	assert_run(run("-q", "@tests/scenarios/wrong/b-never.race", NULL), 1,
		   "FAIL b-never.race case new-higher\n", "");
}

static void test_tap(void)
{
	assert_run(run("--tap", "@scenarios/a.race", NULL), 0,
		   "1..4\nok 1 - a.race case one-higher\n", "");
	assert_run(run("--tap", "@tests/scenarios/wrong/a-never.race", NULL), 1,
		   "not ok 1 - a-never.race case one-higher\n# ", "");
}

/* What the world cannot do is skipped; all skipped is 77. */
static void test_skip(void)
{
	assert_run(run("@tests/scenarios/good/lossy.race", NULL), 77, "SKIP lossy.race\n", "");
	assert_run(run("--tap", "@tests/scenarios/good/lossy.race", NULL), 77,
		   "ok 1 - lossy.race # SKIP ", "");
	assert_run(run("@tests/scenarios/good/lossy.race", "@scenarios/b.race", NULL), 0,
		   "4 passed, 0 failed, 1 skipped\n", "");
}

static JsonObject *parse_line(const char *line, JsonParser *parser)
{
	GError *error = NULL;

	json_parser_load_from_data(parser, line, -1, &error);
	g_assert_no_error(error);
	return json_node_get_object(json_parser_get_root(parser));
}

static void test_json(void)
{
	struct result result = run("--json", "--case=new-higher", "@scenarios/c.race", NULL);
	char **lines = g_strsplit(result.out, "\n", -1);
	JsonParser *parser = json_parser_new();
	JsonObject *object = parse_line(lines[0], parser);
	JsonArray *events = json_object_get_array_member(object, "events");
	bool fell_back = false;

	g_assert_cmpint(result.status, ==, 0);
	g_assert_cmpuint(g_strv_length(lines), ==, 3);
	g_assert_cmpstr(json_object_get_string_member(object, "verdict"), ==, "pass");
	g_assert_cmpstr(json_object_get_string_member(object, "case"), ==, "new-higher");
	g_assert_cmpint(json_object_get_int_member(object, "seed"), ==, 1);
	for (guint i = 0; i < json_array_get_length(events); i++) {
		JsonObject *event = json_array_get_object_element(events, i);
		JsonObject *data = json_object_get_object_member(event, "data");

		g_assert_true(json_object_has_member(event, "time"));
		if (strcmp(json_object_get_string_member(event, "name"), "fallback") != 0)
			continue;
		fell_back = true;
		g_assert_cmpstr(json_object_get_string_member(event, "vantage_point"), ==, "new");
		g_assert_cmpstr(json_object_get_string_member(data, "to"), ==, "v1");
		g_assert_cmpstr(json_object_get_string_member(data, "peer"), ==, "old");
	}
	g_assert_true(fell_back);
	g_object_unref(parser);
	g_strfreev(lines);
	clear(&result);
}

static void test_trace(void)
{
	char *dir = g_dir_make_tmp("zrace-XXXXXX", NULL);
	char *file = g_build_filename(dir, "trace.jsonl", NULL);
	char *option = g_strconcat("--trace=", file, NULL);
	struct result result = run(option, "--case=new-higher", "@scenarios/b.race", NULL);
	JsonParser *parser = json_parser_new();
	char *text, **lines;
	unsigned headers = 0;

	g_assert_cmpint(result.status, ==, 0);
	g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), >, 1000); /* all the vary steps too */
	for (char **line = lines; **line; line++) {
		JsonObject *object = parse_line(*line, parser);
		const char *member = line == lines ? "format" : "time";

		g_assert_true(json_object_has_member(object, member) ||
			      json_object_has_member(object, "format"));
		g_assert_cmpstr(json_object_get_string_member(object, "case"), ==, "new-higher");
		headers += json_object_has_member(object, "format");
	}
	g_assert_cmpuint(headers, >, 100);
	g_object_unref(parser);
	g_strfreev(lines);
	g_free(text);
	g_unlink(file);
	g_rmdir(dir);
	g_free(option);
	g_free(file);
	g_free(dir);
	clear(&result);
}

static void test_same_again(void)
{
	struct result one = run("--json", "@scenarios/c-subcases.race", NULL);
	struct result two = run("--json", "@scenarios/c-subcases.race", NULL);

	g_assert_cmpstr(one.out, ==, two.out);
	clear(&one);
	clear(&two);
}

/* Several at a time: the same, in the same order. */
static void test_jobs(void)
{
	static const char *const forms[] = {"--tap", "--json", "--events", "--ladder"};

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		struct result one = run(forms[i], "@scenarios/c.race",
					"@tests/scenarios/wrong/c-never.race", NULL);
		struct result two = run(forms[i], "-j3", "@scenarios/c.race",
					"@tests/scenarios/wrong/c-never.race", NULL);

		g_assert_cmpint(one.status, ==, 1);
		g_assert_cmpint(two.status, ==, 1);
		g_assert_cmpstr(one.out, ==, two.out);
		clear(&one);
		clear(&two);
	}
	assert_run(run("-j", "2", "@tests/scenarios/good/lossy.race", NULL), 77, "1 skipped", "");
}

static void test_repeat(void)
{
	assert_run(run("@tests/scenarios/good/repeat.race", NULL), 0,
		   "PASS repeat.race (25 runs)\n", "");
}

static void test_vary(void)
{
	assert_run(run("@tests/scenarios/good/vary.race", NULL), 0,
		   "PASS vary.race vary at.one -50.000 ms .. 50.000 ms (2 runs)\n4 passed", "");
	assert_run(run("--loose", "@tests/scenarios/good/vary.race", NULL), 0, "4 passed", "");
}

/* Every action, in files that include each other; a limit that is set. */
static void test_actions(void)
{
	assert_run(run("@tests/scenarios/good/actions.race", "@tests/scenarios/good/limits.race",
		       NULL),
		   0, "2 passed, 0 failed\n", "");
	assert_run(run("--loose", "@tests/scenarios/good/actions.race", NULL), 0, "1 passed", "");
	assert_run(run("@tests/scenarios/wrong-ends/crashed.race", NULL), 1,
		   "expected one to be there, got a peer that has crashed", "");
	assert_run(run("@tests/scenarios/wrong-ends/included.race", NULL), 1,
		   "never-up.inc:2:1: expected never one up", "");
}

/* One by one: as it says, and else with the line and what was held instead. */
static void test_forced(void)
{
	static const char *const worlds[] = {"--quiet", "--loose"};

	for (size_t i = 0; i < G_N_ELEMENTS(worlds); i++) {
		assert_run(run(worlds[i], "@tests/scenarios/good/forced.race",
			       "@tests/scenarios/good/forced-reset.race",
			       "@tests/scenarios/good/forced-at.race", NULL),
			   0, "", "");
		assert_run(run(worlds[i], "@tests/scenarios/wrong-ends/pass.race", NULL), 1,
			   "pass.race:8:1: expected to pass one>two lnet, held: one>two hello "
			   "conn=1, two>one accept conn=2; 1 `then` lines behind it wait\n"
			   "    then pass one>two lnet\n    ^\n",
			   "");
		assert_run(run(worlds[i], "@tests/scenarios/wrong-ends/await.race", NULL), 1,
			   "await.race:6:1: expected one up two version=v1, which did not come, "
			   "nothing is held\n",
			   "");
		assert_run(
			run(worlds[i], "@tests/scenarios/wrong-ends/pass-at.race", NULL), 1,
			"pass-at.race:6:1: expected to pass one>two hello, passed 1 of 2, nothing "
			"is held\n",
			"");
	}
}

/* Many at once, settings while they run, chance. */
static void test_more(void)
{
	static const char *const worlds[] = {"--quiet", "--loose"};
	struct result one, two, other;

	for (size_t i = 0; i < G_N_ELEMENTS(worlds); i++)
		assert_run(run(worlds[i], "@tests/scenarios/good/crowd.race",
			       "@tests/scenarios/good/set.race",
			       "@tests/scenarios/good/jitter.race", NULL),
			   0, "", "");
	assert_run(run("@tests/scenarios/good/narrow.race", NULL), 77, "no packets are lost here",
		   "");
	assert_run(
		run("@tests/scenarios/wrong-ends/set.race", NULL), 1,
		"set.race:4:1: expected a value of min-reconnect that suits the others, got 2min",
		"");
	assert_run(run("@tests/scenarios/wrong-ends/all.race", NULL), 1,
		   "all.race:3:1: expected p1 connect p4 to succeed, got ", "");
	one = run("--json", "--seed=3", "@tests/scenarios/good/jitter.race", NULL);
	two = run("--json", "--seed=3", "@tests/scenarios/good/jitter.race", NULL);
	other = run("--json", "--seed=4", "@tests/scenarios/good/jitter.race", NULL);
	g_assert_cmpstr(one.out, ==, two.out);
	g_assert_cmpstr(one.out, !=, other.out);
	clear(&one);
	clear(&two);
	clear(&other);
}

/* A message that fails fails its case, and what never comes is told apart from what is late. */
static void test_ends(void)
{
	assert_run(run("@tests/scenarios/wrong-ends/stuck.race", NULL), 1, "new still connecting",
		   "");
	assert_run(run("@tests/scenarios/wrong-ends/late.race", NULL), 1,
		   "were not reached within 10.000 ms", "");
	assert_run(run("@tests/scenarios/wrong-ends/put-fails.race", NULL), 1, "to succeed, got ",
		   "");
	assert_run(run("--loose", "@tests/scenarios/wrong-ends/stuck.race", NULL), 1,
		   "new still connecting", "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/race/usage", test_usage);
	g_test_add_func("/race/one-bad", test_one_bad);
	g_test_add_func("/race/text", test_text);
	g_test_add_func("/race/tap", test_tap);
	g_test_add_func("/race/skip", test_skip);
	g_test_add_func("/race/json", test_json);
	g_test_add_func("/race/trace", test_trace);
	g_test_add_func("/race/same-again", test_same_again);
	g_test_add_func("/race/jobs", test_jobs);
	g_test_add_func("/race/repeat", test_repeat);
	g_test_add_func("/race/vary", test_vary);
	g_test_add_func("/race/actions", test_actions);
	g_test_add_func("/race/ends", test_ends);
	g_test_add_func("/race/forced", test_forced);
	g_test_add_func("/race/more", test_more);
	return g_test_run();
}
