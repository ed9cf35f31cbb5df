/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/cli.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void zcli_complain(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	fprintf(stderr, "zclnd: %s\n", text);
	g_free(text);
}

void zcli_trace(void *user, const struct zcl_event *event)
{
	char nid[ZCL_NID_STRLEN], peer[ZCL_NID_STRLEN], value[64];

	(void)user;
	fprintf(stderr, "%.6f %s %s %s", (double)event->time / 1e9,
		zcl_nid_format(event->self, nid, sizeof(nid)),
		zcl_nid_format(event->peer, peer, sizeof(peer)), zcl_event_name(event->kind));
	for (const char *const *field = zcl_event_fields(); *field; field++) {
		if (zcl_event_field(event, *field, value, sizeof(value)) && value[0])
			fprintf(stderr, " %s=%s", *field, value);
	}
	fputc('\n', stderr);
}

/* ---- parsing the command line ------------------------------------------------------- */

static void add_node_entries(GOptionGroup *group, struct zcli_node *n)
{
	const GOptionEntry entries[] = {
		{"nid", 0, 0, G_OPTION_ARG_STRING, &n->nid, "this node's NID, e.g. 10.0.0.9@tcp",
		 "NID"},
		{"from", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &n->nid, NULL, NULL},
		{"listen", 0, 0, G_OPTION_ARG_STRING, &n->listen,
		 "where to listen (default: the NID's address, port 988; port 0: any)",
		 "ADDR:PORT"},
		{"accept", 0, 0, G_OPTION_ARG_STRING, &n->accept,
		 "callers: all, or secure: from source ports below 1024 (default)", "RULE"},
		{"speaks", 0, 0, G_OPTION_ARG_STRING, &n->speaks,
		 "best protocol version: v1 or v2 (default)", "VERSION"},
		{"untyped", 0, 0, G_OPTION_ARG_NONE, &n->untyped,
		 "one connection per peer instead of CONTROL, BULK_IN, BULK_OUT", NULL},
		{"checksum", 0, 0, G_OPTION_ARG_NONE, &n->checksum, "send checksums (v2)", NULL},
		{"way", 0, 0, G_OPTION_ARG_STRING, &n->way,
		 "how bulk goes out: copy, zerocopy, splice or auto (default)", "WAY"},
		{"zc-min", 0, 0, G_OPTION_ARG_STRING, &n->zc_min,
		 "smallest payload sent zero-copy (default: 16384)", "BYTES"},
		{"accept-timeout", 0, 0, G_OPTION_ARG_STRING, &n->accept_timeout,
		 "for a caller to say who it is (default: 5)", "SECONDS"},
		{"socket-timeout", 0, 0, G_OPTION_ARG_STRING, &n->socket_timeout,
		 "without progress, or for a missing ZC-ACK (default: 50)", "SECONDS"},
		{"keepalive", 0, 0, G_OPTION_ARG_STRING, &n->keepalive,
		 "of silence, then TCP asks whether the peer is there (default: 30; 0: never)",
		 "SECONDS"},
		{"peer", 0, 0, G_OPTION_ARG_STRING_ARRAY, &n->peers,
		 "where a peer listens, instead of its NID's address, port 988; repeatable",
		 "NID=ADDR:PORT"},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &n->config,
		 "file with these options as keys of the group [node]", "FILE"},
		{"trace", 0, 0, G_OPTION_ARG_NONE, &n->trace, "protocol events on standard error",
		 NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &n->version, "print the program's version",
		 NULL},
		{0},
	};

	g_option_group_add_entries(group, entries);
}

bool zcli_parse(int *argc, char ***argv, struct zcli_node *node, const GOptionEntry *own,
		const char *arguments, const char *help, int *status)
{
	GOptionContext *context = g_option_context_new(arguments);
	GOptionGroup *group = g_option_group_new("", "", "", node, NULL);
	GError *error = NULL;
	bool parsed;

	*node = (struct zcli_node){0};
	g_option_context_set_summary(context, help);
	if (own)
		g_option_group_add_entries(group, own);
	add_node_entries(group, node);
	g_option_context_set_main_group(context, group);
	parsed = g_option_context_parse(context, argc, argv, &error);
	g_option_context_free(context);
	if (!parsed) {
		zcli_complain("%s: %s (see --help)", (*argv)[0], error->message);
		g_error_free(error);
		*status = ZCLI_USAGE;
		return false;
	}
	if (node->version) {
		printf("%s\n", PACKAGE_STRING);
		*status = ZCLI_OK;
		return false;
	}
	return true;
}

void zcli_node_clear(struct zcli_node *node)
{
	g_free(node->nid);
	g_free(node->listen);
	g_free(node->accept);
	g_free(node->speaks);
	g_free(node->way);
	g_free(node->zc_min);
	g_free(node->accept_timeout);
	g_free(node->socket_timeout);
	g_free(node->keepalive);
	g_strfreev(node->peers);
	g_free(node->config);
	*node = (struct zcli_node){0};
}

/* ---- the configuration file --------------------------------------------------------- */

static bool check_keys(GKeyFile *file, const char *name)
{
	static const char *const known[] = {
		"nid",	     "listen", "accept",	 "speaks",
		"way",	     "zc-min", "untyped",	 "checksum",
		"trace",     "peer",   "accept-timeout", "socket-timeout",
		"keepalive", NULL};
	char **groups = g_key_file_get_groups(file, NULL);
	char **keys = g_key_file_get_keys(file, "node", NULL, NULL);
	bool good = true;

	for (char **group = groups; good && *group; group++) {
		good = !strcmp(*group, "node");
		if (!good)
			zcli_complain("%s: unknown group [%s]: there is [node] only", name, *group);
	}
	for (char **key = keys; good && keys && *key; key++) {
		good = g_strv_contains(known, *key);
		if (!good)
			zcli_complain("%s: unknown key '%s' in [node] (see zclnd peer --help)",
				      name, *key);
	}
	g_strfreev(groups);
	g_strfreev(keys);
	return good;
}

static void take_text(GKeyFile *file, const char *key, char **to)
{
	if (!*to)
		*to = g_key_file_get_string(file, "node", key, NULL);
}

static bool take_flag(GKeyFile *file, const char *name, const char *key, gboolean *to)
{
	GError *error = NULL;
	gboolean value;

	if (*to || !g_key_file_has_key(file, "node", key, NULL))
		return true;
	value = g_key_file_get_boolean(file, "node", key, &error);
	if (error) {
		zcli_complain("%s: [node] %s: expected true or false", name, key);
		g_error_free(error);
		return false;
	}
	*to = value;
	return true;
}

static bool read_config(struct zcli_node *n)
{
	GKeyFile *file;
	GError *error = NULL;
	bool good;

	if (!n->config)
		return true;
	file = g_key_file_new();
	if (!g_key_file_load_from_file(file, n->config, G_KEY_FILE_NONE, &error)) {
		zcli_complain("%s: %s", n->config, error->message);
		g_error_free(error);
		g_key_file_unref(file);
		return false;
	}
	take_text(file, "nid", &n->nid);
	take_text(file, "listen", &n->listen);
	take_text(file, "accept", &n->accept);
	take_text(file, "speaks", &n->speaks);
	take_text(file, "way", &n->way);
	take_text(file, "zc-min", &n->zc_min);
	take_text(file, "accept-timeout", &n->accept_timeout);
	take_text(file, "socket-timeout", &n->socket_timeout);
	take_text(file, "keepalive", &n->keepalive);
	if (!n->peers)
		n->peers = g_key_file_get_string_list(file, "node", "peer", NULL, NULL);
	good = check_keys(file, n->config) && take_flag(file, n->config, "untyped", &n->untyped) &&
	       take_flag(file, n->config, "checksum", &n->checksum) &&
	       take_flag(file, n->config, "trace", &n->trace);
	g_key_file_unref(file);
	return good;
}

/* ---- from texts to options ---------------------------------------------------------- */

bool zcli_parse_nid(const char *what, const char *text, zcl_nid *nid)
{
	if (zcl_nid_parse(text, nid) == ZCL_OK && zcl_nid_net_type(*nid) == ZCL_NET_TCP &&
	    *nid != ZCL_NID_ANY)
		return true;
	zcli_complain("%s '%s': expected a NID like 10.0.0.9@tcp", what, text);
	return false;
}

static bool parse_accept(const char *text, enum zreal_accept *rule)
{
	if (!text)
		return true;
	if (!strcmp(text, "all"))
		*rule = ZREAL_ACCEPT_ALL;
	else if (!strcmp(text, "secure"))
		*rule = ZREAL_ACCEPT_SECURE;
	else
		zcli_complain("--accept '%s': expected all or secure", text);
	return !strcmp(text, "all") || !strcmp(text, "secure");
}

static bool parse_speaks(const char *text, uint32_t *version)
{
	if (!text)
		return true;
	if (!strcmp(text, "v1") || !strcmp(text, "v2")) {
		*version = text[1] == '1' ? ZCL_V1 : ZCL_V2;
		return true;
	}
	zcli_complain("--speaks '%s': expected v1 or v2", text);
	return false;
}

static bool parse_way(const char *text, enum zway *way)
{
	if (!text || zway_parse(text, way))
		return true;
	zcli_complain("--way '%s': expected copy, zerocopy, splice or auto", text);
	return false;
}

static bool parse_zc_min(const char *text, size_t *bytes)
{
	guint64 value;

	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &value, NULL)) {
		zcli_complain("--zc-min '%s': expected a number of bytes, at least 1", text);
		return false;
	}
	*bytes = (size_t)value;
	return true;
}

/* NULL: *ns stays. */
static bool parse_seconds(const char *what, const char *text, int64_t *ns)
{
	char *end = NULL;
	double value;

	if (!text)
		return true;
	value = g_ascii_strtod(text, &end);
	if (end == text || *end || !(value >= 0.001) || value > 86400) {
		zcli_complain("%s '%s': expected seconds like 2.5, 0.001 to 86400", what, text);
		return false;
	}
	*ns = (int64_t)(value * 1e9);
	return true;
}

static bool parse_keepalive(const char *text, int *seconds)
{
	guint64 value;

	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 0, 32767, &value, NULL)) {
		zcli_complain("--keepalive '%s': expected whole seconds, 0 to 32767", text);
		return false;
	}
	*seconds = (int)value;
	return true;
}

static bool parse_listen(const char *text, struct sockaddr_in *addr)
{
	if (!text || zsock_parse(text, addr))
		return true;
	zcli_complain("--listen '%s': expected ADDR:PORT like 10.0.0.9:988", text);
	return false;
}

bool zcli_node_options(struct zcli_node *node, zcl_nid own_nid, struct zreal_options *options)
{
	zcl_nid nid = own_nid;

	if (!read_config(node))
		return false;
	if (node->nid && !zcli_parse_nid("--nid", node->nid, &nid))
		return false;
	zreal_options_init(options, nid);
	options->core.typed = !node->untyped;
	options->core.checksum = node->checksum;
	if (node->trace)
		options->trace = zcli_trace;
	return parse_accept(node->accept, &options->accept) &&
	       parse_speaks(node->speaks, &options->core.max_version) &&
	       parse_way(node->way, &options->way) &&
	       parse_zc_min(node->zc_min, &options->core.zc_min_payload) &&
	       parse_seconds("--accept-timeout", node->accept_timeout,
			     &options->core.accept_timeout) &&
	       parse_seconds("--socket-timeout", node->socket_timeout,
			     &options->core.socket_timeout) &&
	       parse_keepalive(node->keepalive, &options->keepalive) &&
	       parse_listen(node->listen, &options->listen);
}

static bool set_peer(const char *text, struct zreal_node *node)
{
	const char *equals = strchr(text, '=');
	struct sockaddr_in addr = zsock_addr(0, ZSOCK_PORT);
	char *name = equals ? g_strndup(text, (gsize)(equals - text)) : NULL;
	zcl_nid nid;
	bool good;

	good = name && zcl_nid_parse(name, &nid) == ZCL_OK && zsock_parse(equals + 1, &addr) &&
	       addr.sin_addr.s_addr != INADDR_ANY && addr.sin_port != 0;
	if (good)
		zreal_node_set_peer(node, nid, &addr);
	else
		zcli_complain("--peer '%s': expected NID=ADDR:PORT like "
			      "10.0.0.9@tcp=127.0.0.1:9988",
			      text);
	g_free(name);
	return good;
}

bool zcli_set_peers(const struct zcli_node *cli, struct zreal_node *node)
{
	for (char **peer = cli->peers; peer && *peer; peer++) {
		if (!set_peer(*peer, node))
			return false;
	}
	return true;
}

zcl_nid zcli_own_nid(zcl_nid target)
{
	const bool loopback = zcl_nid_addr(target) >> 24 == IN_LOOPBACKNET;
	const uint32_t choices[] = {
		loopback ? INADDR_LOOPBACK : zcl_nid_addr(zsock_default_nid()),
		INADDR_LOOPBACK,
		INADDR_LOOPBACK + 1,
	};
	const uint16_t number = zcl_nid_net_number(target);

	for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
		if (zcl_nid_tcp(choices[i], number) != target)
			return zcl_nid_tcp(choices[i], number);
	}
	g_assert_not_reached();
}
