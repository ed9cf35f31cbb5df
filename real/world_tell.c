/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/world_impl.h"

/* Something to tell the runner, when no core call is under way. */
struct news {
	enum { NEWS_EVENT, NEWS_LNET, NEWS_HELD } kind;
	struct zworld_peer *peer, *to;
	struct zcl_event event;
	struct zcl_lnet_event lnet;
	struct zcl_ping_info ping;
	enum zworld_unit unit;
};

static void tell_one(struct real_world *world, const struct news *news)
{
	const struct zworld_listener *listener = world->base.listener;
	void *user = world->base.listener_user;

	if (!listener)
		return;
	switch (news->kind) {
	case NEWS_EVENT:
		if (listener->event)
			listener->event(user, news->peer, &news->event);
		break;
	case NEWS_LNET:
		if (listener->lnet_event)
			listener->lnet_event(user, news->peer, &news->lnet);
		break;
	case NEWS_HELD:
		if (listener->held)
			listener->held(user, news->peer, news->to, news->unit);
		break;
	}
}

static void tell(void *data)
{
	struct real_world *world = data;
	struct news *news;

	while ((news = g_queue_pop_head(&world->news))) {
		if (!world->closing)
			tell_one(world, news);
		g_free(news);
	}
}

static struct news *add_news(struct zworld_peer *peer)
{
	struct news *news = g_new0(struct news, 1);

	news->peer = peer;
	g_queue_push_tail(&peer->world->news, news);
	zloop_work_queue(peer->world->loop, &peer->world->tell);
	return news;
}

void zreal_world_on_trace(void *user, const struct zcl_event *event)
{
	const struct real_life *life = user;
	struct zworld_peer *other;
	struct news *news;

	if (life->over)
		return;
	other = event->kind == ZCL_EV_CONNECT ? zreal_world_peer_of(life->peer->world, event->peer)
					      : NULL;
	if (other)
		zreal_world_note_call(life->peer, other);
	news = add_news(life->peer);
	news->kind = NEWS_EVENT;
	news->event = *event;
}

void zreal_world_on_deliver(void *user, const struct zcl_lnet_event *event)
{
	const struct real_life *life = user;
	struct news *news;

	if (life->over)
		return;
	news = add_news(life->peer);
	news->kind = NEWS_LNET;
	news->lnet = *event;
	if (!event->ping)
		return;
	news->ping = *event->ping;
	news->lnet.ping = &news->ping;
}

void zreal_world_on_held(struct zworld_peer *from, struct zworld_peer *to, enum zworld_unit unit)
{
	struct news *news = add_news(from);

	news->kind = NEWS_HELD;
	news->to = to;
	news->unit = unit;
}

void zreal_world_init_news(struct real_world *world)
{
	g_queue_init(&world->news);
	world->tell = (struct zloop_work){.fn = tell, .data = world};
}

void zreal_world_cancel_news(struct real_world *world)
{
	zloop_work_cancel(world->loop, &world->tell);
	g_queue_clear_full(&world->news, g_free);
}
