/* SPDX-License-Identifier: MIT */
#ifndef ZX_SHOW_H
#define ZX_SHOW_H

#include "sim/explore_search.h"

/* A path in words, each choice with its number, and what the nodes make of it as a ladder. */

/* Takes the path again from the start; a line for each choice. Appends. */
void zx_show_path(GString *text, const struct zx_model *model, const zx_choice *path,
		  size_t length);
/* The same path as a ladder of events. Appends. */
void zx_show_ladder(GString *text, const struct zx_model *model, const zx_choice *path,
		    size_t length, bool ascii);

/* ... and as a sequence diagram, an SVG file. Appends. */
void zx_show_diagram(GString *text, const struct zx_model *model, const zx_choice *path,
		     size_t length);

#endif
