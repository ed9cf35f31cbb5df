/* SPDX-License-Identifier: MIT */
#include "scenarios/ast.h"

#include <string.h>

static void pattern_clear(struct zrace_pattern *pattern)
{
	for (size_t i = 0; i < pattern->nfields; i++)
		g_free(pattern->fields[i].value);
}

static void statement_free(gpointer data)
{
	struct zrace_statement *statement = data;

	pattern_clear(&statement->pattern);
	pattern_clear(&statement->second);
	g_free(statement);
}

static void file_free(gpointer data)
{
	struct zrace_file *file = data;

	g_free(file->name);
	g_strfreev(file->lines);
	g_free(file);
}

struct zrace_script *zrace_script_new(const char *file)
{
	struct zrace_script *script = g_new0(struct zrace_script, 1);

	script->file = g_strdup(file);
	script->seeds = 1;
	script->files = g_ptr_array_new_with_free_func(file_free);
	script->links = g_array_new(FALSE, TRUE, sizeof(struct zrace_link));
	script->statements = g_ptr_array_new_with_free_func(statement_free);
	script->varies = g_array_new(FALSE, TRUE, sizeof(struct zrace_vary));
	return script;
}

static void peer_clear(struct zrace_peer *peer)
{
	g_free(peer->name);
	g_free(peer->nid);
	for (size_t i = 0; i < peer->nremembers; i++)
		g_free(peer->remembers[i].peer);
}

static void case_clear(struct zrace_case *one)
{
	g_free(one->name);
	for (size_t i = 0; i < one->nvars; i++) {
		g_free(one->vars[i].name);
		g_free(one->vars[i].value);
	}
}

void zrace_script_free(struct zrace_script *script)
{
	if (script == NULL)
		return;
	for (size_t i = 0; i < script->npeers; i++)
		peer_clear(&script->peers[i]);
	for (size_t i = 0; i < script->ncases; i++)
		case_clear(&script->cases[i]);
	g_array_unref(script->links);
	g_ptr_array_unref(script->statements);
	g_array_unref(script->varies);
	g_ptr_array_unref(script->files);
	g_free(script->title);
	g_free(script->file);
	g_free(script);
}

const struct zrace_file *zrace_script_file(const struct zrace_script *script, struct zrace_pos pos)
{
	return g_ptr_array_index(script->files, pos.file);
}

void zrace_peer_config(const struct zrace_script *script, size_t case_index, size_t peer,
		       struct zcl_config *config)
{
	const struct zrace_peer *one = &script->peers[peer];

	*config = one->tuned;
	config->nid = script->cases[case_index].nids[peer];
	zrace_config_speak(config, one->version);
	config->refuses = one->refuses;
	config->typed = one->typed;
}

void zrace_config_speak(struct zcl_config *config, uint32_t version)
{
	const bool spoken = version <= ZCL_V2;

	config->max_version = spoken ? version : ZCL_V2;
	config->calls_as = spoken ? 0 : version;
}

bool zrace_action_has_peer(const struct zrace_action *action)
{
	return action->kind <= ZRACE_DO_DOWNGRADE;
}

bool zrace_action_has_other(const struct zrace_action *action)
{
	return action->kind <= ZRACE_DO_HEAL;
}

bool zrace_action_connects(const struct zrace_action *action)
{
	return action->kind <= ZRACE_DO_PING;
}

bool zrace_action_restarts(const struct zrace_action *action)
{
	return action->kind >= ZRACE_DO_RESTART && action->kind <= ZRACE_DO_DOWNGRADE;
}

bool zrace_script_is_plain(const struct zrace_script *script)
{
	for (guint i = 0; i < script->statements->len; i++) {
		const struct zrace_statement *statement = g_ptr_array_index(script->statements, i);
		const enum zrace_action_kind kind = statement->action.kind;

		if (statement->kind >= ZRACE_EXPECT && statement->kind <= ZRACE_FINALLY)
			continue;
		if (statement->kind != ZRACE_AT && statement->kind != ZRACE_WHEN)
			return false;
		if (kind > ZRACE_DO_DISCONNECT && kind != ZRACE_DO_CONNECT_ALL)
			return false;
	}
	for (guint i = 0; i < script->varies->len; i++)
		if (g_array_index(script->varies, struct zrace_vary, i).lose)
			return false;
	return script->links->len == 0;
}

unsigned zrace_script_peer(const struct zrace_script *script, const char *name)
{
	for (size_t i = 0; i < script->npeers; i++)
		if (strcmp(script->peers[i].name, name) == 0)
			return (unsigned)i;
	return ZRACE_ANY_PEER;
}

int zrace_script_case(const struct zrace_script *script, const char *name)
{
	for (size_t i = 0; i < script->ncases; i++)
		if (script->cases[i].name && strcmp(script->cases[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool zrace_statement_counts(const struct zrace_statement *statement, size_t case_index, int vary)
{
	if (!(statement->cases >> case_index & 1))
		return false;
	return statement->vary == vary || statement->kind == ZRACE_AT;
}

static const struct zrace_statement *find_finally(const struct zrace_script *script,
						  size_t case_index, int vary)
{
	const struct zrace_statement *found = NULL;

	for (guint i = 0; i < script->statements->len; i++) {
		const struct zrace_statement *one = g_ptr_array_index(script->statements, i);

		if (one->kind != ZRACE_FINALLY || !zrace_statement_counts(one, case_index, vary))
			continue;
		/* The one that names the case beats the one for all. */
		if (found == NULL || found->cases == UINT64_MAX)
			found = one;
	}
	return found;
}

struct zrace_finally zrace_script_finally(const struct zrace_script *script, size_t case_index,
					  int vary, struct zrace_pos *pos)
{
	const struct zrace_statement *own = find_finally(script, case_index, vary);
	const struct zrace_statement *base = find_finally(script, case_index, ZRACE_BASE_RUN);
	struct zrace_finally finally = {.conns = -1};

	*pos = (struct zrace_pos){0};
	if (own) {
		finally = own->finally;
		*pos = own->pos;
	}
	if (finally.within == 0 && base)
		finally.within = base->finally.within;
	if (finally.within == 0)
		finally.within = ZRACE_DEFAULT_WITHIN;
	return finally;
}
