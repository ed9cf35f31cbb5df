/* SPDX-License-Identifier: MIT */
#include "scenarios/runner_internal.h"

#include "scenarios/words.h"

static struct zcl_node *node_of(const struct zrace_runner *runner, unsigned peer)
{
	return runner->world->ops->node(runner->peers[peer]);
}

static zcl_nid nid_of(const struct zrace_runner *runner, unsigned peer)
{
	return runner->script->cases[runner->run->case_index].nids[peer];
}

static void note_action(struct zrace_runner *runner, const struct zrace_action *action)
{
	struct zrace_record record = {.kind = ZRACE_REC_ACTION,
				      .time = runner->world->ops->now(runner->world),
				      .peer = ZRACE_ANY_PEER,
				      .other = ZRACE_ANY_PEER};
	GString *text = g_string_new(NULL);

	if (action->kind <= ZRACE_DO_PING) {
		record.peer = action->peer;
		record.other = action->other;
	}
	zrace_words_action(text, runner->script, action);
	record.text = g_string_free(text, FALSE);
	g_array_append_val(runner->outcome->log, record);
}

/* ---- hold and release ---- */

static struct zrace_held *find_held(struct zrace_runner *runner, unsigned from, unsigned to,
				    unsigned unit, guint *index)
{
	for (guint i = 0; i < runner->held->len; i++) {
		struct zrace_held *held = &g_array_index(runner->held, struct zrace_held, i);

		if (held->from != from || held->to != to || held->unit != unit)
			continue;
		*index = i;
		return held;
	}
	return NULL;
}

static void hold_dir(struct zrace_runner *runner, const struct zrace_dir *dir)
{
	guint index;

	for (unsigned unit = 1; unit <= ZWORLD_END; unit <<= 1) {
		struct zrace_held held = {dir->from, dir->to, unit, false};

		if ((dir->units & unit) &&
		    find_held(runner, dir->from, dir->to, unit, &index) == NULL)
			g_array_append_val(runner->held, held);
	}
	runner->world->ops->hold(runner->world, runner->peers[dir->from], runner->peers[dir->to],
				 dir->units);
}

static void release_dir(struct zrace_runner *runner, const struct zrace_dir *dir)
{
	guint index;

	for (unsigned unit = 1; unit <= ZWORLD_END; unit <<= 1)
		if ((dir->units & unit) && find_held(runner, dir->from, dir->to, unit, &index))
			g_array_remove_index(runner->held, index);
	runner->world->ops->release(runner->world, runner->peers[dir->from], runner->peers[dir->to],
				    dir->units);
}

void zrace_runner_hold(struct zrace_runner *runner, const struct zrace_action *action)
{
	for (size_t i = 0; i < action->ndirs; i++)
		hold_dir(runner, &action->dirs[i]);
}

static void release_all(struct zrace_runner *runner)
{
	while (runner->held->len) {
		const struct zrace_held *first = &g_array_index(runner->held, struct zrace_held, 0);
		struct zrace_dir dir = {first->from, first->to, first->unit};

		release_dir(runner, &dir);
	}
}

/* ---- connect, put, ping ---- */

static void start_op(struct zrace_runner *runner, const struct zrace_statement *statement,
		     struct zrace_op **op)
{
	*op = g_new0(struct zrace_op, 1);
	(*op)->runner = runner;
	(*op)->statement = statement;
	g_ptr_array_add(runner->owned, *op);
	runner->ops++;
}

static enum zcl_err put(struct zrace_runner *runner, const struct zrace_statement *statement,
			int64_t now)
{
	const struct zrace_action *action = &statement->action;
	struct iovec iov = {runner->payload, action->size};
	struct zcl_put request = {.target = nid_of(runner, action->other),
				  .portal = ZRACE_SINK_PORTAL,
				  .iov = &iov,
				  .niov = action->size ? 1 : 0,
				  .want_ack = true};
	struct zrace_op *op;

	start_op(runner, statement, &op);
	request.user = op;
	return zcl_lnet_put(node_of(runner, action->peer), &request, now);
}

static enum zcl_err ping(struct zrace_runner *runner, const struct zrace_statement *statement,
			 int64_t now)
{
	const struct zrace_action *action = &statement->action;
	struct zrace_op *op;

	start_op(runner, statement, &op);
	return zcl_lnet_ping(node_of(runner, action->peer), nid_of(runner, action->other), op, now);
}

/* connect, put, ping: calls into a core. */
static void call_core(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_action *action = &statement->action;
	int64_t now = runner->world->ops->now(runner->world);
	enum zcl_err err;

	if (action->kind == ZRACE_DO_PUT)
		err = put(runner, statement, now);
	else if (action->kind == ZRACE_DO_PING)
		err = ping(runner, statement, now);
	else
		err = zcl_node_connect(node_of(runner, action->peer), nid_of(runner, action->other),
				       now);
	runner->world->ops->kick(runner->world, runner->peers[action->peer]);
	if (err != ZCL_OK) {
		GString *text = g_string_new(NULL);

		zrace_words_action(text, runner->script, action);
		zrace_runner_fail(runner, ZRACE_FAIL, statement->pos, "%s: %s", text->str,
				  zcl_strerror(err));
		g_string_free(text, TRUE);
	}
}

void zrace_runner_op_event(struct zrace_runner *runner, const struct zcl_lnet_event *event)
{
	const struct zrace_op *op = event->user;
	GString *text;

	/* PUT and GET events are of the sink, which has no user. */
	if (op == NULL || !event->final)
		return;
	g_assert(op->runner == runner && runner->ops > 0);
	runner->ops--;
	if (event->status == ZCL_OK)
		return;
	text = g_string_new(NULL);
	zrace_words_action(text, runner->script, &op->statement->action);
	zrace_runner_fail(runner, ZRACE_FAIL, op->statement->pos,
			  "expected %s to succeed, got %s: %s", text->str,
			  zcl_err_name(event->status), zcl_strerror(event->status));
	g_string_free(text, TRUE);
}

void zrace_runner_act(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_action *action = &statement->action;

	note_action(runner, action);
	switch (action->kind) {
	case ZRACE_DO_CONNECT:
	case ZRACE_DO_PUT:
	case ZRACE_DO_PING:
		call_core(runner, statement);
		break;
	case ZRACE_DO_HOLD:
		zrace_runner_hold(runner, action);
		break;
	case ZRACE_DO_RELEASE:
		for (size_t i = 0; i < action->ndirs; i++)
			release_dir(runner, &action->dirs[i]);
		break;
	case ZRACE_DO_RELEASE_ALL:
		release_all(runner);
		break;
	}
}
