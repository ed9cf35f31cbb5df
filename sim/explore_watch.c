/* SPDX-License-Identifier: MIT */
#include "sim/explore_watch.h"

#include <stdio.h>

/*
 * Attempts in a row without a connection, when nothing was disturbed: one for each version, and
 * the lost races until the peer is taken to want no more, once over.
 */
#define MAX_ATTEMPTS 8u

void zx_watch_init(struct zx_watch *watch, const struct zx_model *model)
{
	*watch = (struct zx_watch){.model = model, .violated = ZX_PROPERTIES};
}

static void violate(struct zx_watch *watch, enum zx_property property, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void violate(struct zx_watch *watch, enum zx_property property, const char *format, ...)
{
	va_list args;

	if (watch->model->options.off[property] || watch->violated != ZX_PROPERTIES)
		return;
	watch->violated = property;
	va_start(args, format);
	vsnprintf(watch->why, sizeof(watch->why), format, args);
	va_end(args);
}

static const char *name_of(const struct zx_watch *watch, unsigned node)
{
	return watch->model->script->peers[node].name;
}

static uint64_t cookie_bit(uint64_t cookie)
{
	return UINT64_C(1) << (cookie % 64);
}

/* ---- events of the core ---- */

static void calls(struct zx_watch *watch, unsigned i, unsigned j)
{
	watch->calling[i][j] = true;
	if (++watch->attempts[i][j] <= MAX_ATTEMPTS)
		return;
	watch->attempts[i][j] = MAX_ATTEMPTS;
	violate(watch, ZX_BOUNDED_RETRIES, "%s calls %s for the %uth time without a connection",
		name_of(watch, i), name_of(watch, j), MAX_ATTEMPTS + 1);
}

static void is_up(struct zx_watch *watch, unsigned i, unsigned j, const struct zcl_event *event)
{
	watch->came_up = true;
	watch->attempts[i][j] = 0;
	if (event->active)
		watch->calling[i][j] = false;
	else if (watch->calling[i][j] && watch->model->nids[j] < watch->model->nids[i])
		violate(watch, ZX_INITIATOR, "%s is calling %s and accepts its call",
			name_of(watch, i), name_of(watch, j));
	if (watch->up[i][j] > 0 && watch->up_with[i][j] != watch->heard[i][j])
		violate(watch, ZX_ONE_INCARNATION,
			"%s has a connection with %s as it is now and one from before its restart",
			name_of(watch, i), name_of(watch, j));
	watch->up_with[i][j] = watch->heard[i][j];
	watch->up[i][j]++;
}

static void is_down(struct zx_watch *watch, unsigned i, unsigned j)
{
	if (--watch->up[i][j] == 0)
		watch->up_with[i][j] = 0;
}

static void gives_cookie(struct zx_watch *watch, unsigned i, unsigned j, uint64_t cookie)
{
	if (watch->given[i][j] & cookie_bit(cookie))
		violate(watch, ZX_COOKIE_ONCE,
			"%s gives cookie %u a second time to a request to %s", name_of(watch, i),
			(unsigned)cookie, name_of(watch, j));
	watch->given[i][j] |= cookie_bit(cookie);
}

static void acks(struct zx_watch *watch, unsigned i, unsigned j, uint64_t cookie)
{
	if ((watch->got[j][i] & cookie_bit(cookie)) == 0)
		violate(watch, ZX_EARLY_ACK,
			"%s acknowledges cookie %u of %s and has not all of its message",
			name_of(watch, i), (unsigned)cookie, name_of(watch, j));
}

static void releases(struct zx_watch *watch, unsigned i, unsigned j, const struct zcl_event *event)
{
	if (event->error != ZCL_OK || event->cookie == 0)
		return;
	if ((watch->got[i][j] & cookie_bit(event->cookie)) == 0)
		violate(watch, ZX_EARLY_RELEASE,
			"%s has the buffer of cookie %u back and %s has not all of it",
			name_of(watch, i), (unsigned)event->cookie, name_of(watch, j));
}

void zx_watch_event(struct zx_watch *watch, unsigned i, const struct zcl_event *event)
{
	const unsigned j = zx_model_peer(watch->model, event->peer);

	if (event->kind == ZCL_EV_PROTOCOL_ERROR)
		violate(watch, ZX_PROTOCOL_ERROR, "%s: %s", name_of(watch, i),
			zcl_strerror(event->error));
	if (j == ZX_MAX_NODES)
		return;
	switch (event->kind) {
	case ZCL_EV_CONNECT:
		calls(watch, i, j);
		break;
	case ZCL_EV_CONN_UP:
		is_up(watch, i, j, event);
		break;
	case ZCL_EV_CONN_DOWN:
		is_down(watch, i, j);
		break;
	case ZCL_EV_HELLO_RECEIVED:
		watch->heard[i][j] = event->incarnation;
		break;
	case ZCL_EV_GIVE_UP:
		watch->calling[i][j] = false;
		break;
	case ZCL_EV_ATTEMPT_FAILED:
		watch->calling[i][j] = false;
		if (!watch->disturbed)
			violate(watch, ZX_NEEDLESS_FAILURE, "%s cannot connect to %s: %s",
				name_of(watch, i), name_of(watch, j), zcl_strerror(event->error));
		break;
	case ZCL_EV_COOKIE_GIVEN:
		gives_cookie(watch, i, j, event->cookie);
		break;
	case ZCL_EV_REFUSED:
		/* A fallback goes on calling. */
		if (event->reason != ZCL_REASON_VERSION && event->reason != ZCL_REASON_RESET)
			watch->calling[i][j] = false;
		break;
	case ZCL_EV_MSG_RECEIVED:
		if (event->cookie != 0)
			watch->got[j][i] |= cookie_bit(event->cookie);
		break;
	case ZCL_EV_NOOP_QUEUED:
	case ZCL_EV_ACK_PIGGYBACKED:
		acks(watch, i, j, event->cookie);
		break;
	case ZCL_EV_RELEASED:
		releases(watch, i, j, event);
		break;
	default:
		break;
	}
}

/* ---- messages ---- */

static void put_landed(struct zx_watch *watch, const struct zcl_lnet_event *event)
{
	const unsigned deed = (unsigned)event->hdr_data - 1;

	if (event->status != ZCL_OK || deed >= watch->model->ndeeds)
		return;
	if (watch->deeds[deed] & ZX_DEED_THERE)
		violate(watch, ZX_DELIVERED_ONCE, "a put of %s was delivered twice",
			name_of(watch, watch->model->deeds[deed].peer));
	watch->deeds[deed] |= ZX_DEED_THERE;
}

void zx_watch_lnet(struct zx_watch *watch, unsigned node, const struct zcl_lnet_event *event)
{
	unsigned deed = GPOINTER_TO_UINT(event->user) - 1;

	if (event->kind == ZCL_LNET_EV_PUT) {
		put_landed(watch, event);
		return;
	}
	if (event->user == NULL)
		return;
	if (event->status != ZCL_OK && !watch->disturbed)
		violate(watch, ZX_NEEDLESS_FAILURE, "a message of %s failed: %s",
			name_of(watch, node), zcl_strerror(event->status));
	if (event->kind == ZCL_LNET_EV_ACK && event->status == ZCL_OK &&
	    !(watch->deeds[deed] & ZX_DEED_THERE))
		violate(watch, ZX_DELIVERED_ONCE, "a put of %s was acknowledged, not delivered",
			name_of(watch, node));
	if (!event->final)
		return;
	if (watch->deeds[deed] & ZX_DEED_ENDED)
		violate(watch, ZX_ENDS_ONCE, "a message of %s ended twice", name_of(watch, node));
	watch->deeds[deed] |= ZX_DEED_ENDED;
}

void zx_watch_submitted(struct zx_watch *watch, unsigned deed)
{
	watch->deeds[deed] |= ZX_DEED_OPEN;
}

/* ---- what befalls them ---- */

void zx_watch_disturbed(struct zx_watch *watch)
{
	watch->disturbed = true;
	memset(watch->attempts, 0, sizeof(watch->attempts));
}

void zx_watch_restarted(struct zx_watch *watch, unsigned node)
{
	zx_watch_disturbed(watch);
	memset(watch->calling[node], 0, sizeof(watch->calling[node]));
	memset(watch->got[node], 0, sizeof(watch->got[node]));
	memset(watch->given[node], 0, sizeof(watch->given[node]));
	memset(watch->up[node], 0, sizeof(watch->up[node]));
	memset(watch->up_with[node], 0, sizeof(watch->up_with[node]));
	memset(watch->heard[node], 0, sizeof(watch->heard[node]));
	for (size_t i = 0; i < watch->model->ndeeds; i++) {
		if (watch->model->deeds[i].peer == node && (watch->deeds[i] & ZX_DEED_OPEN))
			watch->deeds[i] |= ZX_DEED_LOST;
	}
}

/* ---- states ---- */

struct count {
	const struct zx_model *model;
	unsigned coming; /* not up */
	struct {
		unsigned up, opened;
		uint32_t version;
	} of[ZX_MAX_NODES][ZCL_CTYPES]; /* by peer and type */
};

static void count_conn(void *user, const struct zcl_conn_info *info)
{
	struct count *count = user;
	const unsigned peer = zx_model_peer(count->model, info->peer);

	if (!info->up) {
		count->coming++;
		return;
	}
	if (peer == ZX_MAX_NODES || info->ctype < 0 || info->ctype >= ZCL_CTYPES)
		return;
	count->of[peer][info->ctype].up++;
	count->of[peer][info->ctype].opened += info->active;
	count->of[peer][info->ctype].version = info->version;
}

static void count_conns(const struct zx_watch *watch, const struct zcl_node *node,
			struct count *count)
{
	*count = (struct count){.model = watch->model};
	zcl_node_foreach_conn(node, count_conn, count);
}

void zx_watch_state(struct zx_watch *watch, struct zcl_node *const *nodes)
{
	if (!watch->came_up)
		return;
	watch->came_up = false;
	for (unsigned i = 0; i < watch->model->npeers; i++) {
		struct count count;

		count_conns(watch, nodes[i], &count);
		for (unsigned j = 0; j < watch->model->npeers; j++)
			for (int t = 0; t < ZCL_CTYPES; t++)
				if (count.of[j][t].up > 1)
					violate(watch, ZX_ONE_CONN,
						"%s has %u connections with %s of type %s",
						name_of(watch, i), count.of[j][t].up,
						name_of(watch, j), zcl_ctype_name(t));
	}
}

static void check_left(struct zx_watch *watch, unsigned i, const struct zcl_node *node,
		       const struct count *count)
{
	if (count->coming)
		violate(watch, ZX_LEFT_CONNECTING, "%s has %u connections that are not up",
			name_of(watch, i), count->coming);
	for (unsigned j = 0; j < watch->model->npeers; j++) {
		struct zcl_peer_info info;

		if (zcl_node_peer_info(node, watch->model->nids[j], &info) != ZCL_OK)
			continue;
		if (info.connecting || info.waiting)
			violate(watch, ZX_LEFT_CONNECTING, "%s %s %s", name_of(watch, i),
				info.connecting ? "is still connecting to"
						: "still has messages that wait for",
				name_of(watch, j));
	}
}

static void check_agreed(struct zx_watch *watch, const struct count *count, unsigned i, unsigned j)
{
	for (int t = 0; t < ZCL_CTYPES; t++) {
		const int u = zcl_ctype_invert(t);

		if (count[i].of[j][t].up != count[j].of[i][u].up)
			violate(watch, ZX_ONE_CONN, "%s has %u connections of type %s, %s has %u",
				name_of(watch, i), count[i].of[j][t].up, zcl_ctype_name(t),
				name_of(watch, j), count[j].of[i][u].up);
		else if (count[i].of[j][t].version != count[j].of[i][u].version)
			violate(watch, ZX_ONE_CONN, "%s speaks v%u, %s speaks v%u",
				name_of(watch, i), count[i].of[j][t].version, name_of(watch, j),
				count[j].of[i][u].version);
		else if (count[i].of[j][t].opened + count[j].of[i][u].opened !=
			 count[i].of[j][t].up)
			violate(watch, ZX_ONE_CONN, "who opened is not agreed between %s and %s",
				name_of(watch, i), name_of(watch, j));
	}
}

/* When nothing broke, what was called for is there: all of it. */
static void check_set(struct zx_watch *watch, const struct count *count, unsigned i, unsigned j)
{
	const struct zrace_peer *peers = watch->model->script->peers;
	unsigned up = 0;

	for (int t = 0; t < ZCL_CTYPES; t++)
		up += count[i].of[j][t].up;
	if (up == 0)
		violate(watch, ZX_ONE_CONN, "%s and %s have no connection", peers[i].name,
			peers[j].name);
	else if (peers[i].typed == peers[j].typed && up != (peers[i].typed ? 3u : 1u))
		violate(watch, ZX_ONE_CONN, "%s and %s have %u connections", peers[i].name,
			peers[j].name, up);
}

static void check_messages(struct zx_watch *watch)
{
	for (size_t d = 0; d < watch->model->ndeeds; d++) {
		const unsigned state = watch->deeds[d];

		if ((state & ZX_DEED_OPEN) && !(state & (ZX_DEED_ENDED | ZX_DEED_LOST)))
			violate(watch, ZX_ENDS_ONCE, "a message of %s never ended",
				name_of(watch, watch->model->deeds[d].peer));
	}
}

void zx_watch_end(struct zx_watch *watch, struct zcl_node *const *nodes)
{
	struct count count[ZX_MAX_NODES];

	for (unsigned i = 0; i < watch->model->npeers; i++) {
		count_conns(watch, nodes[i], &count[i]);
		check_left(watch, i, nodes[i], &count[i]);
	}
	for (unsigned i = 0; i < watch->model->npeers; i++) {
		for (unsigned j = i + 1; j < watch->model->npeers; j++) {
			check_agreed(watch, count, i, j);
			if (watch->model->pairs[i][j] && !watch->disturbed)
				check_set(watch, count, i, j);
		}
	}
	check_messages(watch);
}

void zx_watch_digest(const struct zx_watch *watch, struct zcl_digest *digest)
{
	const size_t n = watch->model->npeers;

	zcl_digest_u64(digest, watch->disturbed);
	zcl_digest_bytes(digest, watch->deeds, watch->model->ndeeds);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			zcl_digest_u64(digest,
				       (uint64_t)watch->attempts[i][j] << 1 | watch->calling[i][j]);
			zcl_digest_u64(digest, watch->given[i][j]);
			zcl_digest_u64(digest, watch->got[i][j]);
			zcl_digest_u64(digest, watch->up_with[i][j]);
		}
	}
}
