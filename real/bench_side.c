/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/bench_side.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a party ------------------------------------------------------------------------ */

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct zbench_party *party = user;

	if (event->user == &party->sink)
		zsink_event(&party->sink, event);
	else if (party->bench)
		zbench_event(party->bench, event);
}

bool zbench_party_open(struct zbench_party *party, struct zreal_options *options,
		       const struct zbench_plan *plan)
{
	GError *error = NULL;
	enum zcl_err err;

	options->deliver = on_deliver;
	options->user = party;
	party->loop = zloop_new();
	if (!party->loop) {
		zcli_complain("no loop: %s", g_strerror(errno));
		return false;
	}
	party->node = zreal_node_new(party->loop, options, &error);
	if (!party->node) {
		zcli_complain("%s", error->message);
		g_error_free(error);
		return false;
	}
	err = zsink_open(&party->sink, zreal_node_core(party->node), ZCLI_SINK_PORTAL,
			 zbench_sink_size(plan), plan->verify, zreal_node_now(party->node));
	g_assert(err == ZCL_OK);
	return true;
}

static void on_done(void *data)
{
	struct zbench_party *party = data;

	party->finished = true;
	zloop_stop(party->loop);
}

void zbench_party_plan(struct zbench_party *party, const struct zbench_plan *plan)
{
	party->bench = zbench_new(party->loop, party->node, plan, on_done, party);
}

void zbench_party_take(struct zbench_party *party)
{
	struct zbench_side *side = &party->side;

	memset(side, 0, sizeof(*side));
	zfigures_take(&side->figures, party->node);
	side->ran = party->bench != NULL;
	if (party->bench)
		side->result = *zbench_result(party->bench);
	side->verified = party->sink.verify;
	side->puts = party->sink.puts;
	side->corrupt = party->sink.corrupt;
	side->first_corrupt = party->sink.first_corrupt;
}

static void is_down(void *data)
{
	struct zbench_party *party = data;

	zloop_stop(party->loop);
}

void zbench_party_close(struct zbench_party *party)
{
	if (party->node) {
		zreal_node_shutdown(party->node, is_down, party);
		zloop_run(party->loop);
		zbench_free(party->bench);
		zreal_node_free(party->node);
	}
	zsink_close(&party->sink);
	zloop_free(party->loop);
	*party = (struct zbench_party){0};
}

/* ---- the child ---------------------------------------------------------------------- */

struct zbench_child {
	pid_t pid;
	int from, to; /* pipes */
};

/* What the child's loop listens to: the pipe from the parent. */
struct order {
	struct zbench_party *party;
	struct zloop_io io;
	bool over;
};

static bool read_all(int fd, void *to, size_t len)
{
	for (size_t at = 0; at < len;) {
		const ssize_t n = read(fd, (char *)to + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool write_all(int fd, const void *from, size_t len)
{
	for (size_t at = 0; at < len;) {
		const ssize_t n = write(fd, (const char *)from + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* The parent closes its end when all is done. */
static void on_order(void *data, uint32_t events)
{
	struct order *order = data;

	(void)events;
	order->over = true;
	zloop_stop(order->party->loop);
}

static bool child_run(struct zbench_party *party, const struct zbench_plan *plan, bool puts,
		      int from, int to)
{
	struct order order = {.party = party, .io = {.fd = -1, .fn = on_order, .data = &order}};
	const struct sockaddr_in here = zreal_node_address(party->node);
	struct sockaddr_in there;
	const char done = 'd';

	if (!write_all(to, &here, sizeof(here)) || !read_all(from, &there, sizeof(there)))
		return false;
	zreal_node_set_peer(party->node, plan->target, &there);
	zloop_add(party->loop, &order.io, from, EPOLLIN);
	if (puts) {
		zbench_party_plan(party, plan);
		zbench_start(party->bench);
		while (!party->finished && !order.over)
			zloop_run(party->loop);
		if (!write_all(to, &done, 1))
			return false;
	}
	while (!order.over)
		zloop_run(party->loop);
	zloop_remove(party->loop, &order.io);
	zbench_party_take(party);
	return write_all(to, &party->side, sizeof(party->side));
}

static int child_main(struct zreal_options *options, const struct zbench_plan *plan, bool puts,
		      int from, int to)
{
	struct zbench_party party = {0};
	bool good;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	good = zbench_party_open(&party, options, plan) && child_run(&party, plan, puts, from, to);
	if (good)
		zbench_party_close(&party);
	return good ? 0 : 1;
}

static void derive(const struct zreal_options *mine, const struct zbench_plan *plan,
		   struct zreal_options *theirs, struct zbench_plan *their_plan)
{
	*theirs = *mine;
	theirs->core.nid = plan->target;
	theirs->core.incarnation = 0;
	theirs->listen = zsock_addr(zcl_nid_addr(plan->target), 0);
	*their_plan = *plan;
	their_plan->target = mine->core.nid;
}

struct zbench_child *zbench_child_start(const struct zreal_options *options,
					const struct zbench_plan *plan, bool puts,
					struct sockaddr_in *listens)
{
	struct zreal_options theirs;
	struct zbench_plan their_plan;
	struct zbench_child *child;
	int up[2], down[2];
	pid_t pid;

	derive(options, plan, &theirs, &their_plan);
	if (pipe(up) < 0 || pipe(down) < 0 || (pid = fork()) < 0) {
		zcli_complain("cannot start the peer: %s", g_strerror(errno));
		return NULL;
	}
	if (pid == 0) {
		close(up[0]);
		close(down[1]);
		_exit(child_main(&theirs, &their_plan, puts, down[0], up[1]));
	}
	close(up[1]);
	close(down[0]);
	child = g_new0(struct zbench_child, 1);
	*child = (struct zbench_child){.pid = pid, .from = up[0], .to = down[1]};
	if (read_all(child->from, listens, sizeof(*listens)))
		return child;
	zcli_complain("the peer did not start");
	zbench_child_end(child, NULL);
	return NULL;
}

bool zbench_child_go(struct zbench_child *child, const struct sockaddr_in *here)
{
	return write_all(child->to, here, sizeof(*here));
}

int zbench_child_fd(const struct zbench_child *child)
{
	return child->from;
}

bool zbench_child_end(struct zbench_child *child, struct zbench_side *side)
{
	int status = 0;
	bool good;

	close(child->to);
	good = side && read_all(child->from, side, sizeof(*side));
	close(child->from);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	g_free(child);
	good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (side && !good)
		zcli_complain("the peer process failed");
	return good;
}
