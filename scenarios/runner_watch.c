/* SPDX-License-Identifier: MIT */
#include "scenarios/runner_internal.h"

/* Where time is real: how long it must be quiet until nothing more is expected, ns. */
#define QUIET (INT64_C(1500) * 1000 * 1000)
/* The same when all is met and only a `never` could still be broken. */
#define LINGER (INT64_C(200) * 1000 * 1000)

static unsigned index_of(const struct zrace_runner *runner, const struct zworld_peer *peer)
{
	for (size_t i = 0; i < runner->script->npeers; i++)
		if (runner->peers[i] == peer)
			return (unsigned)i;
	return ZRACE_ANY_PEER;
}

static unsigned index_of_nid(const struct zrace_runner *runner, zcl_nid nid)
{
	const struct zrace_case *one = &runner->script->cases[runner->run->case_index];

	for (size_t i = 0; i < runner->script->npeers; i++)
		if (one->nids[i] == nid)
			return (unsigned)i;
	return ZRACE_ANY_PEER;
}

static void fire(struct zrace_runner *runner, struct zrace_trigger *trigger)
{
	trigger->fired = true;
	g_queue_push_tail(&runner->due, (gpointer)trigger->statement);
	zrace_runner_wake(runner);
}

static bool all_held(const struct zrace_runner *runner)
{
	bool any = false;

	for (unsigned from = 0; from < runner->script->npeers; from++) {
		for (unsigned to = 0; to < runner->script->npeers; to++) {
			const struct zrace_held *held = &runner->held[from][to];

			if (held->awaited & ~held->caught)
				return false;
			any |= held->awaited != 0;
		}
	}
	return any;
}

static bool trigger_fits(const struct zrace_runner *runner, struct zrace_trigger *trigger,
			 const struct zrace_record *record)
{
	const struct zrace_statement *statement = trigger->statement;

	switch (statement->kind) {
	case ZRACE_WHEN:
		return zrace_pattern_fits(&statement->pattern, record) &&
		       ++trigger->seen == statement->nth;
	case ZRACE_WHEN_HELD:
		return record->kind == ZRACE_REC_HELD && record->peer == statement->dir.from &&
		       record->other == statement->dir.to && record->unit == statement->dir.units &&
		       ++trigger->seen == statement->nth;
	case ZRACE_WHEN_ALL:
		return record->kind == ZRACE_REC_HELD && all_held(runner);
	default:
		g_assert_not_reached();
	}
}

static void take_record(struct zrace_runner *runner, const struct zrace_record *record)
{
	GArray *log = runner->outcome->log;

	if (log->len >= ZRACE_MAX_RECORDS) {
		zrace_runner_fail(runner, ZRACE_ERROR, (struct zrace_pos){0}, "more than %u events",
				  ZRACE_MAX_RECORDS);
		return;
	}
	g_array_append_vals(log, record, 1);
	if (!zrace_matcher_feed(runner->matcher, log->len - 1)) {
		runner->over = true;
		runner->world->ops->stop(runner->world);
		return;
	}
	for (guint i = 0; i < runner->triggers->len; i++) {
		struct zrace_trigger *trigger =
			&g_array_index(runner->triggers, struct zrace_trigger, i);

		if (!trigger->fired && trigger_fits(runner, trigger, record))
			fire(runner, trigger);
	}
	zrace_chain_go(runner);
	if (!runner->world->ops->strict_time)
		zrace_runner_wake(runner);
}

/* Where several have a NID: who has this incarnation, and who is at the end of a connection. */
static unsigned other_of(struct zrace_runner *runner, unsigned peer, const struct zcl_event *event)
{
	const struct zrace_case *one = &runner->script->cases[runner->run->case_index];
	const unsigned first = index_of_nid(runner, event->peer);
	unsigned key = peer << 24 | (unsigned)(event->conn & 0xffffff);

	if (first == ZRACE_ANY_PEER || !runner->duplicates || event->conn == 0)
		return first;
	for (unsigned i = first; event->kind == ZCL_EV_HELLO_RECEIVED && i < runner->script->npeers;
	     i++)
		if (one->nids[i] == event->peer &&
		    zrace_runner_incarnation(runner, i) == event->incarnation)
			g_hash_table_insert(runner->ends, GUINT_TO_POINTER(key),
					    GUINT_TO_POINTER(i + 1));
	key = GPOINTER_TO_UINT(g_hash_table_lookup(runner->ends, GUINT_TO_POINTER(key)));
	return key != 0 ? key - 1 : first;
}

static void on_event(void *user, struct zworld_peer *peer, const struct zcl_event *event)
{
	struct zrace_runner *runner = user;
	struct zrace_record record = {
		.kind = ZRACE_REC_EVENT, .time = event->time, .event = *event};

	if (runner->over)
		return;
	record.peer = index_of(runner, peer);
	record.other = other_of(runner, record.peer, event);
	/* A caller is unknown before its HELLO, or for ever; among two it can only be the other. */
	if (record.other == ZRACE_ANY_PEER && runner->script->npeers == 2)
		record.other = !record.peer;
	take_record(runner, &record);
}

static void on_held(void *user, struct zworld_peer *from, struct zworld_peer *to,
		    enum zworld_unit unit)
{
	struct zrace_runner *runner = user;
	struct zrace_record record = {.kind = ZRACE_REC_HELD, .unit = unit};
	struct zrace_held *held;

	if (runner->over)
		return;
	record.time = runner->world->ops->now(runner->world);
	record.peer = index_of(runner, from);
	record.other = index_of(runner, to);
	held = &runner->held[record.peer][record.other];
	held->caught |= held->awaited & unit;
	if (runner->passes->len > 0)
		zrace_runner_wake(runner);
	take_record(runner, &record);
}

static void on_lnet_event(void *user, struct zworld_peer *peer, const struct zcl_lnet_event *event)
{
	struct zrace_runner *runner = user;

	(void)peer;
	if (runner->over)
		return;
	zrace_runner_op_event(runner, event);
	if (!runner->world->ops->strict_time && !runner->over)
		zrace_runner_wake(runner);
}

const struct zworld_listener zrace_runner_listener = {on_event, on_lnet_event, on_held};

void zrace_runner_read_pair(const struct zrace_runner *runner, unsigned a, unsigned b,
			    struct zrace_state *state)
{
	const struct zrace_case *one = &runner->script->cases[runner->run->case_index];
	const unsigned peers[2] = {a, b};
	const zcl_nid nids[2] = {one->nids[a], one->nids[b]};

	zrace_state_init(state, peers, nids);
	for (size_t i = 0; i < runner->script->npeers; i++)
		for (int side = 0; side < 2; side++)
			if (one->nids[i] == nids[side])
				zrace_state_add(state, side,
						runner->world->ops->node(runner->peers[i]));
}

bool zrace_runner_state_holds(const struct zrace_runner *runner, GString *why)
{
	struct zrace_state state;

	for (unsigned a = 0; a < runner->script->npeers; a++) {
		for (unsigned b = a + 1; b < runner->script->npeers; b++) {
			if (!runner->pairs[a][b])
				continue;
			zrace_runner_read_pair(runner, a, b, &state);
			if (!zrace_state_holds(&state, &runner->finally, runner->script, why))
				return false;
		}
	}
	return true;
}

/* Nothing is left to come that the runner or a core knows of. */
static bool nothing_to_come(const struct zrace_runner *runner)
{
	struct zrace_state state;

	if (runner->alarms || runner->ops || !g_queue_is_empty((GQueue *)&runner->due) ||
	    zrace_chain_is_moving(runner))
		return false;
	for (unsigned a = 0; a < runner->script->npeers; a++) {
		for (unsigned b = a + 1; b < runner->script->npeers; b++) {
			if (!runner->pairs[a][b])
				continue;
			zrace_runner_read_pair(runner, a, b, &state);
			if (!zrace_state_settled(&state))
				return false;
		}
	}
	return true;
}

static bool all_met(const struct zrace_runner *runner)
{
	return zrace_chain_is_done(runner) && nothing_to_come(runner) &&
	       zrace_matcher_met(runner->matcher) &&
	       (runner->finally_pos.line == 0 || zrace_runner_state_holds(runner, NULL));
}

/* A core will do something by itself in the time that the script gives it. */
static bool timer_due(const struct zrace_runner *runner)
{
	const struct zworld_ops *ops = runner->world->ops;

	for (size_t i = 0; i < runner->script->npeers; i++) {
		const struct zcl_node *node = ops->node(runner->peers[i]);

		if (node && zcl_node_expiry(node) <= runner->finally.within)
			return true;
	}
	return false;
}

static void end(struct zrace_runner *runner)
{
	runner->over = true;
	runner->world->ops->stop(runner->world);
}

/* Neither the script nor a core will do anything in the time that there is. */
static bool nobody_acts(const struct zrace_runner *runner)
{
	return runner->alarms == 0 && g_queue_is_empty((GQueue *)&runner->due) &&
	       !runner->chain.timing && !timer_due(runner);
}

void zrace_runner_at_rest(struct zrace_runner *runner)
{
	if (!runner->ending)
		return;
	runner->ending = false;
	if (runner->quiet_length == runner->outcome->log->len && nobody_acts(runner))
		end(runner);
	else
		zrace_runner_look(runner);
}

/*
 * It was silent for a while, and not all is met. When nothing is under way either, nothing will
 * ever come: however long the script would wait.
 */
static void ask_for_rest(struct zrace_runner *runner)
{
	runner->ending = true;
	runner->quiet_length = runner->outcome->log->len;
	zrace_chain_rest(runner);
}

static void on_watch(void *data)
{
	struct zrace_watch *watch = data;
	struct zrace_runner *runner = watch->runner;

	watch->out = false;
	if (runner->over)
		return;
	if (watch->length != runner->outcome->log->len)
		zrace_runner_look(runner);
	else if (all_met(runner))
		end(runner);
	else if (nobody_acts(runner))
		ask_for_rest(runner);
	else
		zrace_runner_look(runner);
}

/* Something happens with every event; only silence tells that nothing will. */
static void send_out(struct zrace_runner *runner, struct zrace_watch *watch, int64_t silence)
{
	const struct zworld_ops *ops = runner->world->ops;

	if (watch->out)
		return;
	watch->out = true;
	watch->runner = runner;
	watch->length = runner->outcome->log->len;
	ops->at(runner->world, ops->now(runner->world) + silence, on_watch, watch);
}

void zrace_runner_look(struct zrace_runner *runner)
{
	if (!all_met(runner)) {
		send_out(runner, &runner->quiet, QUIET);
	} else if (zrace_matcher_forbids(runner->matcher)) {
		send_out(runner, &runner->linger, LINGER);
	} else {
		end(runner);
	}
}
