/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_FIGURES_H
#define ZREAL_FIGURES_H

#include <json-glib/json-glib.h>
#include <stdio.h>

#include "real/zclnd.h"

/* What NIs did, as a person and as a program read it. Plain data: it may be sent through a pipe. */
struct zfigures {
	zclnd_nid nid; /* the first */
	struct zclnd_stats stats;
	int64_t cpu; /* ns of this process, user and system */
};

/* Of n NIs together, at least one. */
void zfigures_take(struct zfigures *figures, struct zclnd_ni *const *nis, size_t n);
/* Several lines, each beginning with `indent`. */
void zfigures_print(const struct zfigures *figures, FILE *to, const char *indent);
/* Members of the object that the builder is in. */
void zfigures_json(const struct zfigures *figures, JsonBuilder *builder);
/* In the text format of Prometheus, every counter of each NI. False: cannot write, with errno. */
bool zfigures_metrics(struct zclnd_ni *const *nis, size_t n, const char *file);

#endif
