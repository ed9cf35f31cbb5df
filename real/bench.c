/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "real/mem.h"
#include "real/sink.h"

/* How often to look whether the connection set is complete, and for how long, ns. */
#define LOOK_AGAIN 1000000
#define LOOK_LONG  2000000000
#define PAGE	   4096
#define OVERWRITE  0xdb

struct slot {
	uint8_t *buffer; /* all share one unless the content is verified */
	enum zcl_err error;
	struct slot *next_free;
};

struct zbench {
	struct zloop *loop;
	struct zreal_node *node;
	struct zbench_plan plan;
	struct zbench_result result;
	struct slot *slots, *free;
	struct zmem *memory;
	unsigned busy;
	bool last_sent, over;
	int64_t answered, started, cpu_started;
	struct zloop_work go_on;
	struct zloop_timer look;
	void (*done)(void *data);
	void *data;
};

static int64_t cpu_now(void)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_SELF, &usage);
	return ((int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) *
	       1000;
}

static void finish(struct zbench *bench)
{
	if (bench->over)
		return;
	bench->over = true;
	zloop_timer_cancel(bench->loop, &bench->look);
	if (bench->started) {
		bench->result.elapsed = zloop_now() - bench->started;
		bench->result.cpu = cpu_now() - bench->cpu_started;
	}
	bench->done(bench->data);
}

static void note_failure(struct zbench *bench, enum zcl_err err)
{
	bench->result.failed++;
	if (bench->result.error == ZCL_OK)
		bench->result.error = err;
}

/* ---- submitting --------------------------------------------------------------------- */

static bool is_last(const struct zbench *bench)
{
	if (bench->plan.count)
		return bench->result.submitted + 1 >= bench->plan.count;
	return zloop_now() - bench->started >= bench->plan.duration;
}

/* False: no more for now. */
static bool submit(struct zbench *bench)
{
	struct slot *slot = bench->free;
	const struct zbench_plan *plan = &bench->plan;
	const struct iovec iov = {slot->buffer, plan->size};
	const bool last = is_last(bench);
	const struct zcl_put put = {
		.target = plan->target,
		.portal = plan->portal,
		.hdr_data = bench->result.submitted,
		/* What is under way together may arrive on two connections: each has its place. */
		.offset = plan->verify ? (uint32_t)((size_t)(slot - bench->slots) * plan->size) : 0,
		.iov = &iov,
		.niov = 1,
		.want_ack = plan->lnet_acks || last,
		.user = slot,
	};
	enum zcl_err err;

	if (plan->verify)
		zpattern_fill(slot->buffer, plan->size, put.hdr_data);
	err = zcl_lnet_put(zreal_node_core(bench->node), &put, zreal_node_now(bench->node));
	if (err == ZCL_E_LIMIT && bench->busy > 0)
		return false; /* again after the next event */
	if (err != ZCL_OK) {
		note_failure(bench, err);
		bench->last_sent = true;
		return false;
	}
	bench->result.submitted++;
	bench->last_sent = last;
	bench->free = slot->next_free;
	slot->error = ZCL_OK;
	bench->busy++;
	return true;
}

static void fill_window(struct zbench *bench)
{
	while (bench->free && !bench->last_sent) {
		if (!submit(bench))
			break;
	}
	zreal_node_kick(bench->node);
}

static void go_on(void *data)
{
	struct zbench *bench = data;

	if (bench->over)
		return;
	if (bench->result.failed)
		bench->last_sent = true;
	if (!bench->last_sent)
		fill_window(bench);
	if (bench->last_sent && bench->busy == 0)
		finish(bench);
}

/* ---- events: from inside the core --------------------------------------------------- */

static bool is_slot(const struct zbench *bench, const void *user)
{
	const uintptr_t at = (uintptr_t)user, first = (uintptr_t)bench->slots;

	return at >= first && at < first + bench->plan.window * sizeof(struct slot);
}

static void ping_answered(struct zbench *bench, const struct zcl_lnet_event *event)
{
	if (event->status != ZCL_OK) {
		note_failure(bench, event->status);
		bench->last_sent = true;
		zloop_work_queue(bench->loop, &bench->go_on);
		return;
	}
	bench->answered = zloop_now();
	zloop_timer_set(bench->loop, &bench->look, 0);
}

bool zbench_event(struct zbench *bench, const struct zcl_lnet_event *event)
{
	struct slot *slot = event->user;

	if (event->user == bench && event->kind == ZCL_LNET_EV_REPLY) {
		ping_answered(bench, event);
		return true;
	}
	if (!is_slot(bench, slot))
		return false;
	/* Ours again: whoever still reads it sees this. */
	if (event->kind == ZCL_LNET_EV_SEND && bench->plan.verify)
		memset(slot->buffer, OVERWRITE, bench->plan.size);
	if (slot->error == ZCL_OK)
		slot->error = event->status;
	if (!event->final)
		return true;
	slot->next_free = bench->free;
	bench->free = slot;
	bench->busy--;
	if (slot->error == ZCL_OK) {
		bench->result.completed++;
		bench->result.bytes += event->rlength;
	} else {
		note_failure(bench, slot->error);
	}
	zloop_work_queue(bench->loop, &bench->go_on);
	return true;
}

/* ---- starting ----------------------------------------------------------------------- */

static void look(void *data)
{
	struct zbench *bench = data;
	struct zcl_node *core = zreal_node_core(bench->node);
	const size_t whole = zcl_node_config(core)->typed ? 3 : 1;
	struct zcl_peer_info info;

	if (zcl_node_peer_info(core, bench->plan.target, &info) == ZCL_OK &&
	    info.conns_up < whole && zloop_now() - bench->answered < LOOK_LONG) {
		zloop_timer_set(bench->loop, &bench->look, zloop_now() + LOOK_AGAIN);
		return;
	}
	bench->started = zloop_now();
	bench->cpu_started = cpu_now();
	zloop_work_queue(bench->loop, &bench->go_on);
}

void zbench_start(struct zbench *bench)
{
	const enum zcl_err err = zcl_lnet_ping(zreal_node_core(bench->node), bench->plan.target,
					       bench, zreal_node_now(bench->node));

	zreal_node_kick(bench->node);
	if (err == ZCL_OK)
		return;
	note_failure(bench, err);
	bench->last_sent = true;
	zloop_work_queue(bench->loop, &bench->go_on);
}

size_t zbench_sink_size(const struct zbench_plan *plan)
{
	return MAX(ZCL_LNET_MTU, plan->verify ? plan->size * plan->window : 0);
}

struct zbench *zbench_new(struct zloop *loop, struct zreal_node *node,
			  const struct zbench_plan *plan, void (*done)(void *data), void *data)
{
	struct zbench *bench = g_new0(struct zbench, 1);
	const size_t stride = (plan->size + PAGE - 1) / PAGE * PAGE;
	const size_t buffers = plan->verify ? plan->window : 1;
	GError *error = NULL;
	uint8_t *memory;

	g_assert(plan->size > 0 && plan->size <= ZCL_LNET_MTU && plan->window > 0);
	bench->loop = loop;
	bench->node = node;
	bench->plan = *plan;
	bench->slots = g_new0(struct slot, plan->window);
	bench->memory = zmem_new(stride * buffers, &error);
	if (!bench->memory)
		g_error("%s", error->message);
	memory = zmem_data(bench->memory);
	memset(memory, 0x5a, stride * buffers);
	for (unsigned i = 0; i < plan->window; i++) {
		bench->slots[i].buffer = memory + (plan->verify ? i * stride : 0);
		bench->slots[i].next_free = bench->free;
		bench->free = &bench->slots[i];
	}
	bench->go_on = (struct zloop_work){.fn = go_on, .data = bench};
	bench->look = (struct zloop_timer){.fn = look, .data = bench};
	bench->done = done;
	bench->data = data;
	return bench;
}

const struct zbench_result *zbench_result(const struct zbench *bench)
{
	return &bench->result;
}

void zbench_free(struct zbench *bench)
{
	if (!bench)
		return;
	zloop_work_cancel(bench->loop, &bench->go_on);
	zloop_timer_cancel(bench->loop, &bench->look);
	zmem_free(bench->memory);
	g_free(bench->slots);
	g_free(bench);
}
