/* SPDX-License-Identifier: MIT */
#ifndef ZX_SCRIPT_H
#define ZX_SCRIPT_H

#include "sim/explore_share.h"

/*
 * A violation as a race script that forces it, message by message, and says by its last lines what
 * should have come instead: it fails where the fault is, and passes where it is not. The violation
 * is in order (zx_path_order). False, with *why (static), when a script cannot force it.
 */
bool zx_script_write(GString *text, const struct zx_model *model,
		     const struct zx_violation *violation, const char **why);

/*
 * The choices of a path, forced, and nothing expected. What a script cannot force is left out.
 * Appends.
 */
void zx_script_force(GString *text, const struct zx_model *model, const zx_choice *path,
		     size_t length);

#endif
