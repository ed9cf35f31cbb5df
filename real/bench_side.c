/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/bench_side.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real/cli_wait.h"
#include "real/pages.h"
#include "real/pattern.h"

/* How often to look whether the connection sets are complete, and for how long, ns. */
#define LOOK_AGAIN INT64_C(1000000)
#define LOOK_LONG  INT64_C(2000000000)

/* ---- a party ------------------------------------------------------------------------ */

/* A PUT landed: on the loop of the peer that sent it. */
static void check_put(struct zbench_party *party, const struct zclnd_event *event)
{
	const uint8_t *sink = event->user;
	unsigned long long none = 0;

	atomic_fetch_add_explicit(&party->puts, 1, memory_order_relaxed);
	if (!party->verify || event->status != ZCLND_OK ||
	    zpattern_check(sink + event->offset, event->mlength, event->hdr_data))
		return;
	if (atomic_fetch_add(&party->corrupt, 1) == 0)
		atomic_compare_exchange_strong(&party->first_corrupt, &none, event->hdr_data);
}

static void on_event(void *user, const struct zclnd_event *event)
{
	struct zbench_party *party = user;

	if (!zbench_event(event) && event->kind == ZCLND_EV_PUT)
		check_put(party, event);
}

static bool open_sink(struct zbench_party *party, size_t at, size_t size)
{
	struct iovec iov;
	struct zclnd_attach attach = {
		.portal = ZCLI_SINK_PORTAL,
		.ignore_bits = ~UINT64_C(0),
		.peer = ZCLND_NID_ANY,
		.options = ZCLND_MD_PUT | ZCLND_MD_TRUNCATE | ZCLND_MD_REMOTE_OFFSET,
		.iov = &iov,
		.niov = 1,
	};

	party->sinks[at] = zpages_new(size);
	if (!party->sinks[at]) {
		zcli_complain("no memory for a sink of %zu bytes", size);
		return false;
	}
	party->sink_size = size;
	iov = (struct iovec){party->sinks[at], size};
	attach.user = party->sinks[at];
	return zclnd_attach(party->nis[at], &attach, NULL) == ZCLND_OK;
}

static bool open_ni(struct zbench_party *party, const struct zclnd_ni_options *options,
		    const struct zbench_plan *plan, zclnd_nid nid)
{
	struct zclnd_ni_options own = *options;
	struct zclnd_error error;

	if (nid != options->nid) {
		own.nid = nid;
		own.listen.sin_addr.s_addr = htonl(zclnd_nid_addr(nid));
	}
	own.on_event = on_event;
	own.user = party;
	party->nis[party->n] = zclnd_ni_new(party->z, &own, &error);
	if (!party->nis[party->n]) {
		zcli_complain("%s", error.text);
		return false;
	}
	party->n++;
	return open_sink(party, party->n - 1, zbench_sink_size(plan));
}

bool zbench_party_open(struct zbench_party *party, const struct zclnd_options *process,
		       const struct zclnd_ni_options *options, const struct zbench_plan *plan,
		       struct zbench_ends *ends)
{
	struct zclnd_error error;

	party->verify = plan->verify;
	party->z = zclnd_new(process, &error);
	if (!party->z) {
		zcli_complain("%s", error.text);
		return false;
	}
	for (size_t i = 0; i < ends->n; i++) {
		if (!open_ni(party, options, plan, ends->nid[i]))
			return false;
		ends->address[i] = zclnd_ni_address(party->nis[i]);
	}
	return zcli_start(party->z);
}

void zbench_party_meet(struct zbench_party *party, const struct zbench_ends *peers)
{
	for (size_t i = 0; i < party->n; i++) {
		for (size_t peer = 0; peer < peers->n; peer++)
			zclnd_peer_set(party->nis[i], peers->nid[peer], &peers->address[peer]);
	}
}

bool zbench_party_plan(struct zbench_party *party, const struct zbench_plan *plan,
		       const struct zbench_ends *peers)
{
	party->bench = zbench_new(plan);
	for (size_t i = 0; i < party->n; i++) {
		for (size_t peer = 0; peer < peers->n; peer++) {
			if (!zbench_add(party->bench, party->nis[i], peers->nid[peer]))
				return false;
		}
	}
	return true;
}

/* The present stage. False: a signal, or the other side is gone. */
static bool wait_for_stage(struct zbench_party *party, int signals)
{
	int signo;
	const bool good =
		zcli_wait(signals, NULL, zbench_fd(party->bench), -1, NULL, &signo) == ZCLI_FD;

	zbench_clear_fd(party->bench);
	return good;
}

bool zbench_party_run(struct zbench_party *party, int signals, int other)
{
	int64_t end;
	int signo;
	char what;

	zbench_connect(party->bench);
	if (!wait_for_stage(party, signals))
		return false;
	for (end = zcli_now() + LOOK_LONG;
	     !zbench_is_connected(party->bench) && zcli_now() < end;) {
		if (zcli_wait(signals, NULL, -1, LOOK_AGAIN, NULL, &signo) == ZCLI_SIGNAL)
			return false;
	}
	zbench_go(party->bench);
	if (!wait_for_stage(party, signals))
		return false;
	if (other < 0)
		return true;
	return zcli_wait(signals, NULL, other, -1, NULL, &signo) == ZCLI_FD &&
	       read(other, &what, 1) == 1;
}

void zbench_party_take(struct zbench_party *party)
{
	struct zbench_side *side = &party->side;

	memset(side, 0, sizeof(*side));
	zfigures_take(&side->figures, party->nis, party->n);
	side->ran = party->bench != NULL;
	if (party->bench)
		side->result = zbench_result(party->bench);
	side->verified = party->verify;
	side->puts = atomic_load(&party->puts);
	side->corrupt = atomic_load(&party->corrupt);
	side->first_corrupt = atomic_load(&party->first_corrupt);
}

void zbench_party_close(struct zbench_party *party)
{
	zclnd_free(party->z);
	zbench_free(party->bench);
	for (size_t i = 0; i < party->n; i++)
		zpages_free(party->sinks[i], party->sink_size);
	*party = (struct zbench_party){0};
}

/* ---- the child ---------------------------------------------------------------------- */

struct zbench_child {
	pid_t pid;
	int from, to; /* pipes */
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

/* The parent closes its end of the pipe when all is done. */
static bool child_run(struct zbench_party *party, const struct zbench_plan *plan, bool puts,
		      struct zbench_ends *mine, int signals, int from, int to)
{
	struct zbench_ends peers;
	const char done = 'd';
	int signo;

	if (!write_all(to, mine, sizeof(*mine)) || !read_all(from, &peers, sizeof(peers)))
		return false;
	zbench_party_meet(party, &peers);
	if (puts) {
		if (!zbench_party_plan(party, plan, &peers) ||
		    !zbench_party_run(party, signals, -1) || !write_all(to, &done, 1))
			return false;
	}
	/* A signal to the whole group is the parent's to act on. */
	while (zcli_wait(signals, NULL, from, -1, NULL, &signo) != ZCLI_FD)
		;
	zbench_party_take(party);
	return write_all(to, &party->side, sizeof(party->side));
}

static int child_main(const struct zclnd_options *process, const struct zclnd_ni_options *options,
		      const struct zbench_plan *plan, bool puts, struct zbench_ends *ends, int from,
		      int to)
{
	struct zbench_party party = {0};
	const int signals = zcli_signals();
	bool good;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	good = zbench_party_open(&party, process, options, plan, ends) &&
	       child_run(&party, plan, puts, ends, signals, from, to);
	if (good)
		zbench_party_close(&party);
	return good ? 0 : 1;
}

struct zbench_child *zbench_child_start(const struct zclnd_options *process,
					const struct zclnd_ni_options *options,
					const struct zbench_plan *plan, bool puts,
					struct zbench_ends *theirs)
{
	struct zbench_child *child;
	int up[2], down[2];
	pid_t pid;

	if (pipe(up) < 0 || pipe(down) < 0 || (pid = fork()) < 0) {
		zcli_complain("cannot start the peer: %s", g_strerror(errno));
		return NULL;
	}
	if (pid == 0) {
		close(up[0]);
		close(down[1]);
		_exit(child_main(process, options, plan, puts, theirs, down[0], up[1]));
	}
	close(up[1]);
	close(down[0]);
	child = g_new0(struct zbench_child, 1);
	*child = (struct zbench_child){.pid = pid, .from = up[0], .to = down[1]};
	if (read_all(child->from, theirs, sizeof(*theirs)))
		return child;
	zcli_complain("the peer did not start");
	zbench_child_end(child, NULL);
	return NULL;
}

bool zbench_child_go(struct zbench_child *child, const struct zbench_ends *mine)
{
	return write_all(child->to, mine, sizeof(*mine));
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
