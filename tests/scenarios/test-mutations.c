/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <string.h>

#include "scenarios/parser.h"
#include "scenarios/runner.h"
#include "tests/scenarios/memworld.h"

/*
 * No script can make the runner crash or hang: all scripts of the tree, right and wrong, cut and
 * changed in many ways (the same ones each time), are read; what is still a script is run.
 */

#define ROUNDS	 100u /* of each file */
#define MAX_RUNS 1200u

struct corpus {
	GPtrArray *names, *texts; /* of char * */
	GPtrArray *words;	  /* that stand in them */
};

static void add_folder(struct corpus *corpus, const char *folder)
{
	char *path = g_test_build_filename(G_TEST_DIST, folder, NULL);
	GDir *dir = g_dir_open(path, 0, NULL);
	GSequence *names = g_sequence_new(g_free);
	const char *name;

	g_assert_nonnull(dir);
	/* In an order that does not depend on the file system. */
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_suffix(name, ".race"))
			g_sequence_insert_sorted(names, g_strdup(name),
						 (GCompareDataFunc)(void (*)(void))strcmp, NULL);
	for (GSequenceIter *i = g_sequence_get_begin_iter(names); !g_sequence_iter_is_end(i);
	     i = g_sequence_iter_next(i)) {
		char *file = g_build_filename(path, g_sequence_get(i), NULL), *text;

		g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
		g_ptr_array_add(corpus->names, file);
		g_ptr_array_add(corpus->texts, text);
	}
	g_sequence_free(names);
	g_dir_close(dir);
	g_free(path);
}

static void add_words(struct corpus *corpus)
{
	static const char *const more[] = {"128",
					   "3600s",
					   "60min",
					   "-1",
					   "0",
					   "65536",
					   "1MiB",
					   "all",
					   "then",
					   "await",
					   "after",
					   "pass",
					   "hold",
					   "release",
					   "restart",
					   "crash",
					   "conn=1",
					   "count=1000",
					   "${X}",
					   "\"",
					   "#",
					   ">",
					   ",",
					   ":",
					   "=",
					   "..",
					   "99999999999999999999",
					   "\xff",
					   "\xc3",
					   "\t",
					   "when all held hold all\n",
					   "at 0 all connect all\n",
					   "repeat 1000 seeds\n",
					   "hold all\n",
					   "finally within 60min: conns=1\n"};

	for (guint i = 0; i < corpus->texts->len; i++) {
		char **words = g_strsplit_set(corpus->texts->pdata[i], " \n", -1);

		for (char **word = words; *word; word++)
			if (**word && strlen(*word) < 24)
				g_ptr_array_add(corpus->words, g_strdup(*word));
		g_strfreev(words);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(more); i++)
		for (int times = 0; times < 40; times++)
			g_ptr_array_add(corpus->words, g_strdup(more[i]));
}

static void corpus_init(struct corpus *corpus)
{
	corpus->names = g_ptr_array_new_with_free_func(g_free);
	corpus->texts = g_ptr_array_new_with_free_func(g_free);
	corpus->words = g_ptr_array_new_with_free_func(g_free);
	add_folder(corpus, "scenarios");
	add_folder(corpus, "tests/scenarios/good");
	add_folder(corpus, "tests/scenarios/bad");
	add_folder(corpus, "tests/scenarios/wrong-ends");
	add_words(corpus);
	g_assert_cmpuint(corpus->texts->len, >, 80);
}

static void corpus_clear(struct corpus *corpus)
{
	g_ptr_array_unref(corpus->names);
	g_ptr_array_unref(corpus->texts);
	g_ptr_array_unref(corpus->words);
}

/* ---- changes ---- */

static gsize place(const GString *text, GRand *rand)
{
	return text->len ? (gsize)g_rand_int_range(rand, 0, (gint32)text->len) : 0;
}

/* Begin and end of the line or word that a place is in. */
static void bounds(const GString *text, gsize at, const char *ends, gsize *from, gsize *to)
{
	*from = *to = at;
	while (*from > 0 && !strchr(ends, text->str[*from - 1]))
		--*from;
	while (*to < text->len && !strchr(ends, text->str[*to]))
		++*to;
}

static void change(GString *text, const struct corpus *corpus, GRand *rand)
{
	const char *word =
		corpus->words->pdata[g_rand_int_range(rand, 0, (gint32)corpus->words->len)];
	const gsize at = place(text, rand);
	gsize from, to;
	char *copy;

	switch (g_rand_int_range(rand, 0, 8)) {
	case 0: /* cut off */
		g_string_truncate(text, at);
		break;
	case 1: /* a byte */
		if (at < text->len)
			text->str[at] = (char)g_rand_int_range(rand, 1, 256);
		break;
	case 2: /* a line less */
		bounds(text, at, "\n", &from, &to);
		g_string_erase(text, (gssize)from, (gssize)(to - from));
		break;
	case 3: /* a line twice, somewhere */
		bounds(text, at, "\n", &from, &to);
		copy = g_strdup_printf("\n%.*s\n", (int)(to - from), text->str + from);
		bounds(text, place(text, rand), "\n", &from, &to);
		g_string_insert(text, (gssize)to, copy);
		g_free(copy);
		break;
	case 4: /* a word more */
		g_string_insert(text, (gssize)at, word);
		break;
	default: /* another word */
		bounds(text, at, " \n", &from, &to);
		g_string_erase(text, (gssize)from, (gssize)(to - from));
		g_string_insert(text, (gssize)from, word);
		break;
	}
}

/* ---- reading and running ---- */

static bool is_light(const struct zrace_script *script)
{
	size_t size = 0;

	for (guint i = 0; i < script->statements->len; i++)
		size += ((const struct zrace_statement *)script->statements->pdata[i])->action.size;
	return script->npeers <= 12 && size <= 4 * ZCL_LNET_MTU;
}

/* One run of it: the first case, or the first step of a vary line. */
static void run(const struct zrace_script *script, GRand *rand)
{
	static const struct zrace_backend strict = {"test", memworld_new};
	static const struct zrace_backend loose = {"test", memworld_new_loose};
	const struct zrace_run one = {
		.script = script,
		.case_index = (size_t)g_rand_int_range(rand, 0, (gint32)script->ncases),
		.vary = g_rand_int_range(rand, ZRACE_BASE_RUN, (gint32)script->varies->len),
		.shift = 1,
		.options = {.seed = 1, .time_scale = 1}};
	struct zrace_outcome outcome;

	zrace_run_case(g_rand_boolean(rand) ? &strict : &loose, &one, &outcome);
	g_assert_cmpuint(outcome.log->len, <=, ZRACE_MAX_RECORDS);
	g_assert_true(outcome.verdict == ZRACE_PASS || outcome.why != NULL);
	zrace_outcome_clear(&outcome);
}

static bool try_text(const char *name, const GString *text, GRand *rand, bool may_run)
{
	struct zrace_errors errors;
	struct zrace_script *script;
	bool ran = false;

	zrace_errors_init(&errors);
	script = zrace_parse_text(name, text->str, text->len, &errors);
	g_assert_true((script != NULL) == (errors.count == 0));
	g_assert_true(g_utf8_validate(errors.text->str, -1, NULL));
	if (script && may_run && is_light(script)) {
		run(script, rand);
		ran = true;
	}
	zrace_script_free(script);
	zrace_errors_clear(&errors);
	return ran;
}

static void test_mutations(void)
{
	GRand *rand = g_rand_new_with_seed(20);
	struct corpus corpus;
	unsigned runs = 0, texts = 0;

	corpus_init(&corpus);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (guint i = 0; i < corpus.texts->len; i++) {
			GString *text = g_string_new(corpus.texts->pdata[i]);

			for (int n = g_rand_int_range(rand, 1, 4); n > 0; n--)
				change(text, &corpus, rand);
			runs += try_text(corpus.names->pdata[i], text, rand, runs < MAX_RUNS);
			texts++;
			g_string_free(text, TRUE);
		}
	}
	g_test_message("%u texts, of which %u were scripts and run", texts, runs);
	g_assert_cmpuint(runs, >, 100);
	corpus_clear(&corpus);
	g_rand_free(rand);
}

/* Every script, cut after every line and in the middle of it. */
static void test_cuts(void)
{
	GRand *rand = g_rand_new_with_seed(21);
	struct corpus corpus;

	corpus_init(&corpus);
	for (guint i = 0; i < corpus.texts->len; i++) {
		const GString whole = {corpus.texts->pdata[i], strlen(corpus.texts->pdata[i]), 0};

		for (gsize end = 0; end < MIN(whole.len, 4000); end += 7) {
			GString *text = g_string_new_len(whole.str, (gssize)end);

			try_text(corpus.names->pdata[i], text, rand, false);
			g_string_free(text, TRUE);
		}
	}
	corpus_clear(&corpus);
	g_rand_free(rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mutations/changed", test_mutations);
	g_test_add_func("/mutations/cut", test_cuts);
	return g_test_run();
}
