/* SPDX-License-Identifier: MIT */
#include "sim/explore_model.h"

#define SMALL 16u  /* bytes: below min_bulk with its headers */
#define BULK  192u /* bytes: from min_bulk up, and below zc_min_payload */

static const struct {
	const char *name, *text;
} properties[ZX_PROPERTIES] = {
	[ZX_ONE_CONN] = {"exactly-one-conn-per-type",
			 "both sides have the same connections, one of each type, same version"},
	[ZX_INITIATOR] = {"initiator-is-higher", "who is calling accepts no call from a lower NID"},
	[ZX_ONE_INCARNATION] = {"one-incarnation",
				"all connections with a peer are with one start of it"},
	[ZX_ENDS_ONCE] = {"every-message-ends-once", "each put and ping has one final event"},
	[ZX_DELIVERED_ONCE] = {"delivered-once",
			       "what was acknowledged was delivered, and nothing twice"},
	[ZX_EARLY_RELEASE] = {"early-release",
			      "no zero-copy buffer goes back before the peer has all of it"},
	[ZX_EARLY_ACK] = {"early-ack", "no ZC-ACK is queued before the payload is there"},
	[ZX_COOKIE_ONCE] = {"cookie-once", "no ZC request has the cookie of another one"},
	[ZX_NEEDLESS_FAILURE] =
		{"needless-failure",
		 "while nothing is reset, restarted or late, no message and no attempt fails"},
	[ZX_BOUNDED_RETRIES] = {"bounded-retries",
				"a peer is not called over and over without a connection"},
	[ZX_LEFT_CONNECTING] = {"nothing-left-connecting",
				"at the end nothing is connecting, nothing waits"},
	[ZX_PROTOCOL_ERROR] = {"protocol-error", "no node finds fault with what another sent"},
	[ZX_ASSERT] = {"assert", "no assertion of the core fails"},
};

const char *zx_property_name(enum zx_property property)
{
	return properties[property].name;
}

const char *zx_property_text(enum zx_property property)
{
	return properties[property].text;
}

/* The sizes that differ for the core: small, bulk, zero-copy. By the sender's own limits. */
static size_t explored_size(size_t size, const struct zcl_config *limits)
{
	if (size >= limits->zc_min_payload && size > 0)
		return ZX_MIN_ZC;
	if (size + ZCL_MSG_HDR_SIZE >= limits->min_bulk)
		return BULK;
	return MIN(size, SMALL);
}

static bool forces_order(enum zrace_action_kind kind)
{
	return kind == ZRACE_DO_HOLD || kind == ZRACE_DO_HOLD_ALL || kind == ZRACE_DO_RELEASE ||
	       kind == ZRACE_DO_RELEASE_ALL || kind == ZRACE_DO_PASS;
}

static bool add_deed(struct zx_model *model, const struct zrace_statement *statement,
		     const char **why)
{
	const struct zrace_action *action = &statement->action;

	if (forces_order(action->kind)) {
		model->unforced = true;
		return true;
	}
	if (action->kind != ZRACE_DO_CONNECT && action->kind != ZRACE_DO_PUT &&
	    action->kind != ZRACE_DO_PING) {
		*why = "it does something else than connect, put and ping";
		return false;
	}
	if (model->ndeeds == ZX_MAX_DEEDS) {
		*why = "it does more than 32 things";
		return false;
	}
	model->deeds[model->ndeeds++] = (struct zx_deed){
		.statement = statement,
		.kind = action->kind,
		.peer = action->peer,
		.other = action->other,
		.size = explored_size(action->size, &model->script->peers[action->peer].tuned)};
	return true;
}

static bool add_statement(struct zx_model *model, const struct zrace_statement *statement,
			  const char **why)
{
	switch (statement->kind) {
	case ZRACE_AT:
	case ZRACE_THEN:
		return add_deed(model, statement, why);
	case ZRACE_WHEN:
	case ZRACE_WHEN_HELD:
	case ZRACE_WHEN_ALL:
		model->unforced = true;
		if (forces_order(statement->action.kind))
			return true;
		*why = "it does something `when` something happens: explored is what is done `at` "
		       "a time or `then`, whenever that is";
		return false;
	default: /* what must come of one order */
		model->unforced |= statement->kind != ZRACE_FINALLY;
		return true;
	}
}

static bool has_duplicates(const struct zx_model *model)
{
	for (size_t i = 0; i < model->npeers; i++)
		for (size_t j = 0; j < i; j++)
			if (model->nids[i] == model->nids[j])
				return true;
	return false;
}

bool zx_model_init(struct zx_model *model, const struct zrace_script *script, size_t case_index,
		   const struct zx_options *options, const char **why)
{
	*model = (struct zx_model){.script = script,
				   .case_index = case_index,
				   .options = *options,
				   .npeers = script->npeers};
	if (script->npeers > ZX_MAX_NODES) {
		*why = "it has more than 8 peers";
		return false;
	}
	for (size_t i = 0; i < script->npeers; i++) {
		model->nids[i] = script->cases[case_index].nids[i];
		if (script->peers[i].tuned.conns_per_peer > 1) {
			*why = "it has a peer with more than one connection of a type";
			return false;
		}
	}
	if (has_duplicates(model)) {
		*why = "two of its peers have one NID";
		return false;
	}
	for (guint i = 0; i < script->statements->len; i++) {
		const struct zrace_statement *one = g_ptr_array_index(script->statements, i);

		if (zrace_statement_counts(one, case_index, ZRACE_BASE_RUN) &&
		    !add_statement(model, one, why))
			return false;
	}
	return true;
}

struct zcl_config zx_model_config(const struct zx_model *model, unsigned peer, uint32_t restarts)
{
	struct zcl_config config;

	zrace_peer_config(model->script, model->case_index, peer, &config);
	config.incarnation = UINT64_C(0x10000) * (restarts + 1) + peer;
	/* Sizes are classes here: explored_size(). */
	config.min_bulk = ZX_MIN_BULK;
	config.zc_min_payload = ZX_MIN_ZC;
	config.faults = model->options.faults;
	return config;
}

unsigned zx_model_peer(const struct zx_model *model, zcl_nid nid)
{
	unsigned i = 0;

	while (i < model->npeers && model->nids[i] != nid)
		i++;
	return i < model->npeers ? i : ZX_MAX_NODES;
}
