/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "real/cli.h"
#include "real/cli_wait.h"
#include "real/commands.h"

struct ping {
	struct zclnd_ni *ni;
	struct zclnd_eq *eq;
	int signals;
	zclnd_nid target;
	int count;	  /* pings to send */
	int64_t interval; /* ns */
	int sent, answered;
	int64_t best, worst, sum; /* ns */
};

/* What stands in the entry of 0@lo is no status (wire notes 8). */
static const char *ni_status(zclnd_nid nid, uint32_t status)
{
	if (nid == ZCLND_NID_LO)
		return "";
	switch (status) {
	case ZCLND_NI_UP:
		return " up";
	case ZCLND_NI_DOWN:
		return " down";
	default:
		return " in an unknown state";
	}
}

static void print_answer(const struct ping *ping, const struct zclnd_ping_info *info, int64_t took)
{
	char nid[ZCLND_NID_STRLEN];

	printf("answer %d from %s: time=%.3f ms pid=%" PRIu32 " features=0x%" PRIx32 " nis:",
	       ping->sent, zclnd_nid_format(ping->target, nid, sizeof(nid)), (double)took / 1e6,
	       info->pid, info->features);
	for (uint32_t i = 0; i < info->nnis; i++)
		printf("%s %s%s", i ? "," : "", zclnd_nid_format(info->ni[i].nid, nid, sizeof(nid)),
		       ni_status(info->ni[i].nid, info->ni[i].status));
	printf("\n");
	fflush(stdout);
}

static void take_answer(struct ping *ping, const struct zclnd_event *event, int64_t took,
			const struct zclnd_ping_info *info)
{
	if (event->status != ZCLND_OK) {
		printf("no answer %d: %s (%s)\n", ping->sent, zclnd_strerror(event->status),
		       zclnd_err_name(event->status));
		fflush(stdout);
		return;
	}
	ping->best = ping->answered ? MIN(ping->best, took) : took;
	ping->worst = MAX(ping->worst, took);
	ping->sum += took;
	ping->answered++;
	print_answer(ping, info, took);
}

/* False: the user wants no more. */
static bool one_ping(struct ping *ping)
{
	const int64_t sent_at = zcli_now();
	struct zclnd_ping_info info;
	struct zclnd_event event;
	enum zclnd_err err;
	int64_t left;
	int signo;

	ping->sent++;
	err = zclnd_ping(ping->ni, ping->target, &info, ping);
	if (err != ZCLND_OK) {
		printf("ping %d not sent: %s (%s)\n", ping->sent, zclnd_strerror(err),
		       zclnd_err_name(err));
		return false;
	}
	if (zcli_wait(ping->signals, ping->eq, -1, -1, &event, &signo) == ZCLI_SIGNAL) {
		/* info is borrowed until the final event. */
		zclnd_stop(zclnd_ni_instance(ping->ni));
		return false;
	}
	take_answer(ping, &event, zcli_now() - sent_at, &info);
	if (ping->sent == ping->count)
		return true;
	/* An answer may take longer than the interval. */
	left = MAX(sent_at + ping->interval - zcli_now(), 0);
	return zcli_wait(ping->signals, NULL, -1, left, NULL, &signo) == ZCLI_TIME;
}

static void print_summary(const struct ping *ping)
{
	char nid[ZCLND_NID_STRLEN];

	printf("%s: %d sent, %d answered", zclnd_nid_format(ping->target, nid, sizeof(nid)),
	       ping->sent, ping->answered);
	if (ping->answered)
		printf(", least/mean/most %.3f/%.3f/%.3f ms", (double)ping->best / 1e6,
		       (double)ping->sum / ping->answered / 1e6, (double)ping->worst / 1e6);
	printf("\n");
}

static int run(struct ping *ping, const struct zcli_setup *setup)
{
	struct zclnd *z = zcli_open(setup);

	ping->ni = z ? zcli_open_ni(z, zcli_first(setup)) : NULL;
	if (!ping->ni || !zcli_start(z)) {
		zclnd_free(z);
		return ZCLI_FAILED;
	}
	while (ping->sent < ping->count) {
		if (!one_ping(ping))
			break;
	}
	print_summary(ping);
	zclnd_free(z);
	return ping->answered ? ZCLI_OK : ZCLI_FAILED;
}

/* Command line to a setup; false: a mistake, told. */
static bool set_up(struct ping *ping, const struct zcli *cli, int argc, char **argv, int interval,
		   double timeout, struct zcli_setup *setup)
{
	struct zclnd_ni_options *options;

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
	    !zcli_setup(cli, zcli_own_nid(ping->target), setup))
		return false;
	options = &zcli_first(setup)->options;
	if (options->nid == ping->target) {
		zcli_complain("ping: %s is this side's own NID; choose another with --from",
			      argv[1]);
		return false;
	}
	ping->interval = (int64_t)interval * 1000000;
	options->socket_timeout = (int64_t)(timeout * 1e9);
	/* It calls, and needs no acceptor unless told so. */
	options->listens = cli->said.value[ZCLI_LISTEN] != NULL;
	options->eq = ping->eq;
	zcli_journal(setup, false);
	return true;
}

int zcmd_ping(int argc, char **argv)
{
	struct ping ping = {.count = 1};
	int interval = 1000, status = ZCLI_OK;
	double timeout = 10;
	struct zcli_setup setup = {0};
	struct zcli cli;
	const GOptionEntry own[] = {
		{"count", 'c', 0, G_OPTION_ARG_INT, &ping.count, "pings to send (1)", "N"},
		{"interval", 'i', 0, G_OPTION_ARG_INT, &interval, "between two pings (1000)", "MS"},
		{"timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout, "for each answer (10)", "S"},
		{0},
	};

	if (zcli_parse(&argc, &argv, &cli, own, false, "NID",
		       "Asks a peer for its network interfaces and says how long the answer took; "
		       "the\n"
		       "first time includes connecting. --from NID is short for --nid NID.\n"
		       "Exit status 1 when no answer came.",
		       &status)) {
		ping.eq = zclnd_eq_new(1);
		ping.signals = zcli_signals();
		status = ping.eq && set_up(&ping, &cli, argc, argv, interval, timeout, &setup)
				 ? run(&ping, &setup)
				 : ZCLI_USAGE;
		close(ping.signals);
		zclnd_eq_free(ping.eq);
	}
	zcli_setup_clear(&setup);
	zcli_clear(&cli);
	return status;
}
