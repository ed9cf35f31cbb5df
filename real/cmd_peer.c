/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "real/cli.h"
#include "real/commands.h"
#include "real/figures.h"
#include "real/journal.h"
#include "real/lib.h"
#include "real/sink.h"

struct daemon {
	struct zloop *loop;
	struct zreal_node *node;
	struct zsink sink;
	struct zjournal *journal;
	bool traces; /* every protocol event, too */
};

static void on_trace(void *user, const struct zcl_event *event)
{
	struct daemon *daemon = user;
	const struct zclnd_trace trace = {.event = event, .node = daemon->node};

	zjournal_trace(daemon->journal, &trace);
	if (daemon->traces)
		zcli_trace(NULL, event);
}

static void on_note(void *user, enum zreal_note note, const struct sockaddr_in *addr)
{
	struct daemon *daemon = user;

	zjournal_note(daemon->journal, (enum zclnd_note)note, addr);
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct daemon *daemon = user;

	if (event->user == &daemon->sink)
		zsink_event(&daemon->sink, event);
}

static void print_statistics(struct daemon *daemon)
{
	struct zfigures figures;
	char nid[ZCL_NID_STRLEN];

	zfigures_take(&figures, daemon->node);
	printf("statistics of %s\n", zcl_nid_format(figures.nid, nid, sizeof(nid)));
	zfigures_print(&figures, stdout, "  ");
	fflush(stdout);
}

static void on_usr1(void *data, int signo)
{
	(void)signo;
	print_statistics(data);
}

static void is_down(void *data)
{
	struct daemon *daemon = data;

	zloop_stop(daemon->loop);
}

static void on_term(void *data, int signo)
{
	struct daemon *daemon = data;

	(void)signo;
	zreal_node_shutdown(daemon->node, is_down, daemon);
}

static void say_ready(const struct daemon *daemon, zcl_nid nid)
{
	const struct sockaddr_in addr = zreal_node_address(daemon->node);
	char text[ZSOCK_TEXT_MAX], name[ZCL_NID_STRLEN];

	printf("ready: %s listens at %s\n", zcl_nid_format(nid, name, sizeof(name)),
	       zsock_format(&addr, text));
	fflush(stdout);
}

static int serve(struct daemon *daemon, const struct zcli_node *cli,
		 const struct zreal_options *options)
{
	GError *error = NULL;
	enum zcl_err err;

	zloop_signal(daemon->loop, SIGTERM, on_term, daemon);
	zloop_signal(daemon->loop, SIGINT, on_term, daemon);
	zloop_signal(daemon->loop, SIGUSR1, on_usr1, daemon);
	daemon->node = zreal_node_new(daemon->loop, options, &error);
	if (!daemon->node) {
		zcli_complain("%s", error->message);
		g_error_free(error);
		return ZCLI_FAILED;
	}
	if (!zcli_set_peers(cli, daemon->node)) {
		zreal_node_free(daemon->node);
		return ZCLI_USAGE;
	}
	err = zsink_open(&daemon->sink, zreal_node_core(daemon->node), ZCLI_SINK_PORTAL,
			 ZCL_LNET_MTU, false, zreal_node_now(daemon->node));
	g_assert(err == ZCL_OK);
	say_ready(daemon, options->core.nid);
	zloop_run(daemon->loop);
	print_statistics(daemon);
	zreal_node_free(daemon->node);
	zsink_close(&daemon->sink);
	return ZCLI_OK;
}

int zcmd_peer(int argc, char **argv)
{
	struct daemon daemon = {0};
	struct zreal_options options;
	struct zcli_node cli;
	gboolean verbose = FALSE;
	int status = ZCLI_OK;
	const GOptionEntry own[] = {
		{"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
		 "tell of connections that come and go, not only of what is wrong", NULL},
		{0},
	};

	if (!zcli_parse(
		    &argc, &argv, &cli, own, "",
		    "Runs a peer in the foreground: it answers pings and takes PUTs to portal 50.\n"
		    "What is wrong with peers and callers goes to standard error, with the "
		    "remedy.\n"
		    "SIGUSR1 prints statistics; SIGINT and SIGTERM end it in order.",
		    &status)) {
		zcli_node_clear(&cli);
		return status;
	}
	if (argc > 1)
		zcli_complain("peer: unexpected argument '%s' (see --help)", argv[1]);
	if (argc > 1 || !zcli_node_options(&cli, zsock_default_nid(), &options)) {
		zcli_node_clear(&cli);
		return ZCLI_USAGE;
	}
	daemon.journal = zjournal_new(
		&(struct zjournal_options){.to = stderr, .verbose = verbose, .stamps = true});
	daemon.traces = options.trace != NULL;
	options.core.trace_conns_only = !daemon.traces;
	options.trace = on_trace;
	options.note = on_note;
	options.deliver = on_deliver;
	options.user = &daemon;
	daemon.loop = zloop_new();
	if (!daemon.loop) {
		zcli_complain("no loop: %s", g_strerror(errno));
		status = ZCLI_FAILED;
	} else {
		status = serve(&daemon, &cli, &options);
	}
	zloop_free(daemon.loop);
	zjournal_free(daemon.journal);
	zcli_node_clear(&cli);
	return status;
}
