/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "real/cli.h"

/* From texts to what the library takes. */

#define MAX_STORE ((guint64)1 << 32)
#define MAX_CONNS 64

bool zcli_wrong(const struct zcli_texts *texts, enum zcli_key key, const char *expected)
{
	zcli_complain("%s '%s': expected %s", texts->where[key], texts->value[key], expected);
	return false;
}

/* ---- values; a key that nobody set leaves its value alone ---------------------------- */

static bool nid(const struct zcli_texts *t, zclnd_nid *to)
{
	if (!t->value[ZCLI_NID] || zclnd_nid_parse(t->value[ZCLI_NID], to) == ZCLND_OK)
		return true;
	return zcli_wrong(t, ZCLI_NID, "a NID like 10.0.0.9@tcp");
}

static bool listens_at(const struct zcli_texts *t, struct sockaddr_in *to)
{
	if (!t->value[ZCLI_LISTEN] || zclnd_addr_parse(t->value[ZCLI_LISTEN], to) == ZCLND_OK)
		return true;
	return zcli_wrong(t, ZCLI_LISTEN, "ADDR:PORT like 10.0.0.9:988");
}

static bool accepts(const struct zcli_texts *t, enum zclnd_accept *to)
{
	const char *text = t->value[ZCLI_ACCEPT];

	if (!text)
		return true;
	if (strcmp(text, "all") && strcmp(text, "secure"))
		return zcli_wrong(t, ZCLI_ACCEPT, "all or secure");
	*to = !strcmp(text, "all") ? ZCLND_ACCEPT_ALL : ZCLND_ACCEPT_SECURE;
	return true;
}

static bool reserved_ports(const struct zcli_texts *t, enum zclnd_reserved *to)
{
	static const char *const names[ZCLND_RESERVED_LAST] = {
		[ZCLND_RESERVED_AUTO] = "auto",
		[ZCLND_RESERVED_ALWAYS] = "always",
		[ZCLND_RESERVED_NEVER] = "never",
	};
	const char *text = t->value[ZCLI_RESERVED_PORTS];

	for (unsigned i = 0; text && i < G_N_ELEMENTS(names); i++) {
		if (strcmp(text, names[i]))
			continue;
		*to = (enum zclnd_reserved)i;
		return true;
	}
	return !text || zcli_wrong(t, ZCLI_RESERVED_PORTS, "auto, always or never");
}

static bool speaks(const struct zcli_texts *t, unsigned *to)
{
	const char *text = t->value[ZCLI_SPEAKS];

	if (!text)
		return true;
	if (strcmp(text, "v1") && strcmp(text, "v2"))
		return zcli_wrong(t, ZCLI_SPEAKS, "v1 or v2");
	*to = text[1] == '1' ? 1 : 2;
	return true;
}

static bool way(const struct zcli_texts *t, enum zclnd_way *to)
{
	if (!t->value[ZCLI_WAY] || zclnd_way_parse(t->value[ZCLI_WAY], to) == ZCLND_OK)
		return true;
	return zcli_wrong(t, ZCLI_WAY, "copy, zerocopy, splice or auto");
}

static bool flag(const struct zcli_texts *t, enum zcli_key key)
{
	return t->value[key] && !strcmp(t->value[key], "true");
}

static bool number(const struct zcli_texts *t, enum zcli_key key, guint64 least, guint64 most,
		   const char *expected, guint64 *to)
{
	if (!t->value[key] || g_ascii_string_to_unsigned(t->value[key], 10, least, most, to, NULL))
		return true;
	return zcli_wrong(t, key, expected);
}

static bool seconds(const struct zcli_texts *t, enum zcli_key key, int64_t *ns)
{
	const char *text = t->value[key];
	char *end = NULL;
	double value;

	if (!text)
		return true;
	value = g_ascii_strtod(text, &end);
	if (end == text || *end || !(value >= 0.001) || value > 86400)
		return zcli_wrong(t, key, "seconds like 2.5, 0.001 to 86400");
	*ns = (int64_t)(value * 1e9);
	return true;
}

static bool peer(const char *where, const char *text, GArray *to)
{
	const char *equals = strchr(text, '=');
	struct zcli_peer at = {.address = {.sin_family = AF_INET, .sin_port = htons(ZCLND_PORT)}};
	char *name = equals ? g_strndup(text, (gsize)(equals - text)) : NULL;
	bool good;

	good = name && zclnd_nid_parse(name, &at.nid) == ZCLND_OK &&
	       zclnd_addr_parse(equals + 1, &at.address) == ZCLND_OK &&
	       at.address.sin_addr.s_addr != INADDR_ANY && at.address.sin_port != 0;
	g_free(name);
	if (good)
		g_array_append_val(to, at);
	else
		zcli_complain("%s '%s': expected NID=ADDR:PORT like 10.0.0.9@tcp=127.0.0.1:9988",
			      where, text);
	return good;
}

/* ---- an NI -------------------------------------------------------------------------- */

static void ni_free(void *data)
{
	struct zcli_ni *ni = data;

	g_free(ni->name);
	g_array_unref(ni->peers);
	g_free(ni);
}

static bool fill_limits(struct zclnd_ni_options *to, const struct zcli_texts *t)
{
	guint64 answers = to->max_answers, bytes = to->max_answer_bytes;
	const bool good =
		number(t, ZCLI_MAX_ANSWERS, 1, G_MAXUINT32, "a number, at least 1", &answers) &&
		number(t, ZCLI_MAX_ANSWER_BYTES, 1, G_MAXINT64, "a number of bytes, at least 1",
		       &bytes);

	to->max_answers = (size_t)answers;
	to->max_answer_bytes = (size_t)bytes;
	return good;
}

static bool fill_ni(struct zcli_ni *ni, const struct zcli_texts *t)
{
	struct zclnd_ni_options *to = &ni->options;
	guint64 zc_min = to->zc_min, keepalive = to->keepalive, conns = to->conns_per_peer;
	const bool good =
		accepts(t, &to->accept) && speaks(t, &to->version) && way(t, &to->way) &&
		number(t, ZCLI_ZC_MIN, 1, G_MAXUINT32, "a number of bytes, at least 1", &zc_min) &&
		seconds(t, ZCLI_ACCEPT_TIMEOUT, &to->accept_timeout) &&
		seconds(t, ZCLI_SOCKET_TIMEOUT, &to->socket_timeout) &&
		number(t, ZCLI_CONNS_PER_PEER, 1, MAX_CONNS, "a number, 1 to 64", &conns) &&
		number(t, ZCLI_KEEPALIVE, 0, 32767, "whole seconds, 0 to 32767", &keepalive) &&
		reserved_ports(t, &to->reserved) && fill_limits(to, t) &&
		listens_at(t, &to->listen);

	to->zc_min = (size_t)zc_min;
	to->keepalive = (unsigned)keepalive;
	to->conns_per_peer = (unsigned)conns;
	to->typed = !flag(t, ZCLI_UNTYPED);
	to->checksum = flag(t, ZCLI_CHECKSUM);
	return good;
}

static bool add_ni(struct zcli_setup *setup, const char *name, const struct zcli_texts *t,
		   zclnd_nid own)
{
	struct zcli_ni *ni;

	if (!nid(t, &own))
		return false;
	for (guint i = 0; i < setup->nis->len; i++) {
		const struct zcli_ni *other = setup->nis->pdata[i];

		if (other->options.nid != own)
			continue;
		zcli_complain("[ni %s] and [ni %s] have the same NID", other->name, name);
		return false;
	}
	ni = g_new0(struct zcli_ni, 1);
	ni->name = g_strdup(name);
	ni->peers = g_array_new(FALSE, FALSE, sizeof(struct zcli_peer));
	zclnd_ni_options_init(&ni->options, own);
	g_ptr_array_add(setup->nis, ni);
	for (char **text = t->peers; text && *text; text++) {
		if (!peer(t->where[ZCLI_PEER], *text, ni->peers))
			return false;
	}
	return fill_ni(ni, t);
}

/* ---- all ---------------------------------------------------------------------------- */

/* What `to` does not say comes from `from`. */
static void complete(struct zcli_texts *to, const struct zcli_texts *from)
{
	for (enum zcli_key key = 0; key < ZCLI_KEYS; key++) {
		const bool silent = key == ZCLI_PEER ? !to->peers : !to->value[key];

		if (!silent)
			continue;
		g_free(to->where[key]);
		to->value[key] = g_strdup(from->value[key]);
		to->where[key] = g_strdup(from->where[key]);
		if (key == ZCLI_PEER)
			to->peers = g_strdupv(from->peers);
	}
}

static bool fill_process(struct zcli_setup *setup, const struct zcli_texts *t)
{
	guint64 threads = 1, busy_poll = 0, store = 1 << 20;
	const bool good =
		number(t, ZCLI_THREADS, 1, ZCLND_MAX_THREADS, "a number, 1 to 64", &threads) &&
		number(t, ZCLI_BUSY_POLL, 0, 1000000, "microseconds, 0 to 1000000", &busy_poll) &&
		number(t, ZCLI_STORE_SIZE, 0, MAX_STORE, "a number of bytes, 0 to 4294967296",
		       &store) &&
		seconds(t, ZCLI_METRICS_EVERY, &setup->metrics_every);

	zclnd_options_init(&setup->options);
	setup->options.threads = (unsigned)threads;
	setup->options.busy_poll = (int64_t)busy_poll * 1000;
	setup->store_size = (size_t)store;
	setup->verbose = flag(t, ZCLI_VERBOSE);
	setup->metrics_file = g_strdup(t->value[ZCLI_METRICS_FILE]);
	return good;
}

static bool start_trace(struct zcli_setup *setup, const struct zcli *cli,
			const struct zcli_texts *t)
{
	zclnd_nid *nids = g_new(zclnd_nid, setup->nis->len);
	bool good;

	for (guint i = 0; i < setup->nis->len; i++)
		nids[i] = ((const struct zcli_ni *)setup->nis->pdata[i])->options.nid;
	setup->tracer =
		zcli_tracer_new(cli->program, t->value[ZCLI_TRACE], nids, setup->nis->len, &good);
	g_free(nids);
	for (guint i = 0; setup->tracer && i < setup->nis->len; i++) {
		struct zcli_ni *ni = setup->nis->pdata[i];

		ni->tracer = setup->tracer;
		ni->options.trace = zcli_trace;
		ni->options.trace_user = setup->tracer;
	}
	return good;
}

static bool fill(struct zcli_setup *setup, const struct zcli *cli, struct zcli_texts *node,
		 GPtrArray *nis, const GPtrArray *names, zclnd_nid own)
{
	struct zcli_texts all = {0};
	bool good;

	complete(&all, &cli->said);
	complete(&all, node);
	good = fill_process(setup, &all);
	if (good && nis->len == 0)
		good = add_ni(setup, NULL, &all, own);
	if (good && nis->len > 1 && cli->said.value[ZCLI_NID]) {
		zcli_complain("--nid: the configuration has several NIs with NIDs of their own");
		good = false;
	}
	for (guint i = 0; good && i < nis->len; i++) {
		struct zcli_texts one = {0};

		complete(&one, &cli->said);
		complete(&one, nis->pdata[i]);
		complete(&one, node);
		good = add_ni(setup, names->pdata[i], &one, own);
		zcli_texts_clear(&one);
	}
	good = good && (cli->check_config || start_trace(setup, cli, &all));
	zcli_texts_clear(&all);
	return good;
}

static void texts_free(void *data)
{
	zcli_texts_clear(data);
	g_free(data);
}

bool zcli_setup(const struct zcli *cli, zclnd_nid own_nid, struct zcli_setup *setup)
{
	GPtrArray *nis = g_ptr_array_new_with_free_func(texts_free);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	struct zcli_texts node = {0};
	bool good = true;

	*setup = (struct zcli_setup){.metrics_every = 10000000000};
	setup->nis = g_ptr_array_new_with_free_func(ni_free);
	if (cli->config)
		good = zcli_read_config(cli->config, &node, nis, names);
	good = good && fill(setup, cli, &node, nis, names, own_nid);
	zcli_texts_clear(&node);
	g_ptr_array_unref(nis);
	g_ptr_array_unref(names);
	if (!good)
		zcli_setup_clear(setup);
	return good;
}

void zcli_setup_clear(struct zcli_setup *setup)
{
	if (setup->nis)
		g_ptr_array_unref(setup->nis);
	g_free(setup->metrics_file);
	zcli_tracer_free(setup->tracer);
	zjournal_free(setup->journal);
	*setup = (struct zcli_setup){0};
}

struct zcli_ni *zcli_first(const struct zcli_setup *setup)
{
	return setup->nis->pdata[0];
}

/* ---- the journal -------------------------------------------------------------------- */

static void on_trace(void *user, const struct zclnd_trace *trace)
{
	const struct zcli_ni *ni = user;

	zjournal_trace(ni->journal, trace);
	if (ni->tracer)
		zcli_trace(ni->tracer, trace);
}

static void on_note(void *user, enum zclnd_note note, const struct sockaddr_in *addr)
{
	const struct zcli_ni *ni = user;

	zjournal_note(ni->journal, note, addr);
}

void zcli_journal(struct zcli_setup *setup, bool dated)
{
	const struct zjournal_options options = {
		.to = stderr, .verbose = setup->verbose, .stamps = dated};

	setup->journal = zjournal_new(&options);
	for (guint i = 0; i < setup->nis->len; i++) {
		struct zcli_ni *ni = setup->nis->pdata[i];

		ni->journal = setup->journal;
		ni->options.trace = on_trace;
		ni->options.trace_conns_only = ni->tracer == NULL;
		ni->options.trace_user = ni;
		ni->options.note = on_note;
		ni->options.user = ni;
	}
}

/* ---- opening ------------------------------------------------------------------------ */

struct zclnd *zcli_open(const struct zcli_setup *setup)
{
	struct zclnd_error error;
	struct zclnd *z = zclnd_new(&setup->options, &error);

	if (!z)
		zcli_complain("%s", error.text);
	return z;
}

struct zclnd_ni *zcli_open_ni(struct zclnd *z, const struct zcli_ni *ni)
{
	struct zclnd_error error;
	struct zclnd_ni *opened = zclnd_ni_new(z, &ni->options, &error);

	if (!opened) {
		zcli_complain("%s%s%s", ni->name ? ni->name : "", ni->name ? ": " : "", error.text);
		return NULL;
	}
	for (guint i = 0; i < ni->peers->len; i++) {
		const struct zcli_peer *at = &g_array_index(ni->peers, struct zcli_peer, i);

		zclnd_peer_set(opened, at->nid, &at->address);
	}
	return opened;
}

bool zcli_start(struct zclnd *z)
{
	struct zclnd_error error;

	if (zclnd_start(z, &error) == ZCLND_OK)
		return true;
	zcli_complain("%s", error.text);
	return false;
}
