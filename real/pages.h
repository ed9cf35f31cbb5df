/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_PAGES_H
#define ZREAL_PAGES_H

#include <stddef.h>

/*
 * Zeroed memory of whole pages to receive into, size bytes (0: one page) and what is left of the
 * last; huge pages from half of one on, where the system has them. NULL with errno: none to be had.
 * The kernel copies slower to some bytes behind where a page begins, as malloc has its large
 * pieces.
 */
void *zpages_new(size_t size);
/* The same size; memory may be NULL. */
void zpages_free(void *memory, size_t size);

#endif
