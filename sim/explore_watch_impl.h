/* SPDX-License-Identifier: MIT */
#ifndef ZX_WATCH_IMPL_H
#define ZX_WATCH_IMPL_H

#include "sim/explore_watch.h"

/* Between explore_watch.c (what is heard) and explore_watch_state.c (what is seen). */

/* Whom what follows is about; event: what is heard of it, until the next call, or NULL. */
void zx_watch_look_at(struct zx_watch *watch, unsigned node, unsigned other,
		      const struct zcl_event *event);
/* Notes the first violation of a property that is not switched off. */
void zx_watch_violate(struct zx_watch *watch, enum zx_property property, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
const char *zx_watch_name(const struct zx_watch *watch, unsigned node);

#endif
