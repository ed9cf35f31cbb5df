/* SPDX-License-Identifier: MIT */
#include "scenarios/runner_internal.h"
#include "scenarios/words.h"

#define MOST_SAID 8u /* held messages in one complaint */

/* ---- letting one message go ---- */

static bool pass_one(struct zrace_runner *runner, const struct zrace_action *action)
{
	const struct zrace_dir *dir = &action->dirs[0];
	GArray *log = runner->outcome->log;

	/* What comes of it may be told before the world returns. */
	zrace_runner_note_action(runner, action);
	if (runner->world->ops->pass(runner->world, runner->peers[dir->from],
				     runner->peers[dir->to], (enum zworld_unit)dir->units,
				     action->call))
		return true;
	g_array_set_size(log, log->len - 1);
	return false;
}

void zrace_runner_pass(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_pass pass = {statement, statement->action.count};

	g_array_append_val(runner->passes, pass);
	zrace_runner_wake(runner);
}

void zrace_runner_passes(struct zrace_runner *runner)
{
	for (guint i = 0; i < runner->passes->len;) {
		struct zrace_pass *pass = &g_array_index(runner->passes, struct zrace_pass, i);

		while (pass->left > 0 && pass_one(runner, &pass->statement->action))
			pass->left--;
		if (pass->left == 0)
			g_array_remove_index(runner->passes, i);
		else
			i++;
	}
}

/* ---- the chain ---- */

void zrace_chain_init(struct zrace_runner *runner)
{
	const struct zrace_script *script = runner->script;

	runner->chain.steps = g_ptr_array_new();
	for (guint i = 0; i < script->statements->len; i++) {
		struct zrace_statement *one = g_ptr_array_index(script->statements, i);

		if ((one->kind == ZRACE_THEN || one->kind == ZRACE_THEN_AWAIT) &&
		    zrace_statement_counts(one, runner->run->case_index, runner->run->vary))
			g_ptr_array_add(runner->chain.steps, one);
	}
}

void zrace_chain_clear(struct zrace_runner *runner)
{
	g_ptr_array_unref(runner->chain.steps);
}

static const struct zrace_statement *next_step(const struct zrace_chain *chain)
{
	return chain->at < chain->steps->len ? g_ptr_array_index(chain->steps, chain->at) : NULL;
}

static void step_is_done(struct zrace_chain *chain)
{
	chain->at++;
	chain->passed = 0;
	chain->timed = false;
}

static bool has_come(struct zrace_runner *runner, const struct zrace_pattern *pattern)
{
	struct zrace_chain *chain = &runner->chain;
	const GArray *log = runner->outcome->log;

	while (chain->mark < log->len)
		if (zrace_pattern_fits(pattern, zrace_log_at(log, chain->mark++)))
			return true;
	return false;
}

static void time_has_come(void *data)
{
	struct zrace_runner *runner = data;

	runner->chain.timing = false;
	runner->chain.timed = true;
	if (!runner->over)
		zrace_chain_go(runner);
}

/* True: it is done, or its time is awaited. */
static bool wait_for_time(struct zrace_runner *runner, const struct zrace_statement *step)
{
	const struct zworld_ops *ops = runner->world->ops;

	if (step->time == 0 || runner->chain.timed)
		return false;
	runner->chain.timing = true;
	ops->at(runner->world, ops->now(runner->world) + step->time, time_has_come, runner);
	return true;
}

/* One message of a pass, or the whole step. False: what it needs is not there. */
static bool take_step(struct zrace_runner *runner, const struct zrace_statement *step)
{
	struct zrace_chain *chain = &runner->chain;
	const size_t mark = chain->passed ? chain->mark : runner->outcome->log->len;

	if (step->action.kind != ZRACE_DO_PASS) {
		chain->mark = mark;
		step_is_done(chain);
		zrace_runner_act(runner, step);
		return true;
	}
	if (!pass_one(runner, &step->action))
		return false;
	chain->mark = mark;
	if (++chain->passed == step->action.count)
		step_is_done(chain);
	return true;
}

static void on_rest(void *data)
{
	struct zrace_runner *runner = data;
	struct zrace_chain *chain = &runner->chain;
	const struct zrace_statement *step;

	chain->resting = false;
	while (!runner->over && (step = next_step(chain)) != NULL &&
	       step->kind == ZRACE_THEN_AWAIT && has_come(runner, &step->pattern))
		step_is_done(chain);
	if (!runner->over && step != NULL && step->kind == ZRACE_THEN && !chain->timing &&
	    !wait_for_time(runner, step) && take_step(runner, step) && !runner->over)
		zrace_chain_go(runner);
	if (!runner->over)
		zrace_runner_at_rest(runner);
	if (!runner->over && !runner->world->ops->strict_time)
		zrace_runner_wake(runner);
}

void zrace_chain_rest(struct zrace_runner *runner)
{
	if (runner->chain.resting)
		return;
	runner->chain.resting = true;
	runner->world->ops->rest(runner->world, on_rest, runner);
}

void zrace_chain_go(struct zrace_runner *runner)
{
	if (!runner->chain.timing && next_step(&runner->chain) != NULL)
		zrace_chain_rest(runner);
}

bool zrace_chain_is_done(const struct zrace_runner *runner)
{
	return next_step(&runner->chain) == NULL && runner->passes->len == 0;
}

bool zrace_chain_is_moving(const struct zrace_runner *runner)
{
	return runner->chain.resting || runner->chain.timing;
}

/* ---- what did not come ---- */

struct saying {
	const struct zrace_runner *runner;
	GString *text;
	unsigned said;
};

static const char *name_of(const struct zrace_runner *runner, const struct zworld_peer *peer)
{
	return runner->world->ops->peer_name(peer);
}

static void say_held(void *user, const struct zworld_held *held)
{
	struct saying *saying = user;

	if (saying->said++ == MOST_SAID)
		g_string_append(saying->text, ", ...");
	if (saying->said > MOST_SAID)
		return;
	g_string_append_printf(saying->text, "%s%s>%s ", saying->said > 1 ? ", " : ", held: ",
			       name_of(saying->runner, held->from),
			       name_of(saying->runner, held->to));
	zrace_words_units(saying->text, held->unit);
	g_string_append_printf(saying->text, " conn=%u", held->call);
}

static void say_all_held(const struct zrace_runner *runner, GString *why)
{
	struct saying saying = {.runner = runner, .text = why};

	runner->world->ops->foreach_held(runner->world, say_held, &saying);
	if (saying.said == 0)
		g_string_append(why, ", nothing is held");
}

static void say_pass(const struct zrace_runner *runner, const struct zrace_action *action,
		     unsigned passed, GString *why)
{
	g_string_append(why, "expected to ");
	zrace_words_action(why, runner->script, action);
	if (action->count > 1)
		g_string_append_printf(why, ", passed %u of %u", passed, action->count);
	say_all_held(runner, why);
}

static void say_step(const struct zrace_runner *runner, const struct zrace_statement *step,
		     GString *why)
{
	const guint later = runner->chain.steps->len - runner->chain.at - 1;

	if (step->kind == ZRACE_THEN_AWAIT) {
		g_string_append(why, "expected ");
		zrace_words_pattern(why, runner->script, &step->pattern);
		g_string_append(why, ", which did not come");
		say_all_held(runner, why);
	} else if (step->action.kind == ZRACE_DO_PASS) {
		say_pass(runner, &step->action, runner->chain.passed, why);
	} else {
		g_string_append(why, "expected to ");
		zrace_words_action(why, runner->script, &step->action);
		g_string_append(why, ", its turn did not come in time");
	}
	if (later > 0)
		g_string_append_printf(why, "; %u `then` lines behind it wait", later);
}

bool zrace_chain_verdict(const struct zrace_runner *runner, struct zrace_pos *pos, GString *why)
{
	const struct zrace_statement *step = next_step(&runner->chain);
	const struct zrace_pass *pass;

	if (step != NULL) {
		*pos = step->pos;
		say_step(runner, step, why);
		return false;
	}
	if (runner->passes->len == 0)
		return true;
	pass = &g_array_index(runner->passes, struct zrace_pass, 0);
	*pos = pass->statement->pos;
	say_pass(runner, &pass->statement->action, pass->statement->action.count - pass->left, why);
	return false;
}
