/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "tests/real/pair.h"

#include <string.h>

/* Far above what any test needs, far below what a person would wait for. */
#define HANGS_NS INT64_C(60000000000)
/* How often to look at what no event announces. */
#define LOOK_NS 1000000

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct pair_end *end = user;

	if (end->on_event)
		end->on_event(end, event);
	if (event->user == &end->sink) {
		zsink_event(&end->sink, event);
	} else {
		end->final += event->final;
		if (event->status) {
			end->error = event->status;
			end->failed += event->final;
		}
		end->acks += event->kind == ZCL_LNET_EV_ACK;
		if (event->ping) {
			end->replies++;
			end->ping = *event->ping;
		}
	}
	zloop_stop(end->pair->loop);
}

static void on_trace(void *user, const struct zcl_event *event)
{
	struct pair_end *end = user;

	end->counts[event->kind]++;
	zloop_stop(end->pair->loop);
}

static void hangs(void *data)
{
	(void)data;
	g_error("what is waited for does not happen");
}

static void look(void *data)
{
	struct pair *pair = data;

	zloop_stop(pair->loop);
}

void pair_init(struct pair *pair)
{
	const uint32_t net = 127u << 24 | (uint32_t)g_test_rand_int_range(1, 255) << 16 |
			     (uint32_t)g_random_int_range(0, 256) << 8;

	memset(pair, 0, sizeof(*pair));
	pair->loop = zloop_new();
	g_assert_nonnull(pair->loop);
	pair->guard = (struct zloop_timer){.fn = hangs};
	pair->look = (struct zloop_timer){.fn = look, .data = pair};
	for (int i = 0; i < 2; i++) {
		struct pair_end *end = &pair->end[i];

		end->pair = pair;
		end->nid = zcl_nid_tcp(net | (uint32_t)(i + 1), 0);
		zreal_options_init(&end->options, end->nid);
		end->options.listen.sin_port = 0;
		end->options.accept = ZREAL_ACCEPT_ALL;
		end->options.only_known_peers = true;
		end->options.core.min_reconnect = 10000000;
		end->options.deliver = on_deliver;
		end->options.trace = on_trace;
		end->options.user = end;
	}
}

void pair_start(struct pair *pair, int which)
{
	struct pair_end *end = &pair->end[which];
	GError *error = NULL;

	end->node = zreal_node_new(pair->loop, &end->options, &error);
	g_assert_no_error(error);
	g_assert_nonnull(end->node);
	g_assert_cmpint(zsink_open(&end->sink, zreal_node_core(end->node), PAIR_PORTAL,
				   ZCL_LNET_MTU, true, zreal_node_now(end->node)),
			==, ZCL_OK);
}

void pair_meet(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		const struct sockaddr_in addr = zreal_node_address(pair->end[!i].node);

		zreal_node_set_peer(pair->end[i].node, pair->end[!i].nid, &addr);
	}
}

void pair_start_both(struct pair *pair)
{
	pair_start(pair, LEFT);
	pair_start(pair, RIGHT);
	pair_meet(pair);
}

void pair_wait(struct pair *pair, bool (*done)(const struct pair *pair))
{
	zloop_timer_set(pair->loop, &pair->guard, zloop_now() + HANGS_NS);
	while (!done(pair)) {
		zloop_timer_set(pair->loop, &pair->look, zloop_now() + LOOK_NS);
		zloop_run(pair->loop);
	}
	zloop_timer_cancel(pair->loop, &pair->guard);
	zloop_timer_cancel(pair->loop, &pair->look);
}

bool pair_settled(const struct pair *pair)
{
	return pair->end[LEFT].final == pair->end[LEFT].submitted &&
	       pair->end[RIGHT].final == pair->end[RIGHT].submitted;
}

static void is_down(void *data)
{
	struct pair_end *end = data;

	zreal_node_free(end->node);
	end->node = NULL;
	zloop_stop(end->pair->loop);
}

static bool both_down(const struct pair *pair)
{
	return !pair->end[LEFT].node && !pair->end[RIGHT].node;
}

void pair_clear(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		if (pair->end[i].node)
			zreal_node_shutdown(pair->end[i].node, is_down, &pair->end[i]);
	}
	pair_wait(pair, both_down);
	for (int i = 0; i < 2; i++)
		zsink_close(&pair->end[i].sink);
	zloop_free(pair->loop);
}

uint8_t *pair_memory(struct pair *pair, size_t n, bool registered)
{
	if (!registered)
		return g_malloc(n * ZCL_LNET_MTU);
	pair->mem = zmem_new(n * ZCL_LNET_MTU, NULL);
	g_assert_nonnull(pair->mem);
	return zmem_data(pair->mem);
}

void pair_memory_free(struct pair *pair, uint8_t *memory)
{
	if (!pair->mem)
		g_free(memory);
	zmem_free(pair->mem);
	pair->mem = NULL;
}

void pair_put(struct pair *pair, int which, uint8_t *buffer, size_t size, uint64_t number,
	      bool want_ack)
{
	struct pair_end *end = &pair->end[which];
	const struct iovec iov = {buffer, size};
	const struct zcl_put put = {
		.target = pair->end[!which].nid,
		.portal = PAIR_PORTAL,
		.hdr_data = number,
		.iov = &iov,
		.niov = 1,
		.want_ack = want_ack,
		.user = buffer,
	};

	zpattern_fill(buffer, size, number);
	g_assert_cmpint(zcl_lnet_put(zreal_node_core(end->node), &put, zreal_node_now(end->node)),
			==, ZCL_OK);
	end->submitted++;
	zreal_node_kick(end->node);
}

void pair_ping(struct pair *pair, int which)
{
	struct pair_end *end = &pair->end[which];

	g_assert_cmpint(zcl_lnet_ping(zreal_node_core(end->node), pair->end[!which].nid, end,
				      zreal_node_now(end->node)),
			==, ZCL_OK);
	end->submitted++;
	zreal_node_kick(end->node);
}
