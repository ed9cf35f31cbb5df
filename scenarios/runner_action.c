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

void zrace_runner_note_action(struct zrace_runner *runner, const struct zrace_action *action)
{
	struct zrace_record record = {.kind = ZRACE_REC_ACTION,
				      .time = runner->world->ops->now(runner->world),
				      .peer = ZRACE_ANY_PEER,
				      .other = ZRACE_ANY_PEER};
	GString *text = g_string_new(NULL);

	if (zrace_action_has_peer(action))
		record.peer = action->peer;
	if (zrace_action_has_other(action))
		record.other = action->other;
	zrace_words_action(text, runner->script, action);
	record.text = g_string_free(text, FALSE);
	g_array_append_val(runner->outcome->log, record);
}

/* ---- hold and release ---- */

static void hold_units(struct zrace_runner *runner, unsigned from, unsigned to, unsigned units)
{
	runner->held[from][to].units |= units;
	runner->world->ops->hold(runner->world, runner->peers[from], runner->peers[to], units);
}

static void release_units(struct zrace_runner *runner, unsigned from, unsigned to, unsigned units)
{
	struct zrace_held *held = &runner->held[from][to];

	held->units &= ~units;
	held->awaited &= ~units;
	held->caught &= ~units;
	runner->world->ops->release(runner->world, runner->peers[from], runner->peers[to], units);
}

static void release_all(struct zrace_runner *runner)
{
	for (unsigned from = 0; from < runner->script->npeers; from++)
		for (unsigned to = 0; to < runner->script->npeers; to++)
			if (runner->held[from][to].units)
				release_units(runner, from, to, runner->held[from][to].units);
}

static void hold_all(struct zrace_runner *runner)
{
	for (unsigned from = 0; from < runner->script->npeers; from++)
		for (unsigned to = 0; to < runner->script->npeers; to++)
			if (from != to)
				hold_units(runner, from, to, ZWORLD_ALL);
}

static void hold_dirs(struct zrace_runner *runner, const struct zrace_action *action)
{
	for (size_t i = 0; i < action->ndirs; i++) {
		const struct zrace_dir *dir = &action->dirs[i];
		struct zrace_held *held = &runner->held[dir->from][dir->to];

		held->caught &= ~(dir->units & ~held->awaited);
		held->awaited |= dir->units;
		hold_units(runner, dir->from, dir->to, dir->units);
	}
}

void zrace_runner_hold(struct zrace_runner *runner, const struct zrace_action *action)
{
	if (action->kind == ZRACE_DO_HOLD_ALL)
		hold_all(runner);
	else
		hold_dirs(runner, action);
}

/* ---- connect, put, get, ping, disconnect ---- */

static void start_op(struct zrace_runner *runner, const struct zrace_statement *statement,
		     struct zrace_op **op)
{
	*op = g_new0(struct zrace_op, 1);
	(*op)->runner = runner;
	(*op)->statement = statement;
	g_ptr_array_add(runner->tasks, *op);
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

static enum zcl_err get(struct zrace_runner *runner, const struct zrace_statement *statement,
			int64_t now)
{
	const struct zrace_action *action = &statement->action;
	struct iovec iov = {runner->sink, action->size};
	struct zcl_get request = {.target = nid_of(runner, action->other),
				  .portal = ZRACE_FILE_PORTAL,
				  .iov = &iov,
				  .niov = action->size ? 1 : 0};
	struct zrace_op *op;

	start_op(runner, statement, &op);
	request.user = op;
	return zcl_lnet_get(node_of(runner, action->peer), &request, now);
}

static enum zcl_err ping(struct zrace_runner *runner, const struct zrace_statement *statement,
			 int64_t now)
{
	const struct zrace_action *action = &statement->action;
	struct zrace_op *op;

	start_op(runner, statement, &op);
	return zcl_lnet_ping(node_of(runner, action->peer), nid_of(runner, action->other), op, now);
}

static enum zcl_err submit(struct zrace_runner *runner, const struct zrace_statement *statement,
			   int64_t now)
{
	const struct zrace_action *action = &statement->action;
	struct zcl_node *node = node_of(runner, action->peer);
	const zcl_nid other = nid_of(runner, action->other);

	switch (action->kind) {
	case ZRACE_DO_PUT:
		return put(runner, statement, now);
	case ZRACE_DO_GET:
		return get(runner, statement, now);
	case ZRACE_DO_PING:
		return ping(runner, statement, now);
	case ZRACE_DO_DISCONNECT:
		return zcl_node_disconnect(node, other, now);
	default:
		return zcl_node_connect(node, other, now);
	}
}

/* How an action ended, held against what the script says of it. */
static void judge(struct zrace_runner *runner, const struct zrace_statement *statement,
		  enum zcl_err err)
{
	const struct zrace_action *action = &statement->action;
	bool good = err == ZCL_OK;
	GString *text;

	if (action->success == ZRACE_MAY_FAIL)
		return;
	if (action->success == ZRACE_FAILS)
		good = action->error == ZCL_OK ? err != ZCL_OK : err == action->error;
	if (good)
		return;
	text = g_string_new(NULL);
	zrace_words_action(text, runner->script, action);
	if (action->success == ZRACE_FAILS)
		zrace_runner_fail(runner, ZRACE_FAIL, statement->pos, "expected %s, got %s: %s",
				  text->str, zcl_err_name(err), zcl_strerror(err));
	else
		zrace_runner_fail(runner, ZRACE_FAIL, statement->pos,
				  "expected %s to succeed, got %s: %s", text->str,
				  zcl_err_name(err), zcl_strerror(err));
	g_string_free(text, TRUE);
}

/* What calls into a core. */
static void call_core(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_action *action = &statement->action;
	const guint before = runner->tasks->len;
	const bool later = action->kind >= ZRACE_DO_PUT && action->kind <= ZRACE_DO_PING;
	enum zcl_err err;

	if (node_of(runner, action->peer) == NULL) {
		zrace_runner_fail(runner, ZRACE_FAIL, statement->pos,
				  "expected %s to be there, got a peer that has crashed",
				  runner->script->peers[action->peer].name);
		return;
	}
	err = submit(runner, statement, runner->world->ops->now(runner->world));
	runner->world->ops->kick(runner->world, runner->peers[action->peer]);
	if (err != ZCL_OK && runner->tasks->len > before) {
		struct zrace_op *op = g_ptr_array_index(runner->tasks, before);

		op->over = true;
		runner->ops--;
	}
	if (err != ZCL_OK || !later)
		judge(runner, statement, err);
}

static void connect_all(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	struct zrace_statement one = *statement;

	one.action.kind = ZRACE_DO_CONNECT;
	for (unsigned a = 0; a < runner->script->npeers; a++) {
		for (unsigned b = 0; b < runner->script->npeers; b++) {
			one.action.peer = a;
			one.action.other = b;
			if (a != b && !runner->over)
				call_core(runner, &one);
		}
	}
}

void zrace_runner_op_event(struct zrace_runner *runner, const struct zcl_lnet_event *event)
{
	struct zrace_op *op = event->user;

	/* PUT and GET events are of the peers' buffers, which have no user. */
	if (op == NULL || !event->final || op->over)
		return;
	g_assert(op->runner == runner && runner->ops > 0);
	op->over = true;
	runner->ops--;
	judge(runner, op->statement, event->status);
}

/* ---- what happens to connections ---- */

static void strike(struct zrace_runner *runner, const struct zrace_action *action)
{
	const struct zworld_ops *ops = runner->world->ops;
	struct zworld_peer *a = runner->peers[action->peer], *b = runner->peers[action->other];

	if (action->kind == ZRACE_DO_RESET)
		ops->reset(runner->world, a, b, action->call);
	else
		ops->partition(runner->world, a, b, action->kind == ZRACE_DO_PARTITION);
}

void zrace_runner_act(struct zrace_runner *runner, const struct zrace_statement *statement)
{
	const struct zrace_action *action = &statement->action;

	if (action->kind != ZRACE_DO_PASS)
		zrace_runner_note_action(runner, action);
	switch (action->kind) {
	case ZRACE_DO_CONNECT:
	case ZRACE_DO_PUT:
	case ZRACE_DO_GET:
	case ZRACE_DO_PING:
	case ZRACE_DO_DISCONNECT:
		call_core(runner, statement);
		break;
	case ZRACE_DO_RESET:
	case ZRACE_DO_PARTITION:
	case ZRACE_DO_HEAL:
		strike(runner, action);
		break;
	case ZRACE_DO_SET:
		zrace_runner_set(runner, statement);
		break;
	case ZRACE_DO_CRASH:
	case ZRACE_DO_RESTART:
	case ZRACE_DO_UPGRADE:
	case ZRACE_DO_DOWNGRADE:
		zrace_runner_end_life(runner, statement);
		break;
	case ZRACE_DO_HOLD:
	case ZRACE_DO_HOLD_ALL:
		zrace_runner_hold(runner, action);
		break;
	case ZRACE_DO_RELEASE:
		for (size_t i = 0; i < action->ndirs; i++)
			release_units(runner, action->dirs[i].from, action->dirs[i].to,
				      action->dirs[i].units);
		break;
	case ZRACE_DO_RELEASE_ALL:
		release_all(runner);
		break;
	case ZRACE_DO_PASS:
		zrace_runner_pass(runner, statement);
		break;
	case ZRACE_DO_CONNECT_ALL:
		connect_all(runner, statement);
		break;
	}
}
