/* SPDX-License-Identifier: MIT */
#include "scenarios/runner_internal.h"

#include "scenarios/tunable.h"
#include "scenarios/words.h"

/* Where time is real, a bound is only there to end what hangs: so many times the script's, but not
   so much longer, ns. */
#define SLACK	   10
#define MOST_SLACK (120 * INT64_C(1000000000))

void zrace_runner_fail(struct zrace_runner *runner, enum zrace_verdict verdict,
		       struct zrace_pos pos, const char *format, ...)
{
	struct zrace_outcome *outcome = runner->outcome;
	va_list args;

	runner->over = true;
	if (runner->world)
		runner->world->ops->stop(runner->world);
	if (outcome->verdict != ZRACE_PASS)
		return;
	outcome->verdict = verdict;
	outcome->pos = pos;
	va_start(args, format);
	outcome->why = g_strdup_vprintf(format, args);
	va_end(args);
}

static void pulse(void *data)
{
	struct zrace_runner *runner = data;
	const struct zrace_statement *statement;

	runner->pulsing = false;
	while (!runner->over && (statement = g_queue_pop_head(&runner->due)) != NULL)
		zrace_runner_act(runner, statement);
	if (!runner->over)
		zrace_runner_passes(runner);
	if (!runner->over && !runner->world->ops->strict_time)
		zrace_runner_look(runner);
}

/*
 * The listener is called in the middle of a world's work: what follows from an event is done a
 * moment later, when nothing is half done.
 */
void zrace_runner_wake(struct zrace_runner *runner)
{
	const struct zworld_ops *ops = runner->world->ops;

	if (runner->pulsing)
		return;
	runner->pulsing = true;
	ops->at(runner->world, ops->now(runner->world), pulse, runner);
}

static void on_alarm(void *data)
{
	struct zrace_alarm *alarm = data;
	struct zrace_runner *runner = alarm->runner;

	runner->alarms--;
	if (runner->over)
		return;
	zrace_runner_act(runner, alarm->statement);
	if (!runner->over && !runner->world->ops->strict_time)
		zrace_runner_wake(runner);
}

/* ---- setting up ---- */

uint64_t zrace_runner_incarnation(const struct zrace_runner *runner, unsigned peer)
{
	return 0x10000 + peer + 0x100 * (uint64_t)runner->lives[peer];
}

void zrace_runner_config(const struct zrace_runner *runner, unsigned peer,
			 struct zcl_config *config)
{
	zrace_peer_config(runner->script, runner->run->case_index, peer, config);
	config->incarnation = zrace_runner_incarnation(runner, peer);
	zrace_config_speak(config, runner->version[peer]);
	for (guint i = 0; i < runner->settings->len; i++) {
		const struct zrace_setting *one =
			&g_array_index(runner->settings, struct zrace_setting, i);

		if (one->peer == peer)
			zrace_tunable_set(one->tunable, one->number, config);
	}
	config->faults = runner->run->faults;
}

enum zcl_err zrace_runner_attach(struct zrace_runner *runner, unsigned peer)
{
	const struct zcl_attach sink = {.portal = ZRACE_SINK_PORTAL,
					.ignore_bits = UINT64_MAX,
					.peer = ZCL_NID_ANY,
					.options = ZCL_MD_PUT | ZCL_MD_TRUNCATE};
	const struct zcl_attach file = {.portal = ZRACE_FILE_PORTAL,
					.ignore_bits = UINT64_MAX,
					.peer = ZCL_NID_ANY,
					.options = ZCL_MD_GET | ZCL_MD_REMOTE_OFFSET,
					.iov = {{runner->payload, ZCL_LNET_MTU}},
					.niov = 1};
	struct zcl_node *node = runner->world->ops->node(runner->peers[peer]);
	const int64_t now = runner->world->ops->now(runner->world);
	enum zcl_err err;
	uint64_t id;

	err = zcl_lnet_attach(node, &sink, &id, now);
	return err == ZCL_OK ? zcl_lnet_attach(node, &file, &id, now) : err;
}

static bool add_peer(struct zrace_runner *runner, size_t index)
{
	const struct zrace_peer *peer = &runner->script->peers[index];
	struct zcl_config config;
	const char *why = NULL;
	enum zcl_err err;

	runner->version[index] = peer->version;
	runner->duplicates |= peer->duplicate;
	zrace_runner_config(runner, (unsigned)index, &config);
	runner->peers[index] =
		runner->world->ops->add_peer(runner->world, peer->name, &config, &why);
	if (runner->peers[index] == NULL) {
		zrace_runner_fail(runner, ZRACE_ERROR, peer->pos, "no node for peer %s: %s",
				  peer->name, why ? why : "no reason given");
		return false;
	}
	err = zrace_runner_attach(runner, (unsigned)index);
	if (err != ZCL_OK)
		zrace_runner_fail(runner, ZRACE_ERROR, peer->pos, "no buffers for peer %s: %s",
				  peer->name, zcl_strerror(err));
	return err == ZCL_OK;
}

static bool remember(struct zrace_runner *runner, size_t index)
{
	const struct zrace_peer *peer = &runner->script->peers[index];
	const struct zrace_case *one = &runner->script->cases[runner->run->case_index];

	for (size_t i = 0; i < peer->nremembers; i++) {
		const struct zrace_remember *what = &peer->remembers[i];
		enum zcl_err err = zcl_node_remember(runner->world->ops->node(runner->peers[index]),
						     one->nids[what->index], what->version);

		if (err == ZCL_OK)
			continue;
		zrace_runner_fail(runner, ZRACE_ERROR, what->pos,
				  "%s cannot remember %s as v%u: %s", peer->name, what->peer,
				  what->version, zcl_strerror(err));
		return false;
	}
	return true;
}

static bool set_links(struct zrace_runner *runner)
{
	for (guint i = 0; i < runner->script->links->len; i++) {
		const struct zrace_link *link =
			&g_array_index(runner->script->links, struct zrace_link, i);
		const char *why = NULL;

		if (runner->world->ops->set_link(runner->world, runner->peers[link->a],
						 runner->peers[link->b], &link->shape, &why))
			continue;
		zrace_runner_fail(runner, ZRACE_SKIP, link->pos, "%s cannot do this link: %s",
				  runner->world->ops->name, why ? why : "no reason given");
		return false;
	}
	return true;
}

/* The one that a NID stands for, where several have it. */
static unsigned first_of_nid(const struct zrace_runner *runner, unsigned peer)
{
	const struct zrace_case *one = &runner->script->cases[runner->run->case_index];
	unsigned first = 0;

	while (one->nids[first] != one->nids[peer])
		first++;
	return first;
}

static void note_pair(struct zrace_runner *runner, unsigned a, unsigned b)
{
	a = first_of_nid(runner, a);
	b = first_of_nid(runner, b);
	runner->pairs[MIN(a, b)][MAX(a, b)] = a != b;
}

static void note_pairs(struct zrace_runner *runner, const struct zrace_action *action)
{
	const unsigned n = (unsigned)runner->script->npeers;

	if (zrace_action_connects(action))
		note_pair(runner, action->peer, action->other);
	for (unsigned a = 0; action->kind == ZRACE_DO_CONNECT_ALL && a < n; a++)
		for (unsigned b = a + 1; b < n; b++)
			note_pair(runner, a, b);
}

/* NULL: nothing is varied in this run. */
static const struct zrace_vary *vary_of(const struct zrace_runner *runner)
{
	if (runner->run->vary == ZRACE_BASE_RUN)
		return NULL;
	return &g_array_index(runner->script->varies, struct zrace_vary, runner->run->vary);
}

static void set_loss(struct zrace_runner *runner)
{
	const struct zrace_vary *vary = vary_of(runner);

	if (vary != NULL && vary->lose)
		runner->world->ops->lose(runner->world, runner->peers[vary->peer],
					 runner->peers[vary->other], (unsigned)runner->run->shift);
}

static int64_t shift_of(const struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_run *run = runner->run;
	const struct zrace_vary *vary = vary_of(runner);

	if (vary == NULL || vary->lose)
		return 0;
	/* No time before 0: when one peer is to begin earlier, the others begin later. */
	if (zrace_action_has_peer(&statement->action) && statement->action.peer == vary->peer)
		return MAX(run->shift, 0);
	return MAX(-run->shift, 0);
}

static void set_alarm(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	struct zrace_alarm *alarm = g_new0(struct zrace_alarm, 1);

	alarm->runner = runner;
	alarm->statement = statement;
	g_ptr_array_add(runner->owned, alarm);
	runner->alarms++;
	runner->world->ops->at(runner->world, statement->time + shift_of(runner, statement),
			       on_alarm, alarm);
}

static void set_statement(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	struct zrace_trigger trigger = {.statement = statement};

	switch (statement->kind) {
	case ZRACE_HOLD:
		zrace_runner_hold(runner, &statement->action);
		break;
	case ZRACE_AT:
		note_pairs(runner, &statement->action);
		set_alarm(runner, statement);
		break;
	case ZRACE_WHEN_ALL:
	case ZRACE_WHEN_HELD:
	case ZRACE_WHEN:
		note_pairs(runner, &statement->action);
		g_array_append_val(runner->triggers, trigger);
		break;
	case ZRACE_THEN:
		note_pairs(runner, &statement->action);
		break;
	default:
		break;
	}
}

/* Each pair may have both sides' calls at once, of each type. */
static bool make_room(struct zrace_runner *runner)
{
	const struct zworld_ops *ops = runner->world->ops;
	const char *why = NULL;
	size_t pairs = 0;

	for (size_t a = 0; a < runner->script->npeers; a++)
		for (size_t b = a + 1; b < runner->script->npeers; b++)
			pairs += runner->pairs[a][b];
	if (ops->make_room == NULL || ops->make_room(runner->world, 2 * pairs, &why))
		return true;
	zrace_runner_fail(runner, ZRACE_SKIP, (struct zrace_pos){0}, "%s cannot do so many: %s",
			  ops->name, why ? why : "no reason given");
	return false;
}

static bool set_up(struct zrace_runner *runner)
{
	const struct zrace_script *script = runner->script;

	for (size_t i = 0; i < script->npeers; i++)
		if (!add_peer(runner, i))
			return false;
	for (size_t i = 0; i < script->npeers; i++)
		if (!remember(runner, i))
			return false;
	if (!set_links(runner))
		return false;
	set_loss(runner);
	for (guint i = 0; i < script->statements->len; i++) {
		const struct zrace_statement *statement = g_ptr_array_index(script->statements, i);

		if (zrace_statement_counts(statement, runner->run->case_index, runner->run->vary))
			set_statement(runner, statement);
	}
	zrace_chain_go(runner);
	return make_room(runner);
}

/* ---- the end ---- */

static void judge(struct zrace_runner *runner)
{
	GString *why = g_string_new(NULL);
	struct zrace_pos pos = {0};
	bool good =
		zrace_matcher_is_broken(runner->matcher) || zrace_chain_verdict(runner, &pos, why);

	if (good)
		good = zrace_matcher_verdict(runner->matcher, &pos, why);
	if (good && runner->alarms) {
		g_string_append_printf(why, "%zu `at` lines were not reached within ",
				       runner->alarms);
		zrace_words_time(why, runner->finally.within);
		good = false;
	}
	if (good && runner->finally_pos.line) {
		pos = runner->finally_pos;
		good = zrace_runner_state_holds(runner, why);
	}
	if (good && runner->ops) {
		g_string_append_printf(why, "expected every put, get and ping to end, %zu did not",
				       runner->ops);
		good = false;
	}
	if (!good)
		zrace_runner_fail(runner, ZRACE_FAIL, pos, "%s", why->str);
	g_string_free(why, TRUE);
}

static char *final_words(const struct zrace_runner *runner)
{
	GString *text = g_string_new(NULL);

	for (unsigned a = 0; a < runner->script->npeers; a++) {
		for (unsigned b = a + 1; b < runner->script->npeers; b++) {
			struct zrace_state state;

			if (!runner->pairs[a][b])
				continue;
			zrace_runner_read_pair(runner, a, b, &state);
			g_string_append_printf(text, "%s%s %s: ", text->len ? "; " : "",
					       runner->script->peers[a].name,
					       runner->script->peers[b].name);
			zrace_state_words(&state, runner->script, text);
		}
	}
	return g_string_free(text, FALSE);
}

static void run_world(struct zrace_runner *runner)
{
	struct zworld *world = runner->world;
	const struct zrace_vary *vary = vary_of(runner);
	int64_t until = runner->finally.within;

	if (vary != NULL && !vary->lose)
		until += ABS(runner->run->shift);
	world->listener = &zrace_runner_listener;
	world->listener_user = runner;
	runner->outcome->strict = world->ops->strict_time;
	if (set_up(runner)) {
		if (!world->ops->strict_time)
			until = MIN(until * SLACK, until + MOST_SLACK);
		world->ops->run(world, until);
		runner->over = true;
		runner->outcome->state = final_words(runner);
		judge(runner);
		zrace_matcher_matched(runner->matcher, runner->outcome->matched);
	}
	runner->over = true;
	world->ops->free(world);
}

void zrace_run_case(const struct zrace_backend *backend, const struct zrace_run *run,
		    struct zrace_outcome *outcome)
{
	struct zrace_runner *runner = g_new0(struct zrace_runner, 1);
	struct zworld_options options = run->options;
	const char *why = NULL;

	options.plain = zrace_script_is_plain(run->script);
	*outcome = (struct zrace_outcome){.verdict = ZRACE_PASS,
					  .log = zrace_log_new(),
					  .matched = g_array_new(FALSE, FALSE, sizeof(guint))};
	runner->run = run;
	runner->script = run->script;
	runner->outcome = outcome;
	runner->finally =
		zrace_script_finally(run->script, run->case_index, run->vary, &runner->finally_pos);
	runner->matcher = zrace_matcher_new(run->script, run->case_index, run->vary, outcome->log);
	runner->passes = g_array_new(FALSE, FALSE, sizeof(struct zrace_pass));
	runner->settings = g_array_new(FALSE, FALSE, sizeof(struct zrace_setting));
	zrace_chain_init(runner);
	runner->triggers = g_array_new(FALSE, FALSE, sizeof(struct zrace_trigger));
	g_queue_init(&runner->due);
	runner->ends = g_hash_table_new(NULL, NULL);
	runner->owned = g_ptr_array_new_with_free_func(g_free);
	runner->tasks = g_ptr_array_new_with_free_func(g_free);
	runner->payload = g_malloc0(ZCL_LNET_MTU);
	runner->sink = g_malloc0(ZCL_LNET_MTU);
	runner->world = backend->world_new(&options, &why);
	if (runner->world)
		run_world(runner);
	else
		zrace_runner_fail(runner, ZRACE_ERROR, (struct zrace_pos){0}, "no world: %s",
				  why ? why : "no reason given");
	zrace_matcher_free(runner->matcher);
	g_array_unref(runner->passes);
	g_array_unref(runner->settings);
	zrace_chain_clear(runner);
	g_array_unref(runner->triggers);
	g_queue_clear(&runner->due);
	g_hash_table_unref(runner->ends);
	g_ptr_array_unref(runner->owned);
	g_ptr_array_unref(runner->tasks);
	g_free(runner->sink);
	g_free(runner->payload);
	g_free(runner);
}

void zrace_outcome_clear(struct zrace_outcome *outcome)
{
	g_free(outcome->why);
	g_free(outcome->state);
	g_array_unref(outcome->log);
	g_array_unref(outcome->matched);
	*outcome = (struct zrace_outcome){0};
}
