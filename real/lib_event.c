/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include <string.h>

/* Events on their way from the core to the program: they wait until the core is left. */

static void grow(struct zl_events *events)
{
	const size_t size = MAX(64, events->size * 2);
	struct zclnd_event *ring = g_new(struct zclnd_event, size);

	for (size_t i = 0; i < events->n; i++)
		ring[i] = events->ring[(events->head + i) & (events->size - 1)];
	g_free(events->ring);
	*events = (struct zl_events){.ring = ring, .size = size, .n = events->n};
}

/* Where the next event goes. */
static inline struct zclnd_event *add(struct zl_events *events)
{
	if (G_UNLIKELY(events->n == events->size))
		grow(events);
	return &events->ring[(events->head + events->n++) & (events->size - 1)];
}

void zl_event_push(struct zl_part *part, const struct zclnd_event *event)
{
	struct zclnd_event *to = add(&part->events);

	*to = *event;
	to->ni = part->ni;
}

static struct zclnd_event take(struct zl_events *events)
{
	const struct zclnd_event event = events->ring[events->head];

	events->head = (events->head + 1) & (events->size - 1);
	events->n--;
	return event;
}

static void hand_out(struct zl_part *part, const struct zclnd_event *event)
{
	const struct zclnd_ni_options *options = &part->ni->options;

	if (options->on_event)
		options->on_event(options->user, event);
	else if (options->eq)
		zl_eq_push(options->eq, event, 1);
}

/*
 * The last event of an attached buffer on this loop. With several loops the end is an event of its
 * own: it comes when each loop has handed out what it had.
 */
static void hand_out_last(struct zl_part *part, struct zclnd_event event)
{
	const bool single = zl_entry_is_single(part, event.id);

	event.unlinked = single;
	if (single || event.kind != ZCLND_EV_UNLINK)
		hand_out(part, &event);
	if (!zl_entry_left(part, event.id) || single)
		return;
	event.kind = ZCLND_EV_UNLINK;
	event.status = ZCLND_OK;
	event.unlinked = true;
	event.offset = event.rlength = event.mlength = 0;
	hand_out(part, &event);
}

/* Many at once, under one lock of the queue. */
static size_t to_queue(struct zl_part *part, size_t most)
{
	struct zl_events *events = &part->events;
	const struct zclnd_event *first = events->ring + events->head;
	size_t n = 0;

	most = MIN(most, events->size - events->head);
	while (n < most && !first[n].unlinked)
		n++;
	zl_eq_push(part->ni->options.eq, first, n);
	events->head = (events->head + n) & (events->size - 1);
	events->n -= n;
	return n;
}

void zl_events_deliver(struct zl_part *part)
{
	const struct zclnd_ni_options *options = &part->ni->options;

	zl_catch_up(part);
	/* What the callbacks cause meanwhile is seen to in the next round. */
	for (size_t n = part->events.n; n > 0; n--) {
		struct zclnd_event event;

		if (options->eq && !options->on_event)
			n -= to_queue(part, n);
		if (n == 0)
			break;
		event = take(&part->events);
		if (event.unlinked)
			hand_out_last(part, event);
		else
			hand_out(part, &event);
	}
	if (part->events.n > 0)
		zreal_node_kick(part->node);
}

static bool is_ping(const struct zcl_lnet_event *event)
{
	return event->kind == ZCL_LNET_EV_REPLY && event->portal == ZCL_PING_PORTAL &&
	       event->match_bits == ZCL_PING_MATCHBITS;
}

void zl_event_of_core(struct zl_part *part, const struct zcl_lnet_event *event)
{
	struct zclnd_event *to = add(&part->events);

	*to = (struct zclnd_event){
		.kind = (enum zclnd_event_kind)event->kind,
		.ni = part->ni,
		.status = (enum zclnd_err)event->status,
		.final = event->final,
		.peer = event->peer,
		.portal = event->portal,
		.match_bits = event->match_bits,
		.hdr_data = event->hdr_data,
		.offset = event->offset,
		.rlength = event->rlength,
		.mlength = event->mlength,
		.user = event->user,
	};

	if (event->kind == ZCL_LNET_EV_PUT || event->kind == ZCL_LNET_EV_GET) {
		to->id = zl_entry_id(event->user);
		to->user = zl_entry_user(event->user);
		to->unlinked = event->unlinked;
	} else if (is_ping(event)) {
		to->user = zl_ping_over(event->user, event->ping);
	}
}

void zl_event_failed(struct zl_part *part, const struct zclnd_event *event)
{
	zl_event_push(part, event);
	zreal_node_kick(part->node);
}
