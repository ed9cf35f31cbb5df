/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_CLI_H
#define ZREAL_CLI_H

#include <glib.h>

#include "real/net.h"

/* What the subcommands of zclnd have in common: options of a node, messages, exit statuses. */

#define ZCLI_OK	    0 /* done */
#define ZCLI_FAILED 1 /* no answer, an error of the network, a message that failed */
#define ZCLI_USAGE  2 /* a mistake in the command line or the configuration file */

/* Portals of the services of `zclnd peer`; LNet's own are below. */
#define ZCLI_SINK_PORTAL 50

/* Options that describe this side's node; filled by zcli_parse, cleared by zcli_node_clear. */
struct zcli_node {
	char *nid, *listen, *accept, *speaks, *way, *zc_min, *accept_timeout, *socket_timeout;
	char *keepalive;
	char **peers; /* "NID=ADDR:PORT" */
	char *config; /* file with the same keys in [node] */
	gboolean untyped, checksum, trace, version;
};

/*
 * Parses argv with the node's options and `own` (may be NULL). help: what --help says above the
 * options; arguments: how they are named in the usage line ("NID"), "" when there are none.
 * Returns false when the caller should return *status at once (after --version, or a mistake,
 * which is told on standard error). argv keeps the arguments that are no options.
 */
bool zcli_parse(int *argc, char ***argv, struct zcli_node *node, const GOptionEntry *own,
		const char *arguments, const char *help, int *status);
void zcli_node_clear(struct zcli_node *node);

/*
 * Turns texts into options (first `config`'s, where the command line is silent). own_nid: used
 * when none is given. False: a mistake, told.
 */
bool zcli_node_options(struct zcli_node *node, zcl_nid own_nid, struct zreal_options *options);
/* --peer NID=ADDR:PORT, into a node's table. False: a mistake, told. */
bool zcli_set_peers(const struct zcli_node *cli, struct zreal_node *node);

/* A NID that is distinct from target, on its network, from which target is best called. */
zcl_nid zcli_own_nid(zcl_nid target);
bool zcli_parse_nid(const char *what, const char *text, zcl_nid *nid);

/* "zclnd: ..." on standard error. */
void zcli_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* One line of trace on standard error: a zreal_options.trace. */
void zcli_trace(void *user, const struct zcl_event *event);

#endif
