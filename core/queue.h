/* SPDX-License-Identifier: MIT */
#ifndef ZCL_QUEUE_H
#define ZCL_QUEUE_H

#include <stdbool.h>

#include <glib.h>

/*
 * What every message does to GLib's queues, in line: its links are embedded in what they link, and
 * a call of GLib for each would be a good part of what a message costs. Where it does not count,
 * GLib's own functions are used on the same queues.
 */

static inline bool zcl_queue_is_empty(const GQueue *queue)
{
	return queue->head == NULL;
}

static inline void zcl_queue_push(GQueue *queue, GList *link)
{
	link->next = NULL;
	link->prev = queue->tail;
	if (queue->tail != NULL)
		queue->tail->next = link;
	else
		queue->head = link;
	queue->tail = link;
	queue->length++;
}

static inline void zcl_queue_unlink(GQueue *queue, GList *link)
{
	if (link->prev != NULL)
		link->prev->next = link->next;
	else
		queue->head = link->next;
	if (link->next != NULL)
		link->next->prev = link->prev;
	else
		queue->tail = link->prev;
	link->next = link->prev = NULL;
	queue->length--;
}

/* The first one, which is there. */
static inline void zcl_queue_drop_head(GQueue *queue)
{
	GList *link = queue->head;

	queue->head = link->next;
	if (link->next != NULL)
		link->next->prev = NULL;
	else
		queue->tail = NULL;
	link->next = NULL;
	queue->length--;
}

/* `link` takes the place of `old`, which is in the queue. */
static inline void zcl_queue_replace(GQueue *queue, GList *old, GList *link)
{
	link->prev = old->prev;
	link->next = old->next;
	if (old->prev != NULL)
		old->prev->next = link;
	else
		queue->head = link;
	if (old->next != NULL)
		old->next->prev = link;
	else
		queue->tail = link;
	old->next = old->prev = NULL;
}

#endif
