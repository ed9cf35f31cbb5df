/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "scenarios/parser.h"
#include "sim/explore_world.h"

/*
 * A copy of nodes and of the network between them goes on as the original would have, when the
 * original is not there any more. Whoever adds to a struct of the core and forgets core/copy.c
 * hears of it here.
 */

#define LENGTH 60 /* choices of a walk */
#define AHEAD  12 /* choices that are compared behind a copy */
#define WALKS  60

static const char text[] = "race 1\n"
			   "peer a nid 10.0.0.1@tcp speaks v2 conns typed\n"
			   "peer b nid ${B} speaks v2 conns typed\n"
			   "case v2 B=10.0.0.9@tcp\n"
			   "at 0 a connect b\n"
			   "at 0 b connect a\n"
			   "at 0 a put b 64KiB\n"
			   "at 0 a put b 1KiB\n"
			   "at 0 b put a 64KiB\n"
			   "at 0 a ping b\n"
			   "at 0 b ping a\n"
			   "finally within 3s: conns=3\n";

/* What a world was after each choice: its state, and a number for all that was said on the way. */
struct walk {
	zx_choice choices[LENGTH];
	struct zcl_digest digests[LENGTH + 1], said[LENGTH + 1];
	size_t length;
};

static void hear(void *user, unsigned node, const struct zcl_event *event)
{
	struct zcl_digest *said = user;
	const uint64_t what[] = {node,		 event->kind,	event->peer,   event->conn,
				 event->version, event->ctype,	event->reason, event->error,
				 event->length,	 event->cookie, event->ack,    event->incarnation};

	zcl_digest_bytes(said, what, sizeof(what));
}

static void listen_to(struct zx_world *world, struct zcl_digest *said)
{
	zcl_digest_init(said);
	world->listener = hear;
	world->listener_user = said;
}

static struct zcl_digest digest_of(const struct zx_world *world)
{
	struct zcl_digest digest;

	zx_world_digest(world, &digest);
	return digest;
}

static void assert_same(struct zcl_digest one, struct zcl_digest other)
{
	g_assert_cmpmem(&one, sizeof(one), &other, sizeof(other));
}

static void take_walk(struct zx_world *world, guint32 seed, struct walk *walk)
{
	GRand *random = g_rand_new_with_seed(seed);
	zx_choice choices[ZX_MAX_CHOICES];
	struct zcl_digest said;
	bool over;

	zx_world_restart(world);
	for (walk->length = 0; walk->length < LENGTH; walk->length++) {
		const size_t n = zx_world_choices(world, choices, &over);

		walk->digests[walk->length] = digest_of(world);
		if (n == 0)
			break;
		walk->choices[walk->length] =
			choices[g_rand_int_range(random, 0, (gint32)MIN(n, INT32_MAX))];
		listen_to(world, &said);
		zx_world_take(world, walk->choices[walk->length]);
		walk->said[walk->length + 1] = said;
	}
	world->listener = NULL;
	walk->digests[walk->length] = digest_of(world);
	g_rand_free(random);
}

/* A copy of the world after `at` choices, then the original is gone: does it go on as it did? */
static void check_copy(const struct walk *walk, size_t at, struct zx_world *world,
		       struct zx_world *copy)
{
	struct zcl_digest said;

	zx_world_restart(world);
	for (size_t i = 0; i < at; i++)
		zx_world_take(world, walk->choices[i]);
	zx_world_copy(copy, world);
	assert_same(digest_of(world), walk->digests[at]);
	zx_world_restart(world);
	assert_same(digest_of(copy), walk->digests[at]);
	for (size_t i = at; i < MIN(walk->length, at + AHEAD); i++) {
		listen_to(copy, &said);
		zx_world_take(copy, walk->choices[i]);
		assert_same(said, walk->said[i + 1]);
		assert_same(digest_of(copy), walk->digests[i + 1]);
	}
	copy->listener = NULL;
}

static struct zrace_script *parse(void)
{
	struct zrace_errors errors;
	struct zrace_script *script;

	zrace_errors_init(&errors);
	script = zrace_parse_text("test", text, strlen(text), &errors);
	g_assert_cmpstr(errors.text->str, ==, "");
	zrace_errors_clear(&errors);
	return script;
}

static void test_walks(gconstpointer data)
{
	struct zrace_script *script = parse();
	struct zx_model *model = g_new0(struct zx_model, 1);
	struct walk *walk = g_new0(struct walk, 1);
	struct zx_world *world, *copy;
	const char *why = NULL;

	g_assert_true(zx_model_init(model, script, 0, data, &why));
	world = zx_world_new(model);
	copy = zx_world_new(model);
	for (guint32 seed = 1; seed <= WALKS; seed++) {
		take_walk(world, seed, walk);
		for (size_t at = seed % 3; at <= walk->length; at += 3)
			check_copy(walk, at, world, copy);
	}
	zx_world_free(world);
	zx_world_free(copy);
	g_free(walk);
	g_free(model);
	zrace_script_free(script);
}

int main(int argc, char **argv)
{
	static const struct zx_options plain = {0}, all = {.lazy_send = true,
							   .cuts = true,
							   .crashes = 1,
							   .outages = 1,
							   .resets = 2,
							   .timers = 2};

	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/explore/copy/plain", &plain, test_walks);
	g_test_add_data_func("/explore/copy/all", &all, test_walks);
	return g_test_run();
}
