/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CLI_H
#define ZREAL_CLI_H

#include <glib.h>

#include "real/journal.h"
#include "real/zclnd.h"

/* What the subcommands of zclnd have in common: options, messages, exit statuses. */

#define ZCLI_OK	    0 /* done */
#define ZCLI_FAILED 1 /* no answer, an error of the network, a message that failed */
#define ZCLI_USAGE  2 /* a mistake in the command line or the configuration file */

/* Portals of the services of `zclnd peer`; LNet's own are below. */
#define ZCLI_SINK_PORTAL  50
#define ZCLI_STORE_PORTAL 52

/* Every option that is also a key of the configuration file. */
enum zcli_key {
	/* of an NI */
	ZCLI_NID,
	ZCLI_LISTEN,
	ZCLI_ACCEPT,
	ZCLI_SPEAKS,
	ZCLI_UNTYPED,
	ZCLI_CONNS_PER_PEER,
	ZCLI_CHECKSUM,
	ZCLI_WAY,
	ZCLI_ZC_MIN,
	ZCLI_ACCEPT_TIMEOUT,
	ZCLI_SOCKET_TIMEOUT,
	ZCLI_KEEPALIVE,
	ZCLI_RESERVED_PORTS,
	ZCLI_MAX_ANSWERS,
	ZCLI_MAX_ANSWER_BYTES,
	ZCLI_PEER,
	/* of the process */
	ZCLI_TRACE,
	ZCLI_THREADS,
	ZCLI_BUSY_POLL,
	ZCLI_STORE_SIZE,
	ZCLI_METRICS_FILE,
	ZCLI_METRICS_EVERY,
	ZCLI_VERBOSE,
	ZCLI_KEYS
};
#define ZCLI_NI_KEYS ZCLI_TRACE

/* What was said for each key, as text ("true" for a flag), and where: "--way", "FILE: [node] way".
 */
struct zcli_texts {
	char *value[ZCLI_KEYS];
	char *where[ZCLI_KEYS];
	char **peers;
};

struct zcli {
	struct zcli_texts said; /* on the command line */
	char *config;
	char program[32]; /* "zclnd peer" */
	gboolean flag[ZCLI_KEYS], version, check_config;
};

/* An NI to be opened. */
struct zcli_ni {
	char *name; /* of its group; NULL: there is none */
	struct zclnd_ni_options options;
	GArray *peers; /* of struct zcli_peer */
	struct zjournal *journal;
	struct zcli_tracer *tracer; /* of the setup; NULL: none */
};

struct zcli_peer {
	zclnd_nid nid;
	struct sockaddr_in address;
};

/* What options and configuration ask for. */
struct zcli_setup {
	struct zclnd_options options;
	GPtrArray *nis;		    /* of struct zcli_ni; at least one */
	struct zcli_tracer *tracer; /* NULL: nothing is traced */
	size_t store_size;
	char *metrics_file;
	int64_t metrics_every; /* ns */
	bool verbose;
	struct zjournal *journal;
};

/*
 * Parses argv with the common options and `own` (may be NULL). daemon: with those of a process that
 * serves. help: what --help says above the options; arguments: how they are named in the usage line
 * ("NID"), "" when there are none. Returns false when the caller should return *status at once
 * (after --version, or a mistake, which is told on standard error). argv keeps the arguments that
 * are no options.
 */
bool zcli_parse(int *argc, char ***argv, struct zcli *cli, const GOptionEntry *own, bool daemon,
		const char *arguments, const char *help, int *status);
void zcli_clear(struct zcli *cli);

/*
 * Turns texts into a setup, those of --config where the command line is silent. own_nid: used when
 * none is given. False: a mistake, told; *setup is empty then.
 */
bool zcli_setup(const struct zcli *cli, zclnd_nid own_nid, struct zcli_setup *setup);
void zcli_setup_clear(struct zcli_setup *setup);
/*
 * What is wrong with peers goes to standard error from now on, in a journal of the setup's. dated:
 * with date and time. Before the NIs are opened; it takes trace, note and user of their options.
 */
void zcli_journal(struct zcli_setup *setup, bool dated);
/* The first, or only, NI. */
struct zcli_ni *zcli_first(const struct zcli_setup *setup);

/* Opens an NI, whose options may have been changed meanwhile, with its peers. NULL: told. */
struct zclnd_ni *zcli_open_ni(struct zclnd *z, const struct zcli_ni *ni);
/* The whole setup's instance without NIs. NULL: told. */
struct zclnd *zcli_open(const struct zcli_setup *setup);
bool zcli_start(struct zclnd *z);

/* A NID that is distinct from target, on its network, from which target is best called. */
zclnd_nid zcli_own_nid(zclnd_nid target);
bool zcli_parse_nid(const char *what, const char *text, zclnd_nid *nid);

/* "zclnd: ..." on standard error. */
void zcli_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* ---- cli_trace.c ---- */

struct zcli_tracer;
/*
 * --trace FILE: a trace is written there; file NULL: gives NULL. program: "zclnd peer"; nids: of
 * the n NIs. *good false: the file cannot be written, which was told. Processes that are forked
 * later write into the same trace.
 */
struct zcli_tracer *zcli_tracer_new(const char *program, const char *file, const zclnd_nid *nids,
				    size_t n, bool *good);
/* A zclnd_ni_options.trace; user: the tracer. */
void zcli_trace(void *user, const struct zclnd_trace *trace);
/* Tells when something could not be written. */
void zcli_tracer_free(struct zcli_tracer *tracer);

/* For cli*.c: the names of keys, and a file's groups. */
const char *zcli_key_name(enum zcli_key key);
bool zcli_key_is_flag(enum zcli_key key);
/* A mistake, told; always false. */
bool zcli_wrong(const struct zcli_texts *texts, enum zcli_key key, const char *expected);
void zcli_texts_clear(struct zcli_texts *texts);
/*
 * Reads the file: one struct zcli_texts per NI into `nis` (free: zcli_texts_clear and g_free), its
 * name into `names`; *node is what [node] says. False: a mistake, told.
 */
bool zcli_read_config(const char *file, struct zcli_texts *node, GPtrArray *nis, GPtrArray *names);

#endif
