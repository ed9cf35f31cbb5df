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

struct zrace_script *zrace_script_new(const char *file)
{
	struct zrace_script *script = g_new0(struct zrace_script, 1);

	script->file = g_strdup(file);
	script->seeds = 1;
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
	g_strfreev(script->lines);
	g_free(script->title);
	g_free(script->file);
	g_free(script);
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

	*pos = (struct zrace_pos){0, 0};
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
