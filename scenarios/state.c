/* SPDX-License-Identifier: MIT */
#include "scenarios/state.h"

#define SEVERAL UINT32_MAX

struct counting {
	struct zrace_side *side;
	zcl_nid other;
};

static void count_conn(void *user, const struct zcl_conn_info *info)
{
	struct counting *counting = user;
	struct zrace_side *side = counting->side;

	if (info->peer != counting->other && info->peer != ZCL_NID_ANY)
		return;
	if (!info->up) {
		side->coming++;
		return;
	}
	side->up++;
	side->opened += info->active;
	if (side->version == 0)
		side->version = info->version;
	else if (side->version != info->version)
		side->version = SEVERAL;
}

void zrace_state_init(struct zrace_state *state, const unsigned peer[2], const zcl_nid nid[2])
{
	*state = (struct zrace_state){0};
	for (int i = 0; i < 2; i++) {
		state->peer[i] = peer[i];
		state->nid[i] = nid[i];
	}
}

void zrace_state_add(struct zrace_state *state, int index, const struct zcl_node *node)
{
	struct zrace_side *side = &state->side[index];
	struct counting counting = {side, state->nid[!index]};
	struct zcl_peer_info info;

	if (node == NULL) {
		state->crashed = true;
		return;
	}
	zcl_node_foreach_conn(node, count_conn, &counting);
	if (zcl_node_peer_info(node, counting.other, &info) != ZCL_OK)
		return;
	side->connecting = side->connecting || info.connecting;
	side->waiting += info.waiting;
}

bool zrace_state_settled(const struct zrace_state *state)
{
	if (state->crashed)
		return true;
	for (int i = 0; i < 2; i++) {
		const struct zrace_side *side = &state->side[i];

		if (side->coming || side->connecting || side->waiting)
			return false;
	}
	return state->side[0].up == state->side[1].up;
}

/* Index 0 or 1 of the side that opened all connections; -1: none or both. */
static int opener(const struct zrace_state *state)
{
	for (int i = 0; i < 2; i++)
		if (state->side[i].up && state->side[i].opened == state->side[i].up &&
		    state->side[!i].opened == 0)
			return i;
	return -1;
}

static bool version_holds(const struct zrace_state *state, uint32_t version)
{
	for (int i = 0; i < 2; i++)
		if (version && state->side[i].version != version)
			return false;
	/* Whatever was asked for: the two ends of a connection speak one version. */
	return state->side[0].version == state->side[1].version;
}

static bool initiator_holds(const struct zrace_state *state, const struct zrace_finally *finally)
{
	int higher = state->nid[0] > state->nid[1] ? 0 : 1;
	int found = opener(state);

	switch (finally->initiator) {
	case ZRACE_INITIATOR_ANY:
		return true;
	case ZRACE_INITIATOR_HIGHER:
		return found == higher;
	case ZRACE_INITIATOR_LOWER:
		return found == !higher;
	case ZRACE_INITIATOR_PEER:
		return found >= 0 && state->peer[found] == finally->initiator_peer;
	}
	return false;
}

static void version_words(GString *text, uint32_t version)
{
	if (version == SEVERAL)
		g_string_append(text, " version=several");
	else if (version)
		g_string_append_printf(text, " version=v%u", version);
}

void zrace_state_words(const struct zrace_state *state, const struct zrace_script *script,
		       GString *text)
{
	const struct zrace_side *a = &state->side[0], *b = &state->side[1];
	int by = opener(state);

	if (state->crashed) {
		g_string_append(text, "crashed");
		return;
	}
	if (a->up == b->up)
		g_string_append_printf(text, "conns=%u", a->up);
	else
		g_string_append_printf(text, "conns=%u on %s and %u on %s", a->up,
				       script->peers[state->peer[0]].name, b->up,
				       script->peers[state->peer[1]].name);
	version_words(text, a->version);
	if (b->version != a->version)
		version_words(text, b->version);
	if (by >= 0)
		g_string_append_printf(text, " initiator=%s", script->peers[state->peer[by]].name);
	else if (a->up)
		g_string_append(text, " initiator=both");
	for (int i = 0; i < 2; i++) {
		const char *name = script->peers[state->peer[i]].name;

		if (state->side[i].connecting || state->side[i].coming)
			g_string_append_printf(text, ", %s still connecting", name);
		if (state->side[i].waiting)
			g_string_append_printf(text, ", %zu messages wait on %s",
					       state->side[i].waiting, name);
	}
}

static void say_wanted(const struct zrace_state *state, const struct zrace_finally *finally,
		       const struct zrace_script *script, GString *why)
{
	g_string_append_printf(why, "expected finally between %s and %s",
			       script->peers[state->peer[0]].name,
			       script->peers[state->peer[1]].name);
	if (finally->conns >= 0)
		g_string_append_printf(why, " conns=%d", finally->conns);
	version_words(why, finally->version);
	if (finally->initiator == ZRACE_INITIATOR_HIGHER)
		g_string_append(why, " initiator=higher");
	else if (finally->initiator == ZRACE_INITIATOR_LOWER)
		g_string_append(why, " initiator=lower");
	else if (finally->initiator == ZRACE_INITIATOR_PEER)
		g_string_append_printf(why, " initiator=%s",
				       script->peers[finally->initiator_peer].name);
	if (!zrace_state_settled(state))
		g_string_append(why, " and nothing under way");
}

bool zrace_state_holds(const struct zrace_state *state, const struct zrace_finally *finally,
		       const struct zrace_script *script, GString *why)
{
	if (state->crashed)
		return true;
	bool conns = finally->conns < 0 || (unsigned)finally->conns == state->side[0].up;

	if (zrace_state_settled(state) && conns && version_holds(state, finally->version) &&
	    initiator_holds(state, finally))
		return true;
	if (why) {
		say_wanted(state, finally, script, why);
		g_string_append(why, ", got ");
		zrace_state_words(state, script, why);
	}
	return false;
}
