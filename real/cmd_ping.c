/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "real/cli.h"
#include "real/commands.h"
#include "real/journal.h"
#include "real/lib.h"

struct ping {
	struct zloop *loop;
	struct zreal_node *node;
	struct zloop_timer next;
	struct zloop_work after; /* of an answer: outside the core */
	struct zjournal *journal;
	bool traces; /* every protocol event, too */
	zcl_nid target;
	int count;	  /* pings to send */
	int64_t interval; /* ns */
	int sent, answered;
	bool waiting;
	int64_t sent_at, best, worst, sum; /* ns */
};

static void on_trace(void *user, const struct zcl_event *event)
{
	struct ping *ping = user;
	const struct zclnd_trace trace = {.event = event, .node = ping->node};

	zjournal_trace(ping->journal, &trace);
	if (ping->traces)
		zcli_trace(NULL, event);
}

static void on_note(void *user, enum zreal_note note, const struct sockaddr_in *addr)
{
	struct ping *ping = user;

	zjournal_note(ping->journal, (enum zclnd_note)note, addr);
}

/* What stands in the entry of 0@lo is no status (wire notes 8). */
static const char *ni_status(zcl_nid nid, uint32_t status)
{
	if (nid == ZCL_NID_LO)
		return "";
	switch (status) {
	case ZCL_NI_UP:
		return " up";
	case ZCL_NI_DOWN:
		return " down";
	default:
		return " in an unknown state";
	}
}

static void print_answer(const struct ping *ping, const struct zcl_ping_info *info, int64_t took)
{
	char nid[ZCL_NID_STRLEN];

	printf("answer %d from %s: time=%.3f ms pid=%" PRIu32 " features=0x%" PRIx32 " nis:",
	       ping->sent, zcl_nid_format(ping->target, nid, sizeof(nid)), (double)took / 1e6,
	       info->pid, info->features);
	for (uint32_t i = 0; i < info->nnis; i++)
		printf("%s %s%s", i ? "," : "", zcl_nid_format(info->ni[i].nid, nid, sizeof(nid)),
		       ni_status(info->ni[i].nid, info->ni[i].status));
	printf("\n");
	fflush(stdout);
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct ping *ping = user;
	const int64_t took = zloop_now() - ping->sent_at;

	if (event->user != ping || event->kind != ZCL_LNET_EV_REPLY)
		return;
	ping->waiting = false;
	zloop_work_queue(ping->loop, &ping->after);
	if (!event->ping) {
		printf("no answer %d: %s (%s)\n", ping->sent, zcl_strerror(event->status),
		       zcl_err_name(event->status));
		fflush(stdout);
		return;
	}
	ping->best = ping->answered ? MIN(ping->best, took) : took;
	ping->worst = MAX(ping->worst, took);
	ping->sum += took;
	ping->answered++;
	print_answer(ping, event->ping, took);
}

static void is_down(void *data)
{
	struct ping *ping = data;

	zloop_stop(ping->loop);
}

static void end(struct ping *ping)
{
	ping->count = ping->sent;
	zloop_timer_cancel(ping->loop, &ping->next);
	zreal_node_shutdown(ping->node, is_down, ping);
}

static void on_signal(void *data, int signo)
{
	(void)signo;
	end(data);
}

static void send_ping(void *data)
{
	struct ping *ping = data;
	enum zcl_err err;

	ping->sent++;
	ping->waiting = true;
	ping->sent_at = zloop_now();
	err = zcl_lnet_ping(zreal_node_core(ping->node), ping->target, ping,
			    zreal_node_now(ping->node));
	zreal_node_kick(ping->node);
	if (err == ZCL_OK)
		return;
	printf("ping %d not sent: %s (%s)\n", ping->sent, zcl_strerror(err), zcl_err_name(err));
	end(ping);
}

static void after_answer(void *data)
{
	struct ping *ping = data;

	if (ping->waiting)
		return;
	if (ping->sent < ping->count)
		zloop_timer_set(ping->loop, &ping->next, ping->sent_at + ping->interval);
	else
		end(ping);
}

static void print_summary(const struct ping *ping)
{
	char nid[ZCL_NID_STRLEN];

	printf("%s: %d sent, %d answered", zcl_nid_format(ping->target, nid, sizeof(nid)),
	       ping->sent, ping->answered);
	if (ping->answered)
		printf(", least/mean/most %.3f/%.3f/%.3f ms", (double)ping->best / 1e6,
		       (double)ping->sum / ping->answered / 1e6, (double)ping->worst / 1e6);
	printf("\n");
}

static int run(struct ping *ping, const struct zcli_node *cli, const struct zreal_options *options)
{
	GError *error = NULL;

	ping->node = zreal_node_new(ping->loop, options, &error);
	if (!ping->node) {
		zcli_complain("%s", error->message);
		g_error_free(error);
		return ZCLI_FAILED;
	}
	if (!zcli_set_peers(cli, ping->node)) {
		zreal_node_free(ping->node);
		return ZCLI_USAGE;
	}
	ping->next = (struct zloop_timer){.fn = send_ping, .data = ping};
	ping->after = (struct zloop_work){.fn = after_answer, .data = ping};
	zloop_signal(ping->loop, SIGINT, on_signal, ping);
	zloop_signal(ping->loop, SIGTERM, on_signal, ping);
	send_ping(ping);
	zloop_run(ping->loop);
	print_summary(ping);
	zloop_work_cancel(ping->loop, &ping->after);
	zreal_node_free(ping->node);
	return ping->answered ? ZCLI_OK : ZCLI_FAILED;
}

/* Command line to node options; false: a mistake, told. */
static bool set_up(struct ping *ping, struct zcli_node *cli, int argc, char **argv, int interval,
		   double timeout, struct zreal_options *options)
{
	if (argc != 2) {
		zcli_complain("ping: expected one NID, e.g. zclnd ping 10.0.0.9@tcp");
		return false;
	}
	if (ping->count < 1 || interval < 0 || !(timeout > 0) || timeout > 3600) {
		zcli_complain("ping: --count is at least 1, --interval at least 0 ms, --timeout "
			      "between 0 and 3600 s");
		return false;
	}
	if (!zcli_parse_nid("ping", argv[1], &ping->target) ||
	    !zcli_node_options(cli, zcli_own_nid(ping->target), options))
		return false;
	if (options->core.nid == ping->target) {
		zcli_complain("ping: %s is this side's own NID; choose another with --from",
			      argv[1]);
		return false;
	}
	ping->interval = (int64_t)interval * 1000000;
	options->core.socket_timeout = (int64_t)(timeout * 1e9);
	/* It calls, and needs no acceptor unless told so. */
	options->listens = cli->listen != NULL;
	ping->traces = options->trace != NULL;
	options->core.trace_conns_only = !ping->traces;
	options->trace = on_trace;
	options->note = on_note;
	options->deliver = on_deliver;
	options->user = ping;
	return true;
}

int zcmd_ping(int argc, char **argv)
{
	struct ping ping = {.count = 1};
	int interval = 1000, status = ZCLI_OK;
	double timeout = 10;
	struct zreal_options options;
	struct zcli_node cli;
	const GOptionEntry own[] = {
		{"count", 'c', 0, G_OPTION_ARG_INT, &ping.count, "pings to send (1)", "N"},
		{"interval", 'i', 0, G_OPTION_ARG_INT, &interval, "between two pings (1000)", "MS"},
		{"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout, "for each answer (10)", "S"},
		{0},
	};

	if (zcli_parse(&argc, &argv, &cli, own, "NID",
		       "Asks a peer for its network interfaces and says how long the answer took; "
		       "the\n"
		       "first time includes connecting. --from NID is short for --nid NID.\n"
		       "Exit status 1 when no answer came.",
		       &status)) {
		if (!set_up(&ping, &cli, argc, argv, interval, timeout, &options)) {
			status = ZCLI_USAGE;
		} else if (!(ping.loop = zloop_new())) {
			zcli_complain("no loop: %s", g_strerror(errno));
			status = ZCLI_FAILED;
		} else {
			ping.journal = zjournal_new(&(struct zjournal_options){.to = stderr});
			status = run(&ping, &cli, &options);
			zjournal_free(ping.journal);
			zloop_free(ping.loop);
		}
	}
	zcli_node_clear(&cli);
	return status;
}
