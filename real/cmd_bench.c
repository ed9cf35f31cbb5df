/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "real/bench_side.h"
#include "real/commands.h"

#define MAX_WINDOW   4096
#define MAX_VERIFIED ((size_t)256 << 20)

struct settings {
	struct zcli_node cli;
	int size, count, window;
	double seconds;
	gboolean self, verify, both, json, no_zc_ack, no_ack;
	struct zbench_plan plan;
	struct zreal_options options;
};

struct session {
	struct settings *set;
	struct zbench_party party;
	struct zbench_child *child;
	struct zbench_side there;
	struct zloop_io child_io;
	bool child_done, interrupted;
};

/* ---- the command line --------------------------------------------------------------- */

static bool check_numbers(const struct settings *set)
{
	if (set->size < 1 || (size_t)set->size > ZCL_LNET_MTU)
		zcli_complain("bench: --size is 1 to %zu bytes", ZCL_LNET_MTU);
	else if (set->window < 1 || set->window > MAX_WINDOW)
		zcli_complain("bench: --window is 1 to %d", MAX_WINDOW);
	else if (set->count < 0 || !(set->seconds >= 0) || set->seconds > 86400)
		zcli_complain("bench: --count and --seconds are not negative, and not above a day");
	else if (set->verify && (size_t)set->size * (size_t)set->window > MAX_VERIFIED)
		zcli_complain(
			"bench: --verify takes at most 256 MiB under way (--size x --window)");
	else
		return true;
	return false;
}

static bool check_arguments(struct settings *set, int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "bw")) {
		zcli_complain("bench: expected `bw`, e.g. zclnd bench bw --self");
		return false;
	}
	if (set->self ? argc != 2 : argc != 3) {
		zcli_complain("bench bw: expected either --self or one NID");
		return false;
	}
	if (set->both && !set->self) {
		zcli_complain("bench bw: --both needs --self: a peer elsewhere runs its own bench");
		return false;
	}
	if (set->verify && !set->self) {
		zcli_complain("bench bw: --verify needs --self: a peer elsewhere does not check");
		return false;
	}
	return true;
}

/* Two addresses that nobody else uses, on which secure rules mean nothing. */
static void own_addresses(struct settings *set, zcl_nid *here)
{
	const uint32_t net = 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
			     (uint32_t)g_random_int_range(0, 256) << 8;

	*here = zcl_nid_tcp(net | 1, 0);
	set->plan.target = zcl_nid_tcp(net | 2, 0);
}

static bool set_up(struct settings *set, int argc, char **argv)
{
	zcl_nid here;

	if (!check_numbers(set) || !check_arguments(set, argc, argv))
		return false;
	set->plan = (struct zbench_plan){
		.portal = ZCLI_SINK_PORTAL,
		.size = (size_t)set->size,
		.count = (uint64_t)set->count,
		.duration = (int64_t)(set->seconds * 1e9),
		.window = (unsigned)set->window,
		.lnet_acks = !set->no_ack,
		.verify = set->verify,
	};
	if (set->self)
		own_addresses(set, &here);
	else if (!zcli_parse_nid("bench bw", argv[2], &set->plan.target))
		return false;
	else
		here = zcli_own_nid(set->plan.target);
	if (!zcli_node_options(&set->cli, here, &set->options))
		return false;
	if (set->options.core.nid == set->plan.target) {
		zcli_complain("bench bw: the target is this side's own NID; choose another with "
			      "--nid");
		return false;
	}
	set->options.core.zc_requests = !set->no_zc_ack;
	set->options.listens = set->self || set->cli.listen;
	if (set->self) {
		set->options.accept = ZREAL_ACCEPT_ALL;
		set->options.listen = zsock_addr(zcl_nid_addr(set->options.core.nid), 0);
	}
	return true;
}

/* ---- the session -------------------------------------------------------------------- */

static void on_child(void *data, uint32_t events)
{
	struct session *session = data;
	char what;

	(void)events;
	if (read(session->child_io.fd, &what, 1) != 1)
		session->interrupted = true;
	session->child_done = true;
	zloop_remove(session->party.loop, &session->child_io);
	zloop_stop(session->party.loop);
}

static void on_signal(void *data, int signo)
{
	struct session *session = data;

	(void)signo;
	session->interrupted = true;
	zloop_stop(session->party.loop);
}

static void measure(struct session *session)
{
	struct zbench_party *party = &session->party;
	const bool both = session->set->both;

	session->child_io = (struct zloop_io){.fd = -1, .fn = on_child, .data = session};
	if (session->child)
		zloop_add(party->loop, &session->child_io, zbench_child_fd(session->child),
			  EPOLLIN);
	zloop_signal(party->loop, SIGINT, on_signal, session);
	zloop_signal(party->loop, SIGTERM, on_signal, session);
	zbench_party_plan(party, &session->set->plan);
	zbench_start(party->bench);
	while (!session->interrupted && (!party->finished || (both && !session->child_done)))
		zloop_run(party->loop);
	zloop_remove(party->loop, &session->child_io);
	zbench_party_take(party);
}

static void report(const struct session *session)
{
	static const char *const versions[] = {"", "v1", "v2"};
	const struct settings *set = session->set;
	const struct zbench_report what = {
		.plan = &set->plan,
		.way = zway_name(set->options.way),
		.version = versions[set->options.core.max_version],
		.both = set->both,
		.here = &session->party.side,
		.there = session->child ? &session->there : NULL,
	};

	if (set->json)
		zbench_print_json(&what);
	else
		zbench_print(&what);
}

static bool is_good(const struct session *session)
{
	const struct zbench_side *here = &session->party.side, *there = &session->there;

	return !session->interrupted && here->result.failed == 0 && there->result.failed == 0 &&
	       here->corrupt == 0 && there->corrupt == 0;
}

/* Starts the peer process first: a process with a loop is not one to fork. */
static int run_self(struct session *session)
{
	struct settings *set = session->set;
	struct sockaddr_in there, here;
	bool good, peer_good;

	session->child = zbench_child_start(&set->options, &set->plan, set->both, &there);
	if (!session->child)
		return ZCLI_FAILED;
	good = zbench_party_open(&session->party, &set->options, &set->plan);
	if (good) {
		zreal_node_set_peer(session->party.node, set->plan.target, &there);
		here = zreal_node_address(session->party.node);
		good = zbench_child_go(session->child, &here);
	}
	if (good)
		measure(session);
	peer_good = zbench_child_end(session->child, &session->there);
	if (good && peer_good)
		report(session);
	return good && peer_good && is_good(session) ? ZCLI_OK : ZCLI_FAILED;
}

static int run_remote(struct session *session)
{
	if (!zbench_party_open(&session->party, &session->set->options, &session->set->plan))
		return ZCLI_FAILED;
	if (!zcli_set_peers(&session->set->cli, session->party.node))
		return ZCLI_USAGE;
	measure(session);
	report(session);
	return is_good(session) ? ZCLI_OK : ZCLI_FAILED;
}

int zcmd_bench(int argc, char **argv)
{
	struct settings set = {.size = 1 << 20, .window = 8, .seconds = 3};
	struct session session = {.set = &set};
	int status = ZCLI_OK;
	const GOptionEntry own[] = {
		{"self", 0, 0, G_OPTION_ARG_NONE, &set.self,
		 "against a second process on this machine", NULL},
		{"size", 0, 0, G_OPTION_ARG_INT, &set.size, "of each message (1048576)", "BYTES"},
		{"count", 0, 0, G_OPTION_ARG_INT, &set.count, "messages to put", "N"},
		{"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &set.seconds,
		 "how long to put, without --count (3)", "S"},
		{"window", 0, 0, G_OPTION_ARG_INT, &set.window, "messages under way (8)", "N"},
		{"no-zc-ack", 0, 0, G_OPTION_ARG_NONE, &set.no_zc_ack, "ask for no ZC-ACKs", NULL},
		{"no-ack", 0, 0, G_OPTION_ARG_NONE, &set.no_ack,
		 "ask for an LNet ACK of the last message only", NULL},
		{"both", 0, 0, G_OPTION_ARG_NONE, &set.both, "both sides put", NULL},
		{"verify", 0, 0, G_OPTION_ARG_NONE, &set.verify,
		 "check the content; buffers are overwritten when released", NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &set.json, "one JSON object", NULL},
		{0},
	};

	if (zcli_parse(&argc, &argv, &set.cli, own, "bw [NID]",
		       "Puts messages to the sink of `zclnd peer` (portal 50), or of a second "
		       "process\n"
		       "with --self, and prints throughput and what it took.",
		       &status)) {
		if (!set_up(&set, argc, argv))
			status = ZCLI_USAGE;
		else
			status = set.self ? run_self(&session) : run_remote(&session);
		zbench_party_close(&session.party);
	}
	zcli_node_clear(&set.cli);
	return status;
}
