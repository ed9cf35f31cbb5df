/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/bench.h"

#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "real/cli.h"
#include "real/cli_wait.h"
#include "real/pattern.h"

#define PAGE	  4096
#define OVERWRITE 0xdb

struct slot {
	struct lane *lane;
	uint8_t *buffer; /* all of a lane share one unless the content is verified */
	enum zclnd_err error;
	struct slot *next_free;
};

enum stage { STAGE_CONNECT, STAGE_RUN, STAGE_OVER };

/* One peer; touched on its loop alone while it runs. */
struct lane {
	struct zbench *bench;
	struct zclnd_ni *ni;
	zclnd_nid target;
	struct zclnd_ping_info info;
	enum stage stage;
	struct slot *slots, *free;
	struct zclnd_mem *memory;
	unsigned busy;
	bool last_sent;
	struct zbench_result result;
	int64_t started, ended;
};

struct zbench {
	struct zbench_plan plan;
	GPtrArray *lanes;
	atomic_uint waiting; /* lanes that the present stage is not over for */
	int fd;
	int64_t cpu_started, cpu_ended;
};

static int64_t cpu_now(void)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_SELF, &usage);
	return ((int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) *
	       1000;
}

static void note_failure(struct lane *lane, enum zclnd_err err)
{
	lane->result.failed++;
	if (lane->result.error == ZCLND_OK)
		lane->result.error = err;
}

/* The present stage is over for this lane. */
static void stage_is_over(struct lane *lane)
{
	struct zbench *bench = lane->bench;
	const uint64_t one = 1;

	if (atomic_fetch_sub(&bench->waiting, 1) != 1)
		return;
	bench->cpu_ended = cpu_now();
	if (write(bench->fd, &one, sizeof(one)) < 0)
		g_assert(errno == EAGAIN);
}

static void finish(struct lane *lane)
{
	if (lane->stage == STAGE_OVER)
		return;
	lane->stage = STAGE_OVER;
	lane->ended = zcli_now();
	stage_is_over(lane);
}

/* ---- submitting: on the lane's loop ------------------------------------------------- */

static bool is_last(const struct lane *lane)
{
	const struct zbench_plan *plan = &lane->bench->plan;

	if (plan->count)
		return lane->result.submitted + 1 >= plan->count;
	return zcli_now() - lane->started >= plan->duration;
}

/* False: no more for now. */
static bool submit(struct lane *lane)
{
	const struct zbench_plan *plan = &lane->bench->plan;
	struct slot *slot = lane->free;
	const struct iovec iov = {slot->buffer, plan->size};
	const bool last = is_last(lane);
	const struct zclnd_put put = {
		.target = lane->target,
		.portal = plan->portal,
		.hdr_data = lane->result.submitted,
		/* What is under way together may arrive on two connections: each has its place. */
		.offset = plan->verify ? (uint32_t)((size_t)(slot - lane->slots) * plan->size) : 0,
		.iov = &iov,
		.niov = 1,
		.want_ack = plan->lnet_acks || last,
		.user = slot,
	};
	enum zclnd_err err;

	if (plan->verify)
		zpattern_fill(slot->buffer, plan->size, put.hdr_data);
	err = zclnd_put(lane->ni, &put);
	if (err == ZCLND_E_LIMIT && lane->busy > 0)
		return false; /* again after the next event */
	if (err != ZCLND_OK) {
		note_failure(lane, err);
		lane->last_sent = true;
		return false;
	}
	lane->result.submitted++;
	lane->last_sent = last;
	lane->free = slot->next_free;
	slot->error = ZCLND_OK;
	lane->busy++;
	return true;
}

static void go_on(struct lane *lane)
{
	if (lane->result.failed)
		lane->last_sent = true;
	while (lane->free && !lane->last_sent) {
		if (!submit(lane))
			break;
	}
	if (lane->last_sent && lane->busy == 0)
		finish(lane);
}

/* ---- events ------------------------------------------------------------------------- */

static void ping_answered(struct lane *lane, const struct zclnd_event *event)
{
	if (event->status != ZCLND_OK)
		note_failure(lane, event->status);
	if (lane->stage == STAGE_CONNECT) {
		stage_is_over(lane);
		return;
	}
	lane->started = zcli_now();
	go_on(lane);
}

static void put_event(struct slot *slot, const struct zclnd_event *event)
{
	struct lane *lane = slot->lane;

	/* Ours again: whoever still reads it sees this. */
	if (event->kind == ZCLND_EV_SEND && lane->bench->plan.verify)
		memset(slot->buffer, OVERWRITE, lane->bench->plan.size);
	if (slot->error == ZCLND_OK)
		slot->error = event->status;
	if (!event->final)
		return;
	slot->next_free = lane->free;
	lane->free = slot;
	lane->busy--;
	if (slot->error == ZCLND_OK) {
		lane->result.completed++;
		lane->result.bytes += event->rlength;
	} else {
		note_failure(lane, slot->error);
	}
	go_on(lane);
}

bool zbench_event(const struct zclnd_event *event)
{
	switch (event->kind) {
	case ZCLND_EV_REPLY:
		ping_answered(event->user, event);
		return true;
	case ZCLND_EV_SEND:
	case ZCLND_EV_ACK:
		put_event(event->user, event);
		return true;
	default:
		return false;
	}
}

/* ---- the master --------------------------------------------------------------------- */

static void ping_all(struct zbench *bench, enum stage stage)
{
	atomic_store(&bench->waiting, bench->lanes->len);
	for (guint i = 0; i < bench->lanes->len; i++) {
		struct lane *lane = bench->lanes->pdata[i];
		enum zclnd_err err;

		lane->stage = stage;
		err = zclnd_ping(lane->ni, lane->target, &lane->info, lane);
		if (err == ZCLND_OK)
			continue;
		note_failure(lane, err);
		stage_is_over(lane);
	}
}

void zbench_connect(struct zbench *bench)
{
	ping_all(bench, STAGE_CONNECT);
}

bool zbench_is_connected(struct zbench *bench)
{
	const size_t whole = bench->plan.typed ? 3 : 1;

	for (guint i = 0; i < bench->lanes->len; i++) {
		const struct lane *lane = bench->lanes->pdata[i];
		struct zclnd_peer_info info;

		if (!lane->result.failed &&
		    zclnd_peer_info(lane->ni, lane->target, &info) == ZCLND_OK &&
		    info.conns_up < whole)
			return false;
	}
	return true;
}

void zbench_go(struct zbench *bench)
{
	bench->cpu_started = cpu_now();
	ping_all(bench, STAGE_RUN);
}

int zbench_fd(const struct zbench *bench)
{
	return bench->fd;
}

void zbench_clear_fd(const struct zbench *bench)
{
	uint64_t count;

	if (read(bench->fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
}

struct zbench_result zbench_result(const struct zbench *bench)
{
	struct zbench_result sum = {0};
	int64_t first = INT64_MAX, last = 0;

	for (guint i = 0; i < bench->lanes->len; i++) {
		const struct lane *lane = bench->lanes->pdata[i];

		sum.submitted += lane->result.submitted;
		sum.completed += lane->result.completed;
		sum.failed += lane->result.failed;
		sum.bytes += lane->result.bytes;
		if (sum.error == ZCLND_OK)
			sum.error = lane->result.error;
		if (lane->started == 0)
			continue;
		first = MIN(first, lane->started);
		last = MAX(last, lane->ended);
	}
	if (last > first) {
		sum.elapsed = last - first;
		sum.cpu = bench->cpu_ended - bench->cpu_started;
	}
	return sum;
}

/* ---- life --------------------------------------------------------------------------- */

size_t zbench_sink_size(const struct zbench_plan *plan)
{
	return MAX(ZCLND_MTU, plan->verify ? plan->size * plan->window : 0);
}

struct zbench *zbench_new(const struct zbench_plan *plan)
{
	struct zbench *bench = g_new0(struct zbench, 1);

	g_assert(plan->size > 0 && plan->size <= ZCLND_MTU && plan->window > 0);
	bench->plan = *plan;
	bench->lanes = g_ptr_array_new();
	bench->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (bench->fd < 0)
		g_error("eventfd: %s", g_strerror(errno));
	return bench;
}

bool zbench_add(struct zbench *bench, struct zclnd_ni *ni, zclnd_nid target)
{
	const struct zbench_plan *plan = &bench->plan;
	const size_t stride = (plan->size + PAGE - 1) / PAGE * PAGE;
	const size_t buffers = plan->verify ? plan->window : 1;
	struct lane *lane = g_new0(struct lane, 1);
	struct zclnd_error error;
	uint8_t *memory;

	lane->bench = bench;
	lane->ni = ni;
	lane->target = target;
	g_ptr_array_add(bench->lanes, lane);
	lane->slots = g_new0(struct slot, plan->window);
	lane->memory = zclnd_mem_new(stride * buffers, &error);
	if (!lane->memory) {
		zcli_complain("%s", error.text);
		return false;
	}
	memory = zclnd_mem_data(lane->memory);
	memset(memory, 0x5a, stride * buffers);
	for (unsigned i = 0; i < plan->window; i++) {
		lane->slots[i].lane = lane;
		lane->slots[i].buffer = memory + (plan->verify ? i * stride : 0);
		lane->slots[i].next_free = lane->free;
		lane->free = &lane->slots[i];
	}
	return true;
}

void zbench_free(struct zbench *bench)
{
	if (!bench)
		return;
	for (guint i = 0; i < bench->lanes->len; i++) {
		struct lane *lane = bench->lanes->pdata[i];

		zclnd_mem_free(lane->memory);
		g_free(lane->slots);
		g_free(lane);
	}
	g_ptr_array_unref(bench->lanes);
	close(bench->fd);
	g_free(bench);
}
