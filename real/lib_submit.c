/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include <sched.h>
#include <string.h>

/* PUTs, GETs and pings: on the peer's loop at once, from other threads by way of its ring. */

/* Operations that one pass of a loop takes from its ring: the rest waits for the next. */
#define OPS_PER_PASS 256

enum op_kind { OP_PUT, OP_GET, OP_PING };

struct op {
	struct zl_part *part;
	enum op_kind kind;
	bool want_ack;
	uint32_t portal, offset;
	zclnd_nid target;
	uint64_t match_bits, hdr_data;
	void *user;
	struct zclnd_ping_info *info;
	size_t niov;
	struct iovec iov[ZCLND_MAX_IOV];
};

static size_t length_of(const struct iovec *iov, size_t niov)
{
	size_t length = 0;

	for (size_t i = 0; i < niov; i++)
		length += iov[i].iov_len;
	return length;
}

/* What the core carries for a ping instead of the program's pointer. */
struct ping {
	struct zclnd_ping_info *info;
	void *user;
};

size_t zl_op_size(void)
{
	return sizeof(struct op);
}

void *zl_ping_over(void *user, const struct zcl_ping_info *ping)
{
	struct ping *over = user;
	void *own = over->user;

	if (ping) {
		over->info->features = ping->features;
		over->info->pid = ping->pid;
		over->info->nnis = MIN(ping->nnis, ZCLND_PING_MAX_NIS);
		for (uint32_t i = 0; i < over->info->nnis; i++) {
			over->info->ni[i].nid = ping->ni[i].nid;
			over->info->ni[i].status = ping->ni[i].status;
		}
	}
	g_free(over);
	return own;
}

/* ---- on the loop's thread ----------------------------------------------------------- */

static enum zcl_err put_now(struct zl_part *part, const struct zclnd_put *put)
{
	const struct zcl_put core = {
		.target = put->target,
		.portal = put->portal,
		.match_bits = put->match_bits,
		.hdr_data = put->hdr_data,
		.offset = put->offset,
		.iov = put->iov,
		.niov = put->niov,
		.want_ack = put->want_ack,
		.user = put->user,
	};

	return zcl_lnet_put(zreal_node_core(part->node), &core, zreal_node_recent(part->node));
}

static enum zcl_err get_now(struct zl_part *part, const struct zclnd_get *get)
{
	const struct zcl_get core = {
		.target = get->target,
		.portal = get->portal,
		.match_bits = get->match_bits,
		.src_offset = get->src_offset,
		.iov = get->iov,
		.niov = get->niov,
		.user = get->user,
	};

	return zcl_lnet_get(zreal_node_core(part->node), &core, zreal_node_recent(part->node));
}

static enum zcl_err ping_now(struct zl_part *part, zclnd_nid target, struct zclnd_ping_info *info,
			     void *user)
{
	struct ping *ping = g_new(struct ping, 1);
	enum zcl_err err;

	*ping = (struct ping){info, user};
	err = zcl_lnet_ping(zreal_node_core(part->node), target, ping,
			    zreal_node_recent(part->node));
	if (err != ZCL_OK)
		g_free(ping);
	return err;
}

static enum zcl_err do_op(const struct op *op)
{
	const struct zclnd_put put = {
		.target = op->target,
		.portal = op->portal,
		.match_bits = op->match_bits,
		.hdr_data = op->hdr_data,
		.offset = op->offset,
		.iov = op->iov,
		.niov = op->niov,
		.want_ack = op->want_ack,
		.user = op->user,
	};
	const struct zclnd_get get = {
		.target = op->target,
		.portal = op->portal,
		.match_bits = op->match_bits,
		.src_offset = op->offset,
		.iov = op->iov,
		.niov = op->niov,
		.user = op->user,
	};

	switch (op->kind) {
	case OP_PUT:
		return put_now(op->part, &put);
	case OP_GET:
		return get_now(op->part, &get);
	case OP_PING:
		return ping_now(op->part, op->target, op->info, op->user);
	}
	g_assert_not_reached();
}

static void run_op(const struct op *op)
{
	enum zcl_err err;
	struct zclnd_event failed;

	zl_catch_up(op->part);
	err = do_op(op);
	zreal_node_kick(op->part->node);
	if (err == ZCL_OK)
		return;
	failed = (struct zclnd_event){
		.kind = op->kind == OP_PUT ? ZCLND_EV_SEND : ZCLND_EV_REPLY,
		.status = (enum zclnd_err)err,
		.final = true,
		.peer = op->target,
		.portal = op->portal,
		.match_bits = op->match_bits,
		.hdr_data = op->hdr_data,
		.rlength = length_of(op->iov, op->niov),
		.user = op->user,
	};
	zl_event_failed(op->part, &failed);
}

bool zl_ops_wait(void *data)
{
	const struct zl_loop *loop = data;

	return zring_peek(loop->ring) != NULL;
}

bool zl_ops_run(void *data)
{
	struct zl_loop *loop = data;
	const struct op *op;
	int n;

	for (n = 0; n < OPS_PER_PASS && (op = zring_peek(loop->ring)); n++) {
		run_op(op);
		zring_pop(loop->ring);
	}
	return n > 0;
}

void zl_ops_drain(struct zl_loop *loop)
{
	/* A slot may be claimed and not committed yet: its thread is about to. */
	while (!zring_is_drained(loop->ring)) {
		if (!zl_ops_run(loop))
			sched_yield();
	}
}

/* ---- on any thread ------------------------------------------------------------------ */

/* What the core would refuse, so that it need not come back as an event. */
static enum zclnd_err check(const struct zclnd_ni *ni, zclnd_nid target, uint32_t portal,
			    const struct iovec *iov, size_t niov)
{
	if (zcl_nid_net_type(target) != ZCL_NET_TCP || target == ZCL_NID_ANY ||
	    target == ni->options.nid || portal >= ZCLND_PORTALS || niov > ZCLND_MAX_IOV ||
	    length_of(iov, niov) > ZCLND_MTU)
		return ZCLND_E_INVALID;
	return ZCLND_OK;
}

static enum zclnd_err hand_over(const struct op *op)
{
	const struct zl_loop *loop = op->part->loop;
	uint64_t ticket;
	void *slot;

	switch (zring_claim(loop->ring, &slot, &ticket)) {
	case ZRING_OK:
		memcpy(slot, op, offsetof(struct op, iov) + op->niov * sizeof(op->iov[0]));
		zring_commit(loop->ring, ticket);
		zloop_wake(loop->loop);
		return ZCLND_OK;
	case ZRING_FULL:
		return ZCLND_E_LIMIT;
	case ZRING_CLOSED:
		break;
	}
	return ZCLND_E_SHUTDOWN;
}

static enum zclnd_err took(struct zl_part *part, enum zcl_err err)
{
	zreal_node_kick(part->node);
	return (enum zclnd_err)err;
}

enum zclnd_err zclnd_put(struct zclnd_ni *ni, const struct zclnd_put *put)
{
	struct zl_part *part = zl_part_of(ni, put->target);
	enum zclnd_err err;
	struct op op;

	if (zl_is_here(part->loop)) {
		zl_catch_up(part);
		return took(part, put_now(part, put));
	}
	err = check(ni, put->target, put->portal, put->iov, put->niov);
	if (err != ZCLND_OK)
		return err;
	op.part = part;
	op.kind = OP_PUT;
	op.want_ack = put->want_ack;
	op.portal = put->portal;
	op.offset = put->offset;
	op.target = put->target;
	op.match_bits = put->match_bits;
	op.hdr_data = put->hdr_data;
	op.user = put->user;
	op.info = NULL;
	op.niov = put->niov;
	memcpy(op.iov, put->iov, put->niov * sizeof(op.iov[0]));
	return hand_over(&op);
}

enum zclnd_err zclnd_get(struct zclnd_ni *ni, const struct zclnd_get *get)
{
	struct zl_part *part = zl_part_of(ni, get->target);
	enum zclnd_err err;
	struct op op;

	/* That is zclnd_ping's, whose answers are read here. */
	if (get->portal == ZCL_PING_PORTAL && get->match_bits == ZCL_PING_MATCHBITS)
		return ZCLND_E_INVALID;
	if (zl_is_here(part->loop)) {
		zl_catch_up(part);
		return took(part, get_now(part, get));
	}
	err = check(ni, get->target, get->portal, get->iov, get->niov);
	if (err != ZCLND_OK)
		return err;
	op.part = part;
	op.kind = OP_GET;
	op.want_ack = false;
	op.portal = get->portal;
	op.offset = get->src_offset;
	op.target = get->target;
	op.match_bits = get->match_bits;
	op.hdr_data = 0;
	op.user = get->user;
	op.info = NULL;
	op.niov = get->niov;
	memcpy(op.iov, get->iov, get->niov * sizeof(op.iov[0]));
	return hand_over(&op);
}

enum zclnd_err zclnd_ping(struct zclnd_ni *ni, zclnd_nid target, struct zclnd_ping_info *info,
			  void *user)
{
	struct zl_part *part = zl_part_of(ni, target);
	const struct op op = {
		.part = part,
		.kind = OP_PING,
		.portal = ZCL_PING_PORTAL,
		.match_bits = ZCL_PING_MATCHBITS,
		.target = target,
		.user = user,
		.info = info,
	};
	enum zclnd_err err;

	if (zl_is_here(part->loop)) {
		zl_catch_up(part);
		return took(part, ping_now(part, target, info, user));
	}
	err = check(ni, target, ZCL_PING_PORTAL, NULL, 0);
	return err == ZCLND_OK ? hand_over(&op) : err;
}
