/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_FIGURES_H
#define ZREAL_FIGURES_H

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "real/net.h"

/* What one node did: of the core and of its sockets, as a person and as a program read it. */
struct zfigures {
	zcl_nid nid;
	struct zcl_stats core;
	struct zreal_stats real;
	int64_t cpu; /* ns of this process, user and system */
};

void zfigures_take(struct zfigures *figures, struct zreal_node *node);
/* Several lines, each beginning with `indent`. */
void zfigures_print(const struct zfigures *figures, FILE *to, const char *indent);
/* Members of the object that the builder is in. */
void zfigures_json(const struct zfigures *figures, JsonBuilder *builder);

#endif
