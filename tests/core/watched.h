/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_WATCHED_H
#define TESTS_CORE_WATCHED_H

#include <glib.h>

#include "core/node.h"

/* What is asked of a node whose events (struct zcl_event) are all recorded. */

static inline guint watched_count(const GArray *events, enum zcl_event_kind kind)
{
	guint count = 0;

	for (guint i = 0; i < events->len; i++)
		count += g_array_index(events, struct zcl_event, i).kind == kind;
	return count;
}

/* The first of its kind; NULL: none. Valid until the next event. */
static inline const struct zcl_event *watched_first(const GArray *events, enum zcl_event_kind kind)
{
	for (guint i = 0; i < events->len; i++) {
		const struct zcl_event *event = &g_array_index(events, struct zcl_event, i);

		if (event->kind == kind)
			return event;
	}
	return NULL;
}

static inline void watched_count_up(void *user, const struct zcl_conn_info *info)
{
	*(guint *)user += info->up;
}

/* Connections that are up. */
static inline guint watched_conns(const struct zcl_node *node)
{
	guint count = 0;

	zcl_node_foreach_conn(node, watched_count_up, &count);
	return count;
}

#endif
