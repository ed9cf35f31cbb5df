/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "scenarios/parser.h"
#include "sim/explore_world_impl.h"

/*
 * Digests of nodes and of the network between them: what comes to the same is the same, by
 * whatever way; what differs, differs.
 */

#define SECOND INT64_C(1000000000)

static const char text[] = "race 1\n"
			   "peer a nid 10.0.0.1@tcp speaks v2\n"
			   "peer b nid 10.0.0.9@tcp speaks v2\n"
			   "at 0 a connect b\n"
			   "at 0 b connect a\n"
			   "at 0 a put b 64KiB\n"
			   "finally within 3s: conns=1\n";

struct rig {
	struct zrace_script *script;
	struct zx_model *model;
	struct zx_world *world;
};

static struct rig rig_new_with(const struct zx_options *options)
{
	struct zrace_errors errors;
	struct rig rig = {.model = g_new0(struct zx_model, 1)};
	const char *why = NULL;

	zrace_errors_init(&errors);
	rig.script = zrace_parse_text("test", text, strlen(text), &errors);
	g_assert_cmpstr(errors.text->str, ==, "");
	zrace_errors_clear(&errors);
	g_assert_true(zx_model_init(rig.model, rig.script, 0, options, &why));
	rig.world = zx_world_new(rig.model);
	return rig;
}

static struct rig rig_new(void)
{
	const struct zx_options options = {.resets = 1};

	return rig_new_with(&options);
}

static void rig_free(struct rig *rig)
{
	g_assert_cmpint(rig->world->watch.violated, ==, ZX_PROPERTIES);
	zx_world_free(rig->world);
	g_free(rig->model);
	zrace_script_free(rig->script);
}

static struct zcl_digest of_node(const struct rig *rig, unsigned node, int64_t now)
{
	struct zcl_digest digest;

	zcl_digest_init(&digest);
	zcl_node_digest(rig->world->cores[node], now, &digest);
	zcl_digest_finish(&digest);
	return digest;
}

static bool same(struct zcl_digest a, struct zcl_digest b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static struct zcl_digest of_world(const struct rig *rig)
{
	struct zcl_digest digest;

	zx_world_digest(rig->world, &digest);
	return digest;
}

static void take(struct rig *rig, enum zx_choice_kind kind, unsigned arg)
{
	const zx_choice choice = (zx_choice)(kind << 8 | arg);
	zx_choice choices[ZX_MAX_CHOICES];
	bool over, found = false;
	const size_t n = zx_world_choices(rig->world, choices, &over);

	for (size_t i = 0; i < n; i++)
		found |= choices[i] == choice;
	g_assert_true(found);
	zx_world_take(rig->world, choice);
}

/* Streams have other slots and connections other numbers; the state is the same. */
static void test_two_ways(void)
{
	struct rig one = rig_new(), two = rig_new();

	g_assert_true(same(of_world(&one), of_world(&two)));
	take(&one, ZX_DEED, 0); /* stream 0 */
	take(&one, ZX_DEED, 1);
	take(&one, ZX_OPEN, 0);
	take(&two, ZX_DEED, 1);
	take(&two, ZX_DEED, 0); /* stream 1 */
	g_assert_false(same(of_world(&one), of_world(&two)));
	take(&two, ZX_OPEN, 1);
	g_assert_true(same(of_world(&one), of_world(&two)));
	take(&one, ZX_OPEN, 1);
	take(&two, ZX_OPEN, 0);
	take(&one, ZX_DELIVER, 1); /* a's HELLO reaches b */
	take(&two, ZX_DELIVER, 3);
	g_assert_true(same(of_world(&one), of_world(&two)));
	take(&one, ZX_DELIVER, 3); /* and b's reaches a */
	g_assert_false(same(of_world(&one), of_world(&two)));
	rig_free(&one);
	rig_free(&two);
}

/* Nothing stays of a path when the world starts anew. */
static void test_restarted_world(void)
{
	struct rig one = rig_new(), two = rig_new();

	take(&one, ZX_DEED, 0);
	take(&one, ZX_OPEN, 0);
	take(&one, ZX_DELIVER, 1);
	zx_world_restart(one.world);
	g_assert_true(same(of_world(&one), of_world(&two)));
	rig_free(&one);
	rig_free(&two);
}

/* Of times, what is left of them counts. */
static void test_time(void)
{
	struct rig one = rig_new(), two = rig_new();
	struct zcl_digest start = of_node(&one, 0, 0);

	g_assert_true(same(start, of_node(&one, 0, 7 * SECOND)));
	g_assert_cmpint(zcl_node_connect(one.world->cores[0], one.model->nids[1], 0), ==, ZCL_OK);
	g_assert_cmpint(zcl_node_connect(two.world->cores[0], one.model->nids[1], 7 * SECOND), ==,
			ZCL_OK);
	g_assert_true(same(of_node(&one, 0, 0), of_node(&two, 0, 7 * SECOND)));
	g_assert_false(same(of_node(&one, 0, 0), of_node(&one, 0, SECOND)));
	g_assert_false(same(of_node(&one, 0, 0), start));
	g_assert_cmpint(zcl_node_next_deadline(two.world->cores[0]), ==,
			zcl_node_next_deadline(one.world->cores[0]) + 7 * SECOND);
	zx_world_settle(one.world);
	zx_world_settle(two.world);
	rig_free(&one);
	rig_free(&two);
}

static bool changes(struct rig *rig, struct zcl_digest *before)
{
	const struct zcl_digest after = of_node(rig, 0, 0);
	const bool changed = !same(*before, after);

	*before = after;
	return changed;
}

static void test_changed_fields(void)
{
	struct rig rig = rig_new();
	struct zcl_node *node = rig.world->cores[0];
	const struct zcl_attach sink = {
		.portal = 3, .peer = ZCL_NID_ANY, .options = ZCL_MD_PUT | ZCL_MD_TRUNCATE};
	struct zcl_digest digest = of_node(&rig, 0, 0);
	uint64_t id;

	g_assert_false(changes(&rig, &digest));
	zcl_node_remember(node, rig.model->nids[1], ZCL_V1);
	g_assert_true(changes(&rig, &digest));
	zcl_node_remember(node, rig.model->nids[1], ZCL_V1);
	g_assert_false(changes(&rig, &digest));
	zcl_node_remember(node, rig.model->nids[1], ZCL_V2);
	g_assert_true(changes(&rig, &digest));
	zcl_lnet_attach(node, &sink, &id, 0);
	g_assert_true(changes(&rig, &digest));
	zcl_lnet_set_lazy(node, 3, true, 0);
	g_assert_true(changes(&rig, &digest));
	take(&rig, ZX_DEED, 2); /* a put that waits */
	g_assert_true(changes(&rig, &digest));
	take(&rig, ZX_OPEN, 0);
	g_assert_true(changes(&rig, &digest));
	take(&rig, ZX_DELIVER, 1); /* the other node's, as yet */
	g_assert_false(changes(&rig, &digest));
	take(&rig, ZX_DELIVER, 0); /* up: the put goes out */
	g_assert_true(changes(&rig, &digest));
	take(&rig, ZX_UNPIN, 0);
	g_assert_true(changes(&rig, &digest));
	rig_free(&rig);
}

/* ---- states that are taken for one behave as one ---- */

#define MAX_PATH 64

struct path {
	zx_choice choices[MAX_PATH];
	size_t length;
};

static void go(struct rig *rig, const struct path *path)
{
	zx_world_restart(rig->world);
	for (size_t i = 0; i < path->length; i++)
		zx_world_take(rig->world, path->choices[i]);
}

/* All states that follow, in any order. */
static uint64_t followers(struct rig *rig, const struct path *path, zx_choice *choices, size_t *n)
{
	uint64_t sum = 0;
	bool over;

	go(rig, path);
	*n = zx_world_choices(rig->world, choices, &over);
	for (size_t i = 0; i < *n; i++) {
		if (i > 0)
			go(rig, path);
		zx_world_take(rig->world, choices[i]);
		sum += of_world(rig).lane[1];
	}
	return sum + *n;
}

/* Looks at one way to a state; true when it is the first. */
static bool visit(struct rig *rig, GHashTable *known, const struct path *path, GQueue *queue)
{
	zx_choice choices[ZX_MAX_CHOICES];
	struct zcl_digest digest;
	uint64_t *there, after;
	size_t n;

	go(rig, path);
	digest = of_world(rig);
	after = followers(rig, path, choices, &n);
	there = g_hash_table_lookup(known, &digest.lane[0]);
	if (there != NULL) {
		g_assert_cmpuint(*there, ==, after);
		return false;
	}
	g_hash_table_insert(known, g_memdup2(&digest.lane[0], sizeof(uint64_t)),
			    g_memdup2(&after, sizeof(after)));
	for (size_t i = 0; i < n && path->length < MAX_PATH; i++) {
		struct path *next = g_memdup2(path, sizeof(*path));

		next->choices[next->length++] = choices[i];
		g_queue_push_tail(queue, next);
	}
	return true;
}

static void test_equals_behave_alike(gconstpointer data)
{
	struct rig rig = rig_new_with(data);
	GHashTable *known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	GQueue queue = G_QUEUE_INIT;
	size_t states = 0, ways = 0;
	struct path *path;

	g_queue_push_tail(&queue, g_new0(struct path, 1));
	while ((path = g_queue_pop_head(&queue)) != NULL) {
		/* Enough of a large space. */
		if (ways < 6000) {
			states += visit(&rig, known, path, &queue);
			ways++;
		}
		g_free(path);
	}
	g_assert_cmpuint(ways, >, states); /* there were some to compare */
	zx_world_restart(rig.world);
	g_hash_table_unref(known);
	rig_free(&rig);
}

int main(int argc, char **argv)
{
	static const struct zx_options plain = {0}, lazy = {.lazy_send = true, .cuts = true},
				       crashes = {.crashes = 1}, resets = {.resets = 1},
				       timers = {.timers = 1};

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/explore/digest/two-ways", test_two_ways);
	g_test_add_func("/explore/digest/restarted", test_restarted_world);
	g_test_add_func("/explore/digest/time", test_time);
	g_test_add_func("/explore/digest/changed-fields", test_changed_fields);
	g_test_add_data_func("/explore/digest/alike", &plain, test_equals_behave_alike);
	g_test_add_data_func("/explore/digest/alike-lazy", &lazy, test_equals_behave_alike);
	g_test_add_data_func("/explore/digest/alike-crashes", &crashes, test_equals_behave_alike);
	g_test_add_data_func("/explore/digest/alike-resets", &resets, test_equals_behave_alike);
	g_test_add_data_func("/explore/digest/alike-timers", &timers, test_equals_behave_alike);
	return g_test_run();
}
