/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/cli.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* ---- messages ----------------------------------------------------------------------- */

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

/* ---- the keys ----------------------------------------------------------------------- */

static const struct key {
	const char *name, *help, *argument; /* argument NULL: a flag */
	enum { FOR_ALL, FOR_DAEMONS } for_whom;
} keys[ZCLI_KEYS] = {
	[ZCLI_NID] = {"nid", "this node's NID, e.g. 10.0.0.9@tcp", "NID", FOR_ALL},
	[ZCLI_LISTEN] = {"listen",
			 "where to listen (default: the NID's address, port 988; port 0: any)",
			 "ADDR:PORT", FOR_ALL},
	[ZCLI_ACCEPT] = {"accept",
			 "callers: all, or secure: from source ports below 1024 (default)", "RULE",
			 FOR_ALL},
	[ZCLI_SPEAKS] = {"speaks", "best protocol version: v1 or v2 (default)", "VERSION", FOR_ALL},
	[ZCLI_UNTYPED] = {"untyped",
			  "one connection per peer instead of CONTROL, BULK_IN, BULK_OUT", NULL,
			  FOR_ALL},
	[ZCLI_CONNS_PER_PEER] = {"conns-per-peer",
				 "BULK_IN and BULK_OUT connections with a peer, so many of each "
				 "(default: 1)",
				 "N", FOR_ALL},
	[ZCLI_CHECKSUM] = {"checksum", "send checksums (v2)", NULL, FOR_ALL},
	[ZCLI_WAY] = {"way", "how bulk goes out: copy, zerocopy, splice or auto (default)", "WAY",
		      FOR_ALL},
	[ZCLI_ZC_MIN] = {"zc-min", "smallest payload sent zero-copy (default: 16384)", "BYTES",
			 FOR_ALL},
	[ZCLI_ACCEPT_TIMEOUT] = {"accept-timeout", "for a caller to say who it is (default: 5)",
				 "SECONDS", FOR_ALL},
	[ZCLI_SOCKET_TIMEOUT] = {"socket-timeout",
				 "without progress, or for a missing ZC-ACK (default: 50)",
				 "SECONDS", FOR_ALL},
	[ZCLI_KEEPALIVE] = {"keepalive",
			    "of silence, then TCP asks whether the peer is there (default: 30; 0: "
			    "never)",
			    "SECONDS", FOR_ALL},
	[ZCLI_RESERVED_PORTS] =
		{"reserved-ports",
		 "when calls leave from one: auto (to port 988; default), always or "
		 "never",
		 "WHEN", FOR_ALL},
	[ZCLI_MAX_ANSWERS] = {"max-answers",
			      "answers that wait for a peer until it is cut off (default: 16384)",
			      "N", FOR_ALL},
	[ZCLI_MAX_ANSWER_BYTES] = {"max-answer-bytes",
				   "payload of such answers (default: 1073741824)", "BYTES",
				   FOR_ALL},
	[ZCLI_PEER] = {"peer",
		       "where a peer listens, instead of its NID's address, port 988; repeatable",
		       "NID=ADDR:PORT", FOR_ALL},
	[ZCLI_TRACE] = {"trace", "write what happens to a file: zclnd-trace(5)", "FILE", FOR_ALL},
	[ZCLI_THREADS] = {"threads", "loops that peers are shared over (default: 1)", "N", FOR_ALL},
	[ZCLI_BUSY_POLL] = {"busy-poll",
			    "an idle loop looks again for so long before it sleeps (alone: 1000)",
			    "MICROSECONDS", FOR_ALL},
	[ZCLI_STORE_SIZE] = {"store-size", "of the store at portal 52 (default: 1048576; 0: none)",
			     "BYTES", FOR_DAEMONS},
	[ZCLI_METRICS_FILE] = {"metrics-file", "where to write the statistics again and again",
			       "FILE", FOR_DAEMONS},
	[ZCLI_VERBOSE] = {"verbose",
			  "tell of connections that come and go, not only of what is wrong", NULL,
			  FOR_DAEMONS},
	[ZCLI_METRICS_EVERY] = {"metrics-every", "how often (default: 10)", "SECONDS", FOR_DAEMONS},
};

const char *zcli_key_name(enum zcli_key key)
{
	return keys[key].name;
}

bool zcli_key_is_flag(enum zcli_key key)
{
	return keys[key].argument == NULL;
}

/* ---- the command line --------------------------------------------------------------- */

static gboolean take_busy_poll(const char *name, const char *value, gpointer data, GError **error)
{
	struct zcli *cli = data;

	(void)name;
	(void)error;
	g_free(cli->said.value[ZCLI_BUSY_POLL]);
	cli->said.value[ZCLI_BUSY_POLL] = g_strdup(value ? value : "1000");
	return TRUE;
}

static GOptionEntry entry_of(struct zcli *cli, enum zcli_key key)
{
	GOptionEntry entry = {
		.long_name = keys[key].name,
		.description = keys[key].help,
		.arg_description = keys[key].argument,
	};

	if (key == ZCLI_BUSY_POLL) {
		entry.flags = G_OPTION_FLAG_OPTIONAL_ARG;
		entry.arg = G_OPTION_ARG_CALLBACK;
		entry.arg_data = (gpointer)(GOptionArgFunc)take_busy_poll;
	} else if (key == ZCLI_PEER) {
		entry.arg = G_OPTION_ARG_STRING_ARRAY;
		entry.arg_data = &cli->said.peers;
	} else if (zcli_key_is_flag(key)) {
		entry.arg = G_OPTION_ARG_NONE;
		entry.arg_data = &cli->flag[key];
	} else {
		entry.arg = G_OPTION_ARG_STRING;
		entry.arg_data = &cli->said.value[key];
	}
	return entry;
}

static void add_entries(GOptionGroup *group, struct zcli *cli, bool daemon)
{
	const GOptionEntry rest[] = {
		{"from", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &cli->said.value[ZCLI_NID],
		 NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &cli->config,
		 "file with these options as keys: zclnd.conf(5)", "FILE"},
		{"version", 0, 0, G_OPTION_ARG_NONE, &cli->version, "print the program's version",
		 NULL},
		{0},
	};
	const GOptionEntry check[] = {
		{"check-config", 0, 0, G_OPTION_ARG_NONE, &cli->check_config,
		 "say whether options and configuration are right, and end", NULL},
		{0},
	};

	for (enum zcli_key key = 0; key < ZCLI_KEYS; key++) {
		const GOptionEntry entry[] = {entry_of(cli, key), {0}};

		if (daemon || keys[key].for_whom == FOR_ALL)
			g_option_group_add_entries(group, entry);
	}
	g_option_group_add_entries(group, rest);
	if (daemon)
		g_option_group_add_entries(group, check);
}

static void note_where(struct zcli *cli)
{
	for (enum zcli_key key = 0; key < ZCLI_KEYS; key++) {
		if (cli->flag[key])
			cli->said.value[key] = g_strdup("true");
		if (cli->said.value[key] || key == ZCLI_PEER)
			cli->said.where[key] = g_strconcat("--", keys[key].name, NULL);
	}
}

bool zcli_parse(int *argc, char ***argv, struct zcli *cli, const GOptionEntry *own, bool daemon,
		const char *arguments, const char *help, int *status)
{
	GOptionContext *context = g_option_context_new(arguments);
	GOptionGroup *group = g_option_group_new("", "", "", cli, NULL);
	GError *error = NULL;
	bool parsed;

	*cli = (struct zcli){0};
	g_snprintf(cli->program, sizeof(cli->program), "zclnd %s", (*argv)[0]);
	g_option_context_set_summary(context, help);
	if (own)
		g_option_group_add_entries(group, own);
	add_entries(group, cli, daemon);
	g_option_context_set_main_group(context, group);
	parsed = g_option_context_parse(context, argc, argv, &error);
	g_option_context_free(context);
	if (!parsed) {
		zcli_complain("%s: %s (see --help)", (*argv)[0], error->message);
		g_error_free(error);
		*status = ZCLI_USAGE;
		return false;
	}
	note_where(cli);
	if (cli->version) {
		printf("%s\n", PACKAGE_STRING);
		*status = ZCLI_OK;
		return false;
	}
	return true;
}

void zcli_texts_clear(struct zcli_texts *texts)
{
	for (enum zcli_key key = 0; key < ZCLI_KEYS; key++) {
		g_free(texts->value[key]);
		g_free(texts->where[key]);
	}
	g_strfreev(texts->peers);
	*texts = (struct zcli_texts){0};
}

void zcli_clear(struct zcli *cli)
{
	zcli_texts_clear(&cli->said);
	g_free(cli->config);
	*cli = (struct zcli){0};
}

/* ---- NIDs --------------------------------------------------------------------------- */

bool zcli_parse_nid(const char *what, const char *text, zclnd_nid *nid)
{
	if (zclnd_nid_parse(text, nid) == ZCLND_OK)
		return true;
	zcli_complain("%s '%s': expected a NID like 10.0.0.9@tcp", what, text);
	return false;
}

zclnd_nid zcli_own_nid(zclnd_nid target)
{
	const bool loopback = zclnd_nid_addr(target) >> 24 == IN_LOOPBACKNET;
	const uint32_t choices[] = {
		loopback ? INADDR_LOOPBACK : zclnd_nid_addr(zclnd_nid_default()),
		INADDR_LOOPBACK,
		INADDR_LOOPBACK + 1,
	};
	const uint16_t number = zclnd_nid_number(target);

	for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
		if (zclnd_nid_tcp(choices[i], number) != target)
			return zclnd_nid_tcp(choices[i], number);
	}
	g_assert_not_reached();
}
