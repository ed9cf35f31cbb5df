/* SPDX-License-Identifier: MIT */
#include "scenarios/runner_internal.h"
#include "scenarios/tunable.h"

/* Nobody hears of the messages of a node that is gone. */
static void forget_ops(struct zrace_runner *runner, unsigned peer)
{
	for (guint i = 0; i < runner->tasks->len; i++) {
		struct zrace_op *op = g_ptr_array_index(runner->tasks, i);

		if (op->over || op->statement->action.peer != peer)
			continue;
		op->over = true;
		runner->ops--;
	}
}

static void crash(struct zrace_runner *runner, unsigned peer)
{
	const struct zworld_ops *ops = runner->world->ops;

	if (ops->node(runner->peers[peer]) == NULL)
		return;
	ops->crash(runner->world, runner->peers[peer]);
	forget_ops(runner, peer);
}

static void start(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const unsigned peer = statement->action.peer;
	const struct zworld_ops *ops = runner->world->ops;
	const char *why = NULL;
	struct zcl_config config;
	enum zcl_err err;

	runner->lives[peer]++;
	zrace_runner_config(runner, peer, &config);
	if (!ops->restart(runner->world, runner->peers[peer], &config, &why)) {
		zrace_runner_fail(runner, ZRACE_ERROR, statement->pos,
				  "no new node for peer %s: %s", runner->script->peers[peer].name,
				  why ? why : "no reason given");
		return;
	}
	err = zrace_runner_attach(runner, peer);
	if (err != ZCL_OK)
		zrace_runner_fail(runner, ZRACE_ERROR, statement->pos, "no buffers for peer %s: %s",
				  runner->script->peers[peer].name, zcl_strerror(err));
}

void zrace_runner_end_life(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_action *action = &statement->action;

	crash(runner, action->peer);
	if (action->kind == ZRACE_DO_UPGRADE)
		runner->version[action->peer] = ZCL_V2;
	else if (action->kind == ZRACE_DO_DOWNGRADE)
		runner->version[action->peer] = ZCL_V1;
	if (zrace_action_restarts(action))
		start(runner, statement);
}

void zrace_runner_set(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_action *action = &statement->action;
	const struct zrace_setting setting = {action->peer, action->tunable, action->number};
	struct zcl_node *node = runner->world->ops->node(runner->peers[action->peer]);
	struct zcl_config config;
	enum zcl_err err;

	g_array_append_val(runner->settings, setting);
	zrace_runner_config(runner, action->peer, &config);
	err = node ? zcl_node_tune(node, &config) : ZCL_OK;
	if (err != ZCL_OK)
		zrace_runner_fail(runner, ZRACE_FAIL, statement->pos,
				  "expected a value of %s that suits the others, got %s: %s",
				  zrace_tunable_name(action->tunable), action->word,
				  zcl_strerror(err));
}
