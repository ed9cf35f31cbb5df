/* SPDX-License-Identifier: MIT */
#include "scenarios/grammar.h"

#include <string.h>

#include "scenarios/tunable.h"
#include "scenarios/value.h"

bool zrace_read_title(struct zrace_parser *p)
{
	if (p->script->title)
		return zrace_complain(p, zrace_line_start(p),
				      "expected one title, got a second one");
	if (zrace_peek(p, 0)->kind != ZRACE_STRING)
		return zrace_expected(p, "a title in quotes");
	p->script->title = g_strdup(zrace_take(p)->text);
	return true;
}

static bool read_remember(struct zrace_parser *p, struct zrace_peer *peer)
{
	struct zrace_remember one = {.pos = zrace_here(p)};

	if (peer->nremembers == ZRACE_MAX_REMEMBERS)
		return zrace_expected(p, "at most %u remembered peers", ZRACE_MAX_REMEMBERS);
	if (!zrace_need_name(p, "the name of a peer", &one.peer))
		return false;
	if (!zrace_need_char(p, '=') || !zrace_need_version(p, &one.version)) {
		g_free(one.peer);
		return false;
	}
	peer->remembers[peer->nremembers++] = one;
	return true;
}

static bool read_refuses(struct zrace_parser *p, struct zrace_peer *peer)
{
	if (zrace_accept(p, "reply"))
		peer->refuses = ZCL_REFUSE_REPLY;
	else if (zrace_accept(p, "abort"))
		peer->refuses = ZCL_REFUSE_ABORT;
	else
		return zrace_expected(p, "\"reply\" or \"abort\"");
	return true;
}

static bool read_conns(struct zrace_parser *p, struct zrace_peer *peer)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	const bool number = token->kind == ZRACE_WORD && g_ascii_isdigit(token->text[0]);

	if (zrace_accept(p, "untyped")) {
		peer->typed = false;
		return true;
	}
	if (!number && !zrace_accept(p, "typed"))
		return zrace_expected(p, "\"typed\", \"untyped\" or a number");
	peer->typed = true;
	token = zrace_peek(p, 0);
	if (token->kind != ZRACE_WORD || !g_ascii_isdigit(token->text[0]))
		return true;
	return zrace_need_number(p, ZCL_MAX_BULK, &peer->tuned.conns_per_peer);
}

static bool read_tunable_value(struct zrace_parser *p, const struct zrace_tunable *tunable,
			       uint64_t *number, char *word)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	GString *words;

	if (token->kind == ZRACE_WORD && strlen(token->text) <= ZRACE_MAX_WORD &&
	    zrace_tunable_parse(tunable, token->text, number)) {
		if (word)
			g_strlcpy(word, token->text, ZRACE_MAX_WORD + 1);
		zrace_take(p);
		return true;
	}
	words = g_string_new(NULL);
	zrace_tunable_words(tunable, words);
	zrace_expected(p, "%s", words->str);
	g_string_free(words, TRUE);
	return false;
}

bool zrace_read_tunable(struct zrace_parser *p, const struct zrace_tunable **tunable,
			uint64_t *number, char *word)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	GString *names;

	*tunable = token->kind == ZRACE_WORD ? zrace_tunable_find(token->text) : NULL;
	if (*tunable) {
		zrace_take(p);
		return read_tunable_value(p, *tunable, number, word);
	}
	names = g_string_new(NULL);
	zrace_tunable_names(names);
	zrace_expected(p, "a tunable (%s)", names->str);
	g_string_free(names, TRUE);
	return false;
}

static bool read_set(struct zrace_parser *p, struct zrace_peer *peer)
{
	const struct zrace_tunable *tunable;
	uint64_t number;

	if (!zrace_read_tunable(p, &tunable, &number, NULL))
		return false;
	zrace_tunable_set(tunable, number, &peer->tuned);
	return true;
}

#define ZRACE_NUMBER "${i}" /* in the NID of `peers` */

/* How a NID is written that is known later: of a case, or with the number of one of many. */
static bool is_nid_to_be(const char *text)
{
	return g_str_has_prefix(text, "${") || strstr(text, ZRACE_NUMBER) != NULL;
}

static bool read_nid(struct zrace_parser *p, struct zrace_peer *peer)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	zcl_nid nid;

	if (token->kind != ZRACE_WORD ||
	    (!is_nid_to_be(token->text) && zcl_nid_parse(token->text, &nid) != ZCL_OK))
		return zrace_expected(p, "a NID (10.0.0.9@tcp) or a case's variable (${N})");
	peer->nid_pos = zrace_here(p);
	g_free(peer->nid);
	peer->nid = g_strdup(zrace_take(p)->text);
	return true;
}

/* One that nobody speaks here yet is told from the first 8 bytes of its HELLO. */
static bool read_speaks(struct zrace_parser *p, struct zrace_peer *peer)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	uint64_t version;

	if (token->kind != ZRACE_WORD || token->text[0] != 'v' ||
	    !zrace_parse_count(token->text + 1, ZCL_V1, ZRACE_MAX_VERSION, &version))
		return zrace_expected(p, "a version (v1, v2, or v3 to v%u to call with)",
				      ZRACE_MAX_VERSION);
	zrace_take(p);
	peer->version = (uint32_t)version;
	return true;
}

static bool read_peer_option(struct zrace_parser *p, struct zrace_peer *peer)
{
	if (zrace_accept(p, "nid"))
		return read_nid(p, peer);
	if (zrace_accept(p, "speaks"))
		return read_speaks(p, peer);
	if (zrace_accept(p, "refuses"))
		return read_refuses(p, peer);
	if (zrace_accept(p, "remembers"))
		return read_remember(p, peer);
	if (zrace_accept(p, "conns"))
		return read_conns(p, peer);
	if (zrace_accept(p, "set"))
		return read_set(p, peer);
	if (zrace_accept(p, "duplicate")) {
		peer->duplicate = true;
		return true;
	}
	return zrace_expected(p, "nid, speaks, refuses, remembers, conns, duplicate or set");
}

/* Adds a peer with nothing but its name, which becomes the script's. */
static bool add_peer(struct zrace_parser *p, struct zrace_pos pos, char *name)
{
	struct zrace_script *script = p->script;
	const bool known = zrace_script_peer(script, name) != ZRACE_ANY_PEER;

	if (known || script->npeers == ZRACE_MAX_PEERS) {
		if (known)
			zrace_complain(p, pos, "expected a new name, got \"%s\" again", name);
		else
			zrace_complain(p, pos, "expected at most %u peers, got one more",
				       ZRACE_MAX_PEERS);
		g_free(name);
		return NULL;
	}
	script->peers[script->npeers] = (struct zrace_peer){
		.name = name, .pos = pos, .version = ZCL_V2, .refuses = ZCL_REFUSE_REPLY};
	zcl_config_init(&script->peers[script->npeers].tuned);
	/* From here it exists: a mistake further on must not make every later line a mistake. */
	script->npeers++;
	return true;
}

static bool read_peer_options(struct zrace_parser *p, struct zrace_peer *peer)
{
	while (zrace_peek(p, 0)->kind != ZRACE_END)
		if (!read_peer_option(p, peer))
			return false;
	return peer->nid || zrace_expected(p, "\"nid\"");
}

bool zrace_read_peer(struct zrace_parser *p)
{
	struct zrace_pos pos = zrace_here(p);
	char *name;

	return zrace_need_name(p, "the name of a peer", &name) && add_peer(p, pos, name) &&
	       read_peer_options(p, &p->script->peers[p->script->npeers - 1]);
}

static char *numbered(const char *text, unsigned number)
{
	char **parts = g_strsplit(text, ZRACE_NUMBER, -1);
	char *decimal = g_strdup_printf("%u", number);
	char *joined = g_strjoinv(decimal, parts);

	g_strfreev(parts);
	g_free(decimal);
	return joined;
}

/* Another peer like `like`, whose NID still has the place of the number. */
static bool add_alike(struct zrace_parser *p, const struct zrace_peer *like, const char *prefix,
		      unsigned number)
{
	char *name = g_strdup_printf("%s%u", prefix, number);
	struct zrace_peer *peer = &p->script->peers[p->script->npeers];

	if (!add_peer(p, like->pos, name))
		return false;
	*peer = *like;
	peer->name = name;
	peer->nid = numbered(like->nid, number);
	for (size_t i = 0; i < peer->nremembers; i++)
		peer->remembers[i].peer = g_strdup(like->remembers[i].peer);
	return true;
}

bool zrace_read_peers(struct zrace_parser *p)
{
	struct zrace_pos pos = zrace_here(p);
	unsigned first, last;
	struct zrace_peer *peer;
	char *prefix, *nid;
	bool good = false;

	if (!zrace_need_name(p, "how their names begin", &prefix))
		return false;
	if (zrace_need_numbers(p, 0, UINT8_MAX, &first, &last) &&
	    add_peer(p, pos, g_strdup_printf("%s%u", prefix, first))) {
		peer = &p->script->peers[p->script->npeers - 1];
		good = read_peer_options(p, peer);
		if (good && strstr(peer->nid, ZRACE_NUMBER) == NULL && first != last)
			good = zrace_complain(p, peer->nid_pos,
					      "expected a NID with " ZRACE_NUMBER ", got %s",
					      peer->nid);
		for (unsigned i = first + 1; good && i <= last; i++)
			good = add_alike(p, peer, prefix, i);
		if (peer->nid != NULL) {
			nid = numbered(peer->nid, first);
			g_free(peer->nid);
			peer->nid = nid;
		}
	}
	g_free(prefix);
	return good;
}

static bool read_var(struct zrace_parser *p, struct zrace_case *one)
{
	struct zrace_var *var = &one->vars[one->nvars];
	struct zrace_pos pos = zrace_here(p);

	if (one->nvars == ZRACE_MAX_VARS)
		return zrace_expected(p, "at most %u variables", ZRACE_MAX_VARS);
	if (!zrace_need_name(p, "a variable", &var->name))
		return false;
	one->nvars++;
	for (size_t i = 0; i + 1 < one->nvars; i++)
		if (strcmp(one->vars[i].name, var->name) == 0)
			return zrace_complain(p, pos, "expected a new variable, got \"%s\" again",
					      var->name);
	if (!zrace_need_char(p, '='))
		return false;
	if (zrace_peek(p, 0)->kind != ZRACE_WORD)
		return zrace_expected(p, "the value of %s", var->name);
	var->value = g_strdup(zrace_take(p)->text);
	return true;
}

bool zrace_read_case(struct zrace_parser *p)
{
	struct zrace_script *script = p->script;
	struct zrace_case *one = &script->cases[script->ncases];
	struct zrace_pos pos = zrace_here(p);
	char *name;

	if (script->ncases == ZRACE_MAX_CASES)
		return zrace_expected(p, "at most %u cases", ZRACE_MAX_CASES);
	if (!zrace_need_name(p, "the name of a case", &name))
		return false;
	if (zrace_script_case(script, name) >= 0) {
		zrace_complain(p, pos, "expected a new name, got \"%s\" again", name);
		g_free(name);
		return false;
	}
	*one = (struct zrace_case){.name = name, .pos = pos};
	script->ncases++;
	while (zrace_peek(p, 0)->kind != ZRACE_END)
		if (!read_var(p, one))
			return false;
	return true;
}

static bool read_link_option(struct zrace_parser *p, struct zworld_link *shape)
{
	const struct zrace_token *value = zrace_peek(p, 1);
	const char *text = value->kind == ZRACE_WORD ? value->text : "";

	if (zrace_accept(p, "latency"))
		return zrace_need_time(p, &shape->latency);
	if (zrace_accept(p, "jitter"))
		return zrace_need_time(p, &shape->jitter);
	if (zrace_accept(p, "queue"))
		return zrace_need_number(p, ZRACE_MAX_QUEUE, &shape->queue);
	if (zrace_accept(p, "bandwidth")) {
		if (!zrace_parse_bandwidth(text, &shape->bandwidth))
			return zrace_expected(p, "a bandwidth (10Gbps, 100Mbps)");
	} else if (zrace_accept(p, "loss")) {
		if (!zrace_parse_percent(text, &shape->loss))
			return zrace_expected(p, "a part of the packets (1%%, 0.5%%)");
	} else {
		return zrace_expected(p, "latency, jitter, bandwidth, loss or queue");
	}
	zrace_take(p);
	return true;
}

bool zrace_read_link(struct zrace_parser *p)
{
	struct zrace_link link = {.pos = zrace_line_start(p)};

	if (!zrace_need_peer(p, &link.a) || !zrace_need_other(p, link.a, &link.b))
		return false;
	while (zrace_peek(p, 0)->kind != ZRACE_END)
		if (!read_link_option(p, &link.shape))
			return false;
	g_array_append_val(p->script->links, link);
	return true;
}

bool zrace_read_repeat(struct zrace_parser *p)
{
	const struct zrace_token *token = zrace_peek(p, 0);
	uint64_t seeds;

	if (token->kind != ZRACE_WORD ||
	    !zrace_parse_count(token->text, 1, ZRACE_MAX_SEEDS, &seeds))
		return zrace_expected(p, "a number of seeds from 1 to %u", ZRACE_MAX_SEEDS);
	zrace_take(p);
	p->script->seeds = (unsigned)seeds;
	return zrace_need(p, "seeds");
}
