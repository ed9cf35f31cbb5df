/* SPDX-License-Identifier: MIT */
#include "tests/sim/pair.h"

#include "tests/core/watched.h"

#define PORTAL 9u

static void on_trace(void *user, const struct zcl_event *event)
{
	struct pair_end *end = user;

	g_array_append_vals(end->events, event, 1);
}

static void on_deliver(void *user, const struct zcl_lnet_event *event)
{
	struct pair_end *end = user;
	struct zcl_lnet_event copy = *event;

	copy.ping = NULL;
	g_array_append_val(end->lnet_events, copy);
}

static void on_held(void *user, uint32_t from, enum zworld_unit unit)
{
	struct pair_end *end = user;
	const struct pair_end *other = end == &end->pair->a ? &end->pair->b : &end->pair->a;

	g_assert_cmpuint(from, ==, zsim_host_ipv4(other->host));
	g_array_append_val(end->held, unit);
}

static void init_end(struct pair *pair, struct pair_end *end, uint32_t ipv4, uint32_t version,
		     double loss)
{
	const struct zsim_link link = {
		.latency_ns = MS / 2, .bandwidth_bps = UINT64_C(1000000000), .loss = loss};

	end->pair = pair;
	end->host = zsim_host_add(pair->sim, ipv4, &link);
	g_assert_nonnull(end->host);
	end->events = g_array_new(FALSE, FALSE, sizeof(struct zcl_event));
	end->lnet_events = g_array_new(FALSE, FALSE, sizeof(struct zcl_lnet_event));
	end->held = g_array_new(FALSE, FALSE, sizeof(enum zworld_unit));
	end->options = (struct zsimnode_options){
		.deliver = on_deliver, .trace = on_trace, .held = on_held, .user = end};
	zcl_config_init(&end->options.core);
	end->options.core.nid = zcl_nid_tcp(ipv4, 0);
	end->options.core.incarnation = 1000 + (ipv4 & 0xff);
	end->options.core.max_version = version;
	end->options.core.typed = false;
}

struct pair *pair_new(uint32_t version, double loss)
{
	struct pair *pair = g_new0(struct pair, 1);

	pair->sim = zsim_new(NULL);
	g_assert_nonnull(pair->sim);
	init_end(pair, &pair->a, 0x0a000001, version, loss);
	init_end(pair, &pair->b, 0x0a000002, version, loss);
	return pair;
}

void pair_start(struct pair_end *end)
{
	const char *why = NULL;

	end->node = zsimnode_new(end->pair->sim, end->host, &end->options, &why);
	g_assert_cmpstr(why, ==, NULL);
	g_assert_nonnull(end->node);
}

static void clear_end(struct pair_end *end)
{
	if (end->node != NULL)
		zsimnode_free(end->node);
	g_array_unref(end->events);
	g_array_unref(end->lnet_events);
	g_array_unref(end->held);
}

void pair_free(struct pair *pair)
{
	clear_end(&pair->a);
	clear_end(&pair->b);
	zsim_free(pair->sim);
	g_free(pair);
}

zcl_nid pair_nid(const struct pair_end *end)
{
	return end->options.core.nid;
}

struct zcl_node *pair_core(const struct pair_end *end)
{
	return zsimnode_core(end->node);
}

static const struct pair_end *other_of(const struct pair_end *end)
{
	return end == &end->pair->a ? &end->pair->b : &end->pair->a;
}

void pair_run(struct pair *pair, int64_t ns)
{
	zsim_run_until(pair->sim, zsim_now(pair->sim) + ns);
}

void pair_connect(struct pair_end *end)
{
	g_assert_cmpint(
		zcl_node_connect(pair_core(end), pair_nid(other_of(end)), zsimnode_now(end->node)),
		==, ZCL_OK);
	zsimnode_kick(end->node);
	pair_run(end->pair, SECOND);
}

void pair_put(struct pair_end *end, const void *data, size_t size)
{
	const struct iovec iov = {(void *)data, size};
	const struct zcl_put put = {.target = pair_nid(other_of(end)),
				    .portal = PORTAL,
				    .iov = &iov,
				    .niov = 1,
				    .want_ack = true};

	g_assert_cmpint(zcl_lnet_put(pair_core(end), &put, zsimnode_now(end->node)), ==, ZCL_OK);
	zsimnode_kick(end->node);
}

void pair_attach(struct pair_end *end, void *memory, size_t size)
{
	struct zcl_attach attach = {.portal = PORTAL,
				    .peer = ZCL_NID_ANY,
				    .ignore_bits = UINT64_MAX,
				    .options = ZCL_MD_PUT | (memory ? 0 : ZCL_MD_TRUNCATE)};
	uint64_t id;

	if (memory != NULL) {
		attach.iov[0] = (struct iovec){memory, size};
		attach.niov = 1;
	}
	g_assert_cmpint(zcl_lnet_attach(pair_core(end), &attach, &id, zsimnode_now(end->node)), ==,
			ZCL_OK);
	zsimnode_kick(end->node);
}

guint pair_count(const struct pair_end *end, enum zcl_event_kind kind)
{
	return watched_count(end->events, kind);
}

const struct zcl_event *pair_event(const struct pair_end *end, enum zcl_event_kind kind)
{
	return watched_first(end->events, kind);
}

guint pair_lnet_count(const struct pair_end *end, enum zcl_lnet_event_kind kind)
{
	guint count = 0;

	for (guint i = 0; i < end->lnet_events->len; i++) {
		const struct zcl_lnet_event *event =
			&g_array_index(end->lnet_events, struct zcl_lnet_event, i);

		count += event->kind == kind && event->status == ZCL_OK;
	}
	return count;
}

guint pair_conns(const struct pair_end *end)
{
	return watched_conns(pair_core(end));
}
