/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "scenarios/parser.h"
#include "scenarios/value.h"

static const char example[] =
	"race 1\n"
	"title \"C: V2 hello meets V1 hello\"\n"
	"peer new nid ${N} speaks v2\n"
	"peer old nid ${O} speaks v1 refuses reply        # or: refuses abort (pre-2007)\n"
	"case new-higher N=10.0.0.9@tcp O=10.0.0.1@tcp\n"
	"case old-higher N=10.0.0.1@tcp O=10.0.0.9@tcp\n"
	"link new old latency 1ms bandwidth 10Gbps\n"
	"hold new>old hello, old>new hello                # both sent before either is delivered\n"
	"at 0 new connect old\n"
	"at 0 old connect new\n"
	"when all held release all\n"
	"expect old refuse new reason=version\n"
	"expect new fallback old to=v1\n"
	"in new-higher: expect new refuse old reason=race\n"
	"finally within 3s: conns=1 version=v1 initiator=higher\n"
	"vary at.old -3ms..3ms step 50us: finally conns=1 version=v1\n";

static struct zrace_script *parse(const char *text, char **errors)
{
	struct zrace_errors list;
	struct zrace_script *script;

	zrace_errors_init(&list);
	script = zrace_parse_text("test.race", text, strlen(text), &list);
	g_assert_true((script == NULL) == (list.count > 0));
	if (errors)
		*errors = g_strdup(list.text->str);
	zrace_errors_clear(&list);
	return script;
}

static const struct zrace_statement *statement(const struct zrace_script *script, guint index)
{
	g_assert_cmpuint(index, <, script->statements->len);
	return g_ptr_array_index(script->statements, index);
}

static void test_declarations(void)
{
	struct zrace_script *script = parse(example, NULL);
	const struct zrace_link *link;
	zcl_nid nid;

	g_assert_nonnull(script);
	g_assert_cmpstr(script->title, ==, "C: V2 hello meets V1 hello");
	g_assert_cmpuint(script->npeers, ==, 2);
	g_assert_cmpstr(script->peers[1].name, ==, "old");
	g_assert_cmpuint(script->peers[0].version, ==, ZCL_V2);
	g_assert_cmpuint(script->peers[1].version, ==, ZCL_V1);
	g_assert_false(script->peers[0].typed);
	g_assert_cmpuint(script->ncases, ==, 2);
	g_assert_cmpint(zcl_nid_parse("10.0.0.9@tcp", &nid), ==, ZCL_OK);
	g_assert_cmpuint(script->cases[0].nids[0], ==, nid);
	g_assert_cmpuint(script->cases[1].nids[1], ==, nid);
	g_assert_cmpuint(script->links->len, ==, 1);
	link = &g_array_index(script->links, struct zrace_link, 0);
	g_assert_cmpint(link->shape.latency, ==, 1000000);
	g_assert_cmpuint(link->shape.bandwidth, ==, 10000000000);
	zrace_script_free(script);
}

static void test_statements(void)
{
	struct zrace_script *script = parse(example, NULL);
	const struct zrace_statement *one;

	g_assert_cmpuint(script->statements->len, ==, 9);
	one = statement(script, 0);
	g_assert_cmpint(one->kind, ==, ZRACE_HOLD);
	g_assert_cmpuint(one->action.ndirs, ==, 2);
	g_assert_cmpuint(one->action.dirs[1].from, ==, 1);
	g_assert_cmpuint(one->action.dirs[1].units, ==, ZWORLD_HELLO);
	one = statement(script, 3);
	g_assert_cmpint(one->kind, ==, ZRACE_WHEN_ALL);
	g_assert_cmpint(one->action.kind, ==, ZRACE_DO_RELEASE_ALL);
	one = statement(script, 5);
	g_assert_cmpint(one->kind, ==, ZRACE_EXPECT);
	g_assert_cmpint(one->pattern.kind, ==, ZCL_EV_FALLBACK);
	g_assert_cmpuint(one->pattern.other, ==, 1);
	g_assert_cmpstr(one->pattern.fields[0].name, ==, "to");
	g_assert_cmpstr(one->pattern.fields[0].value, ==, "v1");
	g_assert_cmpuint(one->pos.line, ==, 13);
	one = statement(script, 6);
	g_assert_cmpuint(one->cases, ==, 1);
	zrace_script_free(script);
}

static void test_finally_and_vary(void)
{
	struct zrace_script *script = parse(example, NULL);
	const struct zrace_vary *vary = &g_array_index(script->varies, struct zrace_vary, 0);
	struct zrace_pos pos;
	struct zrace_finally finally = zrace_script_finally(script, 0, ZRACE_BASE_RUN, &pos);

	g_assert_cmpuint(pos.line, ==, 15);
	g_assert_cmpint(finally.within, ==, 3000000000);
	g_assert_cmpint(finally.initiator, ==, ZRACE_INITIATOR_HIGHER);
	g_assert_cmpint(vary->from, ==, -3000000);
	g_assert_cmpint(vary->step, ==, 50000);
	finally = zrace_script_finally(script, 0, 0, &pos);
	g_assert_cmpuint(pos.line, ==, 16);
	g_assert_cmpint(finally.within, ==, 3000000000);
	g_assert_cmpint(finally.initiator, ==, ZRACE_INITIATOR_ANY);
	/* In a vary run the calls are made, and nothing else of the base run counts. */
	g_assert_false(zrace_statement_counts(statement(script, 0), 0, 0));
	g_assert_true(zrace_statement_counts(statement(script, 1), 0, 0));
	g_assert_false(zrace_statement_counts(statement(script, 4), 0, 0));
	g_assert_true(zrace_statement_counts(statement(script, 6), 0, ZRACE_BASE_RUN));
	g_assert_false(zrace_statement_counts(statement(script, 6), 1, ZRACE_BASE_RUN));
	zrace_script_free(script);
}

static void test_when(void)
{
	const char *text =
		"race 1\n"
		"peer a nid 10.0.0.1@tcp remembers b=v1 conns typed\n"
		"peer b nid 10.0.0.2@tcp\n"
		"when a up b connect a\n"
		"when a up b b connect a\n"
		"when a refuse b reason=race count=2 release a>b hello, refusal, b>a noop\n"
		"when a>b lnet held b put a 64KiB\n";
	struct zrace_script *script = parse(text, NULL);
	const struct zrace_statement *one;

	g_assert_nonnull(script);
	g_assert_true(script->peers[0].typed);
	g_assert_cmpuint(script->peers[0].remembers[0].index, ==, 1);
	one = statement(script, 0);
	g_assert_cmpuint(one->pattern.other, ==, ZRACE_ANY_PEER);
	g_assert_cmpuint(one->action.peer, ==, 1);
	one = statement(script, 1);
	g_assert_cmpuint(one->pattern.other, ==, 1);
	one = statement(script, 2);
	g_assert_cmpuint(one->nth, ==, 2);
	g_assert_cmpuint(one->action.ndirs, ==, 2);
	g_assert_cmpuint(one->action.dirs[0].units, ==, ZWORLD_HELLO | ZWORLD_REFUSAL);
	one = statement(script, 3);
	g_assert_cmpint(one->kind, ==, ZRACE_WHEN_HELD);
	g_assert_cmpuint(one->action.size, ==, 65536);
	zrace_script_free(script);
}

static void test_values(void)
{
	int64_t ns = 7;
	size_t size;
	uint64_t bps;
	double part;

	g_assert_true(zrace_parse_time("0", &ns) && ns == 0);
	g_assert_true(zrace_parse_time("-3ms", &ns) && ns == -3000000);
	g_assert_true(zrace_parse_time("1.5us", &ns) && ns == 1500);
	g_assert_true(zrace_parse_time("60min", &ns) && ns == ZRACE_MAX_TIME);
	for (const char *const *bad =
		     (const char *const[]){"", "3", "ms", "1e3s", "0x1s", "1..2s", "1.2.3s", "infs",
					   "3 s", "61min", "--3s", ".5s", "99999999999999999999s",
					   NULL};
	     *bad; bad++)
		g_assert_false(zrace_parse_time(*bad, &ns));
	g_assert_cmpint(ns, ==, ZRACE_MAX_TIME);
	g_assert_true(zrace_parse_size("64KiB", &size) && size == 65536);
	g_assert_true(zrace_parse_size("17", &size) && size == 17);
	g_assert_false(zrace_parse_size("-1", &size));
	g_assert_true(zrace_parse_bandwidth("9600bps", &bps) && bps == 9600);
	g_assert_false(zrace_parse_bandwidth("0bps", &bps));
	g_assert_true(zrace_parse_percent("0.5%", &part) && part == 0.005);
	g_assert_false(zrace_parse_percent("101%", &part));
}

static char *many(const char *prefix, unsigned n, const char *format)
{
	GString *text = g_string_new(prefix);

	for (unsigned i = 0; i < n; i++) {
		g_string_append_printf(text, "%s%u ", format, i);
		if (g_str_has_prefix(format, "peer"))
			g_string_append_printf(text, "nid 10.0.0.%u@tcp", i);
		g_string_append_c(text, '\n');
	}
	return g_string_free(text, FALSE);
}

static void test_many_peers(void)
{
	const char *text = "race 1\n"
			   "peer one nid 10.0.0.1@tcp\n"
			   "peers p 9..11 nid 10.0.${i}.${i}@tcp speaks v1 remembers one=v1\n"
			   "peer last nid 10.0.0.2@tcp speaks v9\n"
			   "at 1ms all connect all\n";
	struct zrace_script *script = parse(text, NULL);
	struct zcl_config config;

	g_assert_nonnull(script);
	g_assert_cmpuint(script->npeers, ==, 5);
	for (unsigned i = 1; i <= 3; i++) {
		const struct zrace_peer *peer = &script->peers[i];
		char *name = g_strdup_printf("p%u", 8 + i);

		g_assert_cmpstr(peer->name, ==, name);
		g_assert_cmpuint(peer->version, ==, ZCL_V1);
		g_assert_cmpuint(peer->nremembers, ==, 1);
		g_assert_cmpuint(peer->remembers[0].index, ==, 0);
		g_assert_cmpuint(zcl_nid_addr(script->cases[0].nids[i]), ==,
				 0x0a000000 + 0x101 * (8 + i));
		g_free(name);
	}
	zrace_peer_config(script, 0, 4, &config);
	g_assert_cmpuint(config.max_version, ==, ZCL_V2);
	g_assert_cmpuint(config.calls_as, ==, 9);
	g_assert_cmpint(statement(script, 0)->action.kind, ==, ZRACE_DO_CONNECT_ALL);
	g_assert_true(zrace_script_is_plain(script));
	zrace_script_free(script);
}

/* Anything that the way between the peers has to know. */
static void test_plain(void)
{
	static const char *const lines[] = {
		"hold a>b hello",
		"at 0 a reset b",
		"when a up a crash",
		"at 0 b restart",
		"vary lose.a>b 1..2: finally conns=1",
		"link a b",
		"at 0 release all",
		"then a connect b",
		"at 0 a partition b",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		char *text = g_strdup_printf("race 1\npeer a nid 10.1.0.1@tcp\n"
					     "peer b nid 10.1.0.2@tcp\nat 0 a put b 1B\n%s\n",
					     lines[i]);
		struct zrace_script *script = parse(text, NULL);

		g_assert_nonnull(script);
		g_assert_false(zrace_script_is_plain(script));
		zrace_script_free(script);
		g_free(text);
	}
}

static void expect_limit(char *text, bool good, const char *words)
{
	char *errors = NULL;
	struct zrace_script *script = parse(text, &errors);

	if (good)
		g_assert_cmpstr(errors, ==, "");
	else
		g_assert_nonnull(strstr(errors, words));
	zrace_script_free(script);
	g_free(errors);
	g_free(text);
}

static void test_limits(void)
{
	const char *two = "race 1\npeer a nid 10.1.0.1@tcp\npeer b nid 10.1.0.2@tcp\n";
	char *big;

	expect_limit(many("race 1\n", 128, "peer p"), true, "");
	expect_limit(many("race 1\n", 129, "peer p"), false, "at most 128 peers");
	expect_limit(many(two, 64, "case c"), true, "");
	expect_limit(many(two, 65, "case c"), false, "at most 64 cases");
	expect_limit(g_strconcat(two,
				 "repeat 1000 seeds\nvary at.a 0..9899ms step 1ms: never a up b\n",
				 NULL),
		     true, "");
	big = g_strconcat(two, "vary at.a 0..9999ms step 1ms: never a up b\n",
			  "vary at.b 0..9999ms step 1ms: never a up b\n", NULL);
	expect_limit(many(big, 6, "case c"), false, "at most 100000 runs, got 120006");
	g_free(big);
	expect_limit(g_strdup("race 1\npeers p 1..128 nid 10.0.0.${i}@tcp\nat 0 all connect all\n"
			      "hold all\nhold all\nat 2s all connect all\n"),
		     true, "");
	expect_limit(g_strdup("race 1\npeers p 1..128 nid 10.0.0.${i}@tcp\nat 0 all connect all\n"
			      "hold all\nhold all\nat 2s all connect all\nhold all\n"),
		     false, "at most 65536 actions");
	expect_limit(many(two, 4092, "#"), true, "");
	expect_limit(many(two, 4093, "#"), false, "at most 4096 lines");
	big = g_strnfill(ZRACE_MAX_FILE + 1, '\n');
	expect_limit(big, false, "at most 1048576 bytes");
	big = g_strnfill(ZRACE_MAX_LINE, ' ');
	expect_limit(g_strconcat(two, big, NULL), true, "");
	g_free(big);
}

/* Whatever stands in a file: an answer, no crash. */
static void test_garbage(void)
{
	static const char *const words[] = {
		"hold", "a", ">",	 "hello", ",",	  "\"",	  "=",	 "count", "in",
		"vary", ":", "at.new",	 "..",	  "-3ms", "#",	  "\n",	 "\t",	  "new",
		"old",	"%", "\xc3\xb6", "\xff",  "1s",	  "when", "all", "${N}",  "peer"};

	for (int round = 0; round < 3000; round++) {
		GString *text = g_string_new(example);
		struct zrace_errors errors;

		for (int change = g_test_rand_int_range(1, 6); change > 0; change--) {
			gssize at = g_test_rand_int_range(0, (gint32)text->len);
			gssize len = g_test_rand_int_range(0, 12);

			g_string_erase(text, at, MIN(len, (gssize)text->len - at));
			g_string_insert(text, at,
					words[g_test_rand_int_range(0, G_N_ELEMENTS(words))]);
		}
		zrace_errors_init(&errors);
		zrace_script_free(zrace_parse_text("garbage", text->str, text->len, &errors));
		zrace_errors_clear(&errors);
		g_string_free(text, TRUE);
	}
}

static void test_missing_file(void)
{
	struct zrace_errors errors;

	zrace_errors_init(&errors);
	g_assert_null(zrace_parse_file("no/such/file.race", &errors));
	g_assert_nonnull(strstr(errors.text->str, "No such file"));
	zrace_errors_clear(&errors);
	zrace_errors_init(&errors);
	g_assert_null(zrace_parse_file("/", &errors));
	g_assert_cmpuint(errors.count, ==, 1);
	zrace_errors_clear(&errors);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/parser/declarations", test_declarations);
	g_test_add_func("/parser/statements", test_statements);
	g_test_add_func("/parser/finally-and-vary", test_finally_and_vary);
	g_test_add_func("/parser/when", test_when);
	g_test_add_func("/parser/values", test_values);
	g_test_add_func("/parser/many-peers", test_many_peers);
	g_test_add_func("/parser/plain", test_plain);
	g_test_add_func("/parser/limits", test_limits);
	g_test_add_func("/parser/garbage", test_garbage);
	g_test_add_func("/parser/missing-file", test_missing_file);
	return g_test_run();
}
