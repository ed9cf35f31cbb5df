/* SPDX-License-Identifier: MIT */
#include "sim/explore_watch_impl.h"

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

void zx_watch_violate(struct zx_watch *watch, enum zx_property property, const char *format, ...)
{
	va_list args;

	if (watch->model->options.off[property] || watch->violated != ZX_PROPERTIES)
		return;
	watch->violated = property;
	watch->blame = (struct zx_blame){
		.node = watch->node, .other = watch->other, .event.kind = ZCL_EV_LAST};
	if (watch->event)
		watch->blame.event = *watch->event;
	va_start(args, format);
	vsnprintf(watch->why, sizeof(watch->why), format, args);
	va_end(args);
}

void zx_watch_look_at(struct zx_watch *watch, unsigned node, unsigned other,
		      const struct zcl_event *event)
{
	watch->node = node;
	watch->other = other;
	watch->event = event;
}

const char *zx_watch_name(const struct zx_watch *watch, unsigned node)
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
	zx_watch_violate(watch, ZX_BOUNDED_RETRIES,
			 "%s calls %s for the %uth time without a connection",
			 zx_watch_name(watch, i), zx_watch_name(watch, j), MAX_ATTEMPTS + 1);
}

static void is_up(struct zx_watch *watch, unsigned i, unsigned j, const struct zcl_event *event)
{
	watch->came_up = true;
	watch->attempts[i][j] = 0;
	if (event->active)
		watch->calling[i][j] = false;
	else if (watch->calling[i][j] && watch->model->nids[j] < watch->model->nids[i])
		zx_watch_violate(watch, ZX_INITIATOR, "%s is calling %s and accepts its call",
				 zx_watch_name(watch, i), zx_watch_name(watch, j));
	if (watch->up[i][j] > 0 && watch->up_with[i][j] != watch->heard[i][j])
		zx_watch_violate(
			watch, ZX_ONE_INCARNATION,
			"%s has a connection with %s as it is now and one from before its restart",
			zx_watch_name(watch, i), zx_watch_name(watch, j));
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
		zx_watch_violate(watch, ZX_COOKIE_ONCE,
				 "%s gives cookie %u a second time to a request to %s",
				 zx_watch_name(watch, i), (unsigned)cookie,
				 zx_watch_name(watch, j));
	watch->given[i][j] |= cookie_bit(cookie);
}

static void acks(struct zx_watch *watch, unsigned i, unsigned j, uint64_t cookie)
{
	if ((watch->got[j][i] & cookie_bit(cookie)) == 0)
		zx_watch_violate(watch, ZX_EARLY_ACK,
				 "%s acknowledges cookie %u of %s and has not all of its message",
				 zx_watch_name(watch, i), (unsigned)cookie,
				 zx_watch_name(watch, j));
}

static void releases(struct zx_watch *watch, unsigned i, unsigned j, const struct zcl_event *event)
{
	if (event->error != ZCL_OK || event->cookie == 0)
		return;
	if ((watch->got[i][j] & cookie_bit(event->cookie)) == 0)
		zx_watch_violate(watch, ZX_EARLY_RELEASE,
				 "%s has the buffer of cookie %u back and %s has not all of it",
				 zx_watch_name(watch, i), (unsigned)event->cookie,
				 zx_watch_name(watch, j));
}

static void hear(struct zx_watch *watch, unsigned i, unsigned j, const struct zcl_event *event)
{
	if (event->kind == ZCL_EV_PROTOCOL_ERROR)
		zx_watch_violate(watch, ZX_PROTOCOL_ERROR, "%s: %s", zx_watch_name(watch, i),
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
			zx_watch_violate(watch, ZX_NEEDLESS_FAILURE, "%s cannot connect to %s: %s",
					 zx_watch_name(watch, i), zx_watch_name(watch, j),
					 zcl_strerror(event->error));
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

void zx_watch_event(struct zx_watch *watch, unsigned i, const struct zcl_event *event)
{
	const unsigned j = zx_model_peer(watch->model, event->peer);

	zx_watch_look_at(watch, i, j, event);
	hear(watch, i, j, event);
	watch->event = NULL;
}

/* ---- messages ---- */

static void put_landed(struct zx_watch *watch, unsigned node, const struct zcl_lnet_event *event)
{
	const unsigned deed = (unsigned)event->hdr_data - 1;

	if (event->status != ZCL_OK || deed >= watch->model->ndeeds)
		return;
	zx_watch_look_at(watch, node, watch->model->deeds[deed].peer, NULL);
	if (watch->deeds[deed] & ZX_DEED_THERE)
		zx_watch_violate(watch, ZX_DELIVERED_ONCE, "a put of %s was delivered twice",
				 zx_watch_name(watch, watch->model->deeds[deed].peer));
	watch->deeds[deed] |= ZX_DEED_THERE;
}

/* What one of its own messages came to. */
static void message_told(struct zx_watch *watch, unsigned node, const struct zcl_lnet_event *event)
{
	const unsigned deed = GPOINTER_TO_UINT(event->user) - 1;
	const struct zcl_event told = {.kind = ZCL_EV_LAST, .error = event->status};

	zx_watch_look_at(watch, node, watch->model->deeds[deed].other, &told);
	if (event->status != ZCL_OK && !watch->disturbed)
		zx_watch_violate(watch, ZX_NEEDLESS_FAILURE, "a message of %s failed: %s",
				 zx_watch_name(watch, node), zcl_strerror(event->status));
	if (event->kind == ZCL_LNET_EV_ACK && event->status == ZCL_OK &&
	    !(watch->deeds[deed] & ZX_DEED_THERE))
		zx_watch_violate(watch, ZX_DELIVERED_ONCE,
				 "a put of %s was acknowledged, not delivered",
				 zx_watch_name(watch, node));
	if (event->final && watch->deeds[deed] & ZX_DEED_ENDED)
		zx_watch_violate(watch, ZX_ENDS_ONCE, "a message of %s ended twice",
				 zx_watch_name(watch, node));
	if (event->final)
		watch->deeds[deed] |= ZX_DEED_ENDED;
	watch->event = NULL;
}

void zx_watch_lnet(struct zx_watch *watch, unsigned node, const struct zcl_lnet_event *event)
{
	if (event->kind == ZCL_LNET_EV_PUT)
		put_landed(watch, node, event);
	else if (event->user != NULL)
		message_told(watch, node, event);
}

void zx_watch_asked(struct zx_watch *watch, const struct zx_deed *deed)
{
	watch->asked[deed->peer][deed->other] = watch->asked[deed->other][deed->peer] = true;
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

/* ---- as a number ---- */

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
