/* SPDX-License-Identifier: MIT */
#ifndef ZX_WATCH_H
#define ZX_WATCH_H

#include "core/digest.h"
#include "sim/explore_model.h"

/* Holds the properties against what the nodes of one path do and say. */

enum zx_deed_state {
	ZX_DEED_OPEN = 1 << 0,	/* submitted */
	ZX_DEED_ENDED = 1 << 1, /* its final event came */
	ZX_DEED_LOST = 1 << 2,	/* its node restarted: nobody is there to be told */
	ZX_DEED_THERE = 1 << 3, /* delivered */
};

/* Whom a violation is about, and what was seen of it. */
struct zx_blame {
	unsigned node, other;	/* ZX_MAX_NODES: none */
	struct zcl_event event; /* kind ZCL_EV_LAST: none; error: of a message too */
};

struct zx_watch {
	const struct zx_model *model;
	enum zx_property violated; /* ZX_PROPERTIES: none */
	char why[160];
	struct zx_blame blame;
	/* Whom the present look is at, and what is heard of it (or NULL): for blame. */
	unsigned node, other;
	const struct zcl_event *event;
	bool disturbed; /* something was reset, restarted or late on this path */
	bool came_up;	/* a connection, since zx_watch_state */
	uint8_t deeds[ZX_MAX_DEEDS];
	bool asked[ZX_MAX_NODES][ZX_MAX_NODES]; /* a deed was done that is about both */
	bool calling[ZX_MAX_NODES][ZX_MAX_NODES];
	uint8_t attempts[ZX_MAX_NODES][ZX_MAX_NODES]; /* since a connection or disturbance */
	/* Cookies, modulo 64, from .. to ..: given, and received with all of their messages. */
	uint64_t given[ZX_MAX_NODES][ZX_MAX_NODES], got[ZX_MAX_NODES][ZX_MAX_NODES];
	/* Connections that are up at .. with .., of which incarnation; and the one last heard of.
	 */
	uint8_t up[ZX_MAX_NODES][ZX_MAX_NODES];
	uint64_t up_with[ZX_MAX_NODES][ZX_MAX_NODES], heard[ZX_MAX_NODES][ZX_MAX_NODES];
};

void zx_watch_init(struct zx_watch *watch, const struct zx_model *model);
void zx_watch_event(struct zx_watch *watch, unsigned node, const struct zcl_event *event);
void zx_watch_lnet(struct zx_watch *watch, unsigned node, const struct zcl_lnet_event *event);
void zx_watch_asked(struct zx_watch *watch, const struct zx_deed *deed);
/* A message was submitted; it carries deed + 1 as user and hdr_data. */
void zx_watch_submitted(struct zx_watch *watch, unsigned deed);
void zx_watch_disturbed(struct zx_watch *watch);
void zx_watch_restarted(struct zx_watch *watch, unsigned node);
/* After each action; nodes: of the model's peers. */
void zx_watch_state(struct zx_watch *watch, struct zcl_node *const *nodes);
/* Nothing can happen any more. */
void zx_watch_end(struct zx_watch *watch, struct zcl_node *const *nodes);
/* What will decide about later verdicts. */
void zx_watch_digest(const struct zx_watch *watch, struct zcl_digest *digest);

#endif
