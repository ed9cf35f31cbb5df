/* SPDX-License-Identifier: MIT */
#include "scenarios/grammar.h"

#include <string.h>

static void complain_at(struct zrace_parser *p, struct zrace_pos pos, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void complain_at(struct zrace_parser *p, struct zrace_pos pos, const char *format, ...)
{
	const struct zrace_file *file = zrace_script_file(p->script, pos);
	const char *source = pos.line ? file->lines[pos.line - 1] : NULL;
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	zrace_errors_add(p->errors, file->name, pos, source, "%s", text);
	g_free(text);
}

static const char *variable(const struct zrace_case *one, const char *reference)
{
	size_t len = strlen(reference);

	if (len < 4 || reference[len - 1] != '}')
		return NULL;
	for (size_t i = 0; i < one->nvars; i++)
		if (strlen(one->vars[i].name) == len - 3 &&
		    strncmp(one->vars[i].name, reference + 2, len - 3) == 0)
			return one->vars[i].value;
	return NULL;
}

static const char *case_words(const struct zrace_case *one, const char *before)
{
	return one->name ? before : "";
}

static void resolve_nid(struct zrace_parser *p, struct zrace_case *one, size_t index)
{
	const struct zrace_peer *peer = &p->script->peers[index];
	const char *text = peer->nid;

	if (text == NULL)
		return; /* reported where it was missed */
	if (text[0] == '$')
		text = variable(one, peer->nid);
	if (text == NULL) {
		complain_at(p, peer->nid_pos, "expected a NID, got %s, which %s%s does not set",
			    peer->nid, one->name ? "case " : "the script, without a case,",
			    one->name ? one->name : "");
		return;
	}
	if (zcl_nid_parse(text, &one->nids[index]) != ZCL_OK ||
	    zcl_nid_net_type(one->nids[index]) != ZCL_NET_TCP) {
		complain_at(p, one->name ? one->pos : peer->nid_pos,
			    "expected a NID like 10.0.0.9@tcp for peer %s, got \"%s\"", peer->name,
			    text);
		return;
	}
	for (size_t i = 0; i < index && !peer->duplicate; i++)
		if (one->nids[i] == one->nids[index])
			complain_at(p, one->name ? one->pos : peer->nid_pos,
				    "expected another NID for peer %s, got %s, which is %s's%s%s",
				    peer->name, text, p->script->peers[i].name,
				    case_words(one, " in case "), one->name ? one->name : "");
}

static void resolve_remembers(struct zrace_parser *p, size_t index)
{
	struct zrace_peer *peer = &p->script->peers[index];

	for (size_t i = 0; i < peer->nremembers; i++) {
		struct zrace_remember *one = &peer->remembers[i];

		one->index = zrace_script_peer(p->script, one->peer);
		if (one->index == ZRACE_ANY_PEER || one->index == index)
			complain_at(p, one->pos, "expected another peer, got \"%s\"", one->peer);
	}
}

static void check_tuned(struct zrace_parser *p, const struct zrace_peer *peer)
{
	if (peer->tuned.min_reconnect > peer->tuned.max_reconnect)
		complain_at(
			p, peer->pos,
			"expected a min-reconnect of %s up to its max-reconnect, got a longer one",
			peer->name);
}

static uint64_t runs_of_case(const struct zrace_script *script, size_t index)
{
	uint64_t runs = script->seeds;

	for (guint i = 0; i < script->varies->len; i++) {
		const struct zrace_vary *vary =
			&g_array_index(script->varies, struct zrace_vary, i);

		if (vary->cases >> index & 1)
			runs += (uint64_t)((vary->to - vary->from) / vary->step) + 1;
	}
	return runs;
}

/* Each is bounded by itself; their product is what somebody waits for. */
static void check_runs(struct zrace_parser *p)
{
	const struct zrace_pos nowhere = {0};
	uint64_t runs = 0;

	for (size_t i = 0; i < p->script->ncases; i++)
		runs += runs_of_case(p->script, i);
	if (runs > ZRACE_MAX_RUNS)
		complain_at(p, nowhere,
			    "expected at most %u runs, got %" G_GUINT64_FORMAT
			    ": fewer cases, seeds or steps of vary",
			    ZRACE_MAX_RUNS, runs);
}

static void check_actions(struct zrace_parser *p)
{
	const struct zrace_script *script = p->script;
	const size_t pairs = script->npeers * script->npeers;
	size_t actions = 0, payload = 0;

	for (guint i = 0; i < script->statements->len; i++) {
		const struct zrace_statement *one = g_ptr_array_index(script->statements, i);
		const struct zrace_action *action = &one->action;
		const bool all =
			action->kind == ZRACE_DO_CONNECT_ALL || action->kind == ZRACE_DO_HOLD_ALL;

		actions += all ? pairs : 1;
		payload += action->size;
		if (actions > ZRACE_MAX_ACTIONS) {
			complain_at(p, one->pos, "expected at most %u actions, got more",
				    ZRACE_MAX_ACTIONS);
			return;
		}
		if (payload > ZRACE_MAX_PAYLOAD) {
			complain_at(p, one->pos,
				    "expected at most %zu MiB in all puts and gets, got more",
				    ZRACE_MAX_PAYLOAD >> 20);
			return;
		}
	}
}

void zrace_check_script(struct zrace_parser *p, bool readable)
{
	struct zrace_script *script = p->script;
	struct zrace_pos nowhere = {0};

	if (script->npeers < 2 && readable)
		complain_at(p, nowhere, "expected at least two peers, got %zu", script->npeers);
	if (script->ncases == 0)
		script->ncases = 1; /* all zero: without a name */
	check_runs(p);
	check_actions(p);
	for (size_t i = 0; i < script->npeers; i++) {
		resolve_remembers(p, i);
		check_tuned(p, &script->peers[i]);
		for (size_t c = 0; c < script->ncases; c++)
			resolve_nid(p, &script->cases[c], i);
	}
}
