/* SPDX-License-Identifier: MIT */
#ifndef ZX_CREW_H
#define ZX_CREW_H

#include <stddef.h>

/* Threads that do the same work together, again and again. */

struct zx_crew;

/* n: at least 1, of whom the caller is one. work is called with 0 .. n - 1, by each with its own.
 */
struct zx_crew *zx_crew_new(size_t n, void (*work)(void *user, size_t worker), void *user);
/* Once by each; returns when all are done. */
void zx_crew_run(struct zx_crew *crew);
void zx_crew_free(struct zx_crew *crew);

#endif
