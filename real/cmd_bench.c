/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "real/bench_side.h"
#include "real/cli_wait.h"
#include "real/commands.h"

#define MAX_WINDOW   4096
#define MAX_VERIFIED ((size_t)256 << 20)

struct settings {
	struct zcli cli;
	struct zcli_setup setup;
	int size, count, window, peers;
	double seconds;
	gboolean self, verify, both, json, no_zc_ack, no_ack;
	struct zbench_plan plan;
	struct zbench_ends here, there;
};

struct session {
	struct settings *set;
	struct zbench_party party;
	struct zbench_child *child;
	struct zbench_side there;
	int signals;
	bool interrupted;
};

/* ---- the command line --------------------------------------------------------------- */

static bool check_numbers(const struct settings *set)
{
	if (set->size < 1 || (size_t)set->size > ZCLND_MTU)
		zcli_complain("bench: --size is 1 to %zu bytes", ZCLND_MTU);
	else if (set->window < 1 || set->window > MAX_WINDOW)
		zcli_complain("bench: --window is 1 to %d", MAX_WINDOW);
	else if (set->count < 0 || !(set->seconds >= 0) || set->seconds > 86400)
		zcli_complain("bench: --count and --seconds are not negative, and not above a day");
	else if (set->peers < 1 || set->peers > ZBENCH_MAX_PEERS)
		zcli_complain("bench: --peers is 1 to %d", ZBENCH_MAX_PEERS);
	else if (set->verify &&
		 (size_t)set->size * (size_t)set->window * (size_t)set->peers > MAX_VERIFIED)
		zcli_complain("bench: --verify takes at most 256 MiB under way (--size x --window "
			      "x --peers)");
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
	if (set->self ? argc != 2 : argc < 3 || argc - 2 > ZBENCH_MAX_PEERS) {
		zcli_complain("bench bw: expected either --self or one NID (or several)");
		return false;
	}
	if (!set->self && (set->both || set->verify || set->peers > 1)) {
		zcli_complain("bench bw: %s needs --self: a peer elsewhere %s",
			      set->both	    ? "--both"
			      : set->verify ? "--verify"
					    : "--peers",
			      set->both	    ? "runs its own bench"
			      : set->verify ? "does not check"
					    : "is named by its NID");
		return false;
	}
	return true;
}

/*
 * Addresses that nobody else uses, on which secure rules mean nothing, chosen so that the peers are
 * shared evenly over the loops of either side.
 */
static void own_addresses(struct settings *set, unsigned threads)
{
	const uint32_t net = 127u << 24 | (uint32_t)g_random_int_range(1, 255) << 16 |
			     (uint32_t)g_random_int_range(0, 256) << 8;
	uint32_t host = 2;

	set->here.n = 1;
	set->here.nid[0] = zclnd_nid_tcp(net | 1, 0);
	set->there.n = (size_t)set->peers;
	for (size_t i = 0; i < set->there.n; i++) {
		const uint32_t last = MIN(host + 64, 254);

		/* A few tries for the loop that is this one's turn. */
		while (host < last &&
		       zclnd_peer_loop(set->here.nid[0], zclnd_nid_tcp(net | host, 0), threads) !=
			       i % threads)
			host++;
		set->there.nid[i] = zclnd_nid_tcp(net | host++, 0);
	}
}

static bool named_targets(struct settings *set, int argc, char **argv)
{
	set->here.n = 1;
	set->there.n = (size_t)(argc - 2);
	for (int i = 2; i < argc; i++) {
		if (!zcli_parse_nid("bench bw", argv[i], &set->there.nid[i - 2]))
			return false;
	}
	set->here.nid[0] = zcli_own_nid(set->there.nid[0]);
	return true;
}

static bool plan_of(struct settings *set)
{
	struct zclnd_ni_options *options = &zcli_first(&set->setup)->options;

	set->here.nid[0] = options->nid;
	for (size_t i = 0; i < set->there.n; i++) {
		if (options->nid != set->there.nid[i])
			continue;
		zcli_complain("bench bw: the target is this side's own NID; choose another with "
			      "--nid");
		return false;
	}
	set->plan = (struct zbench_plan){
		.portal = ZCLI_SINK_PORTAL,
		.size = (size_t)set->size,
		.count = (uint64_t)set->count,
		.duration = (int64_t)(set->seconds * 1e9),
		.window = (unsigned)set->window,
		.lnet_acks = !set->no_ack,
		.verify = set->verify,
		.typed = options->typed,
	};
	options->zc_requests = !set->no_zc_ack;
	options->listens = set->self || set->cli.said.value[ZCLI_LISTEN];
	if (set->self) {
		options->accept = ZCLND_ACCEPT_ALL;
		options->listen.sin_port = 0;
		options->listen.sin_addr.s_addr = htonl(zclnd_nid_addr(options->nid));
	}
	return true;
}

static bool set_up(struct settings *set, int argc, char **argv)
{
	if (!check_numbers(set) || !check_arguments(set, argc, argv))
		return false;
	if (!set->self)
		return named_targets(set, argc, argv) &&
		       zcli_setup(&set->cli, set->here.nid[0], &set->setup) && plan_of(set);
	/* The number of threads decides which addresses are good. */
	if (!zcli_setup(&set->cli, zclnd_nid_tcp(INADDR_LOOPBACK, 0), &set->setup))
		return false;
	own_addresses(set, set->setup.options.threads);
	if (!set->cli.said.value[ZCLI_NID])
		zcli_first(&set->setup)->options.nid = set->here.nid[0];
	return plan_of(set);
}

/* ---- the session -------------------------------------------------------------------- */

static bool measure(struct session *session)
{
	const struct settings *set = session->set;
	struct zbench_party *party = &session->party;
	const int other = set->both && session->child ? zbench_child_fd(session->child) : -1;

	if (!zbench_party_plan(party, &set->plan, &set->there))
		return false;
	session->interrupted = !zbench_party_run(party, session->signals, other);
	/* What is under way then ends, with an error. */
	if (session->interrupted)
		zclnd_stop(party->z);
	zbench_party_take(party);
	return true;
}

static void report(const struct session *session)
{
	static const char *const versions[] = {"", "v1", "v2"};
	const struct settings *set = session->set;
	const struct zclnd_ni_options *options = &zcli_first(&set->setup)->options;
	const struct zbench_report what = {
		.plan = &set->plan,
		.peers = set->there.n,
		.threads = set->setup.options.threads,
		.way = zclnd_way_name(options->way),
		.version = versions[options->version],
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

static bool open_here(struct session *session)
{
	struct settings *set = session->set;

	return zbench_party_open(&session->party, &set->setup.options,
				 &zcli_first(&set->setup)->options, &set->plan, &set->here);
}

/* Starts the peer process first: a process with threads is not one to fork. */
static int run_self(struct session *session)
{
	struct settings *set = session->set;
	bool good, peer_good;

	session->child = zbench_child_start(&set->setup.options, &zcli_first(&set->setup)->options,
					    &set->plan, set->both, &set->there);
	if (!session->child)
		return ZCLI_FAILED;
	good = open_here(session);
	if (good) {
		zbench_party_meet(&session->party, &set->there);
		good = zbench_child_go(session->child, &set->here) && measure(session);
	}
	peer_good = zbench_child_end(session->child, &session->there);
	if (good && peer_good)
		report(session);
	return good && peer_good && is_good(session) ? ZCLI_OK : ZCLI_FAILED;
}

static int run_remote(struct session *session)
{
	const GArray *peers = zcli_first(&session->set->setup)->peers;

	if (!open_here(session))
		return ZCLI_FAILED;
	for (guint i = 0; i < peers->len; i++) {
		const struct zcli_peer *at = &g_array_index(peers, struct zcli_peer, i);

		zclnd_peer_set(session->party.nis[0], at->nid, &at->address);
	}
	if (!measure(session))
		return ZCLI_FAILED;
	report(session);
	return is_good(session) ? ZCLI_OK : ZCLI_FAILED;
}

int zcmd_bench(int argc, char **argv)
{
	struct settings set = {.size = 1 << 20, .window = 8, .seconds = 3, .peers = 1};
	struct session session = {.set = &set};
	int status = ZCLI_OK;
	const GOptionEntry own[] = {
		{"self", 0, 0, G_OPTION_ARG_NONE, &set.self,
		 "against a second process on this machine", NULL},
		{"size", 0, 0, G_OPTION_ARG_INT, &set.size, "of each message (1048576)", "BYTES"},
		{"peers", 0, 0, G_OPTION_ARG_INT, &set.peers,
		 "how many peers the second process is (1)", "N"},
		{"count", 0, 0, G_OPTION_ARG_INT, &set.count, "messages to put to each peer", "N"},
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

	if (zcli_parse(&argc, &argv, &set.cli, own, false, "bw [NID...]",
		       "Puts messages to the sink of `zclnd peer` (portal 50), or of a second "
		       "process\n"
		       "with --self, and prints throughput and what it took.",
		       &status)) {
		session.signals = zcli_signals();
		if (!set_up(&set, argc, argv))
			status = ZCLI_USAGE;
		else
			status = set.self ? run_self(&session) : run_remote(&session);
		zbench_party_close(&session.party);
		close(session.signals);
	}
	zcli_setup_clear(&set.setup);
	zcli_clear(&set.cli);
	return status;
}
