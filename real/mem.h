/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_MEM_H
#define ZREAL_MEM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Registered memory: whole pages that the library may lend to the kernel without a copy (splice),
 * and may put other pages in place of, with the same content, when a connection died with them out
 * (zmem_detach). Nothing else is ever spliced, however well it is aligned.
 *
 * Messages are sent from any part of it, several from the same part if wanted. While a message is
 * under way its bytes are not written, as with all memory; its neighbours may be, even in the same
 * page: only pages that lie wholly inside of one message are lent. To be read by any thread at any
 * time: a page is replaced at once. (Not so where the text below says so.)
 *
 * All functions: any thread.
 */
struct zmem;

/* New memory of `size` bytes (above 0), zeroed, on a memfd. NULL with *error (G_FILE_ERROR). */
struct zmem *zmem_new(size_t size, GError **error);

/*
 * A shared mapping of a file, from `offset` (a multiple of the page size), `length` bytes that the
 * file must have. fd stays the caller's and may be closed. Opened for reading only: the memory is
 * read-only, and the file is taken not to be written by anybody while messages from it are under
 * way or were cut off. Opened for reading and writing: the memory is writable, and the file's pages
 * are detached by writing them anew past the page cache (O_DIRECT); on tmpfs by taking them out and
 * writing them back, so that for a moment other threads may read zeros. Where neither works (tried
 * here, on the first page) the memory is used, but never spliced. A page that is not in memory is
 * read from the file when it is sent, and the loop waits for it. NULL with *error.
 */
struct zmem *zmem_from_fd(int fd, uint64_t offset, size_t length, GError **error);

/*
 * The caller's own private anonymous memory, explicitly given over: addr and length are multiples
 * of the page size. It stays the caller's to free, after zmem_free. What madvise or mlock said of
 * it is lost where pages are replaced. NULL with *error: not aligned, not anonymous, not private.
 */
struct zmem *zmem_give(void *addr, size_t length, GError **error);

/* When no message of it is under way. NULL: nothing. */
void zmem_free(struct zmem *mem);

void *zmem_data(const struct zmem *mem);
size_t zmem_size(const struct zmem *mem);
/* Whether it is a mapping of somebody's file. */
bool zmem_is_file(const struct zmem *mem);
/* Whether its pages can be lent and detached. */
bool zmem_splices(const struct zmem *mem);

/* ---- for the backend ------------------------------------------------------------------ */

size_t zmem_page(void);

/* Whether anything at all is registered. */
bool zmem_any(void);
/* The memory that all of these bytes lie in; NULL. Takes no lock. */
struct zmem *zmem_find(const void *addr, size_t length);

/* From where one call can send: a file that has the bytes, or the memory itself (fd < 0). */
struct zmem_piece {
	int fd;
	off_t offset;
	size_t length;
};
/*
 * Where addr .. addr + length is, or as much of it from addr on as one call can send. It stays
 * there until zmem_unhold, which must follow soon: a detach waits for it.
 */
struct zmem_piece zmem_hold(struct zmem *mem, const void *addr, size_t length);
void zmem_unhold(struct zmem *mem);

/*
 * New pages with the same content come in the place of those that lie wholly in addr .. addr +
 * length: who still reads the old ones sees nothing of what is written from now on. Memory that is
 * not registered: nothing. False: it could not be done (out of memory, disk full).
 */
bool zmem_detach(const void *addr, size_t length);

/* The whole pages inside of addr .. addr + length: *first and the bytes from there. */
size_t zmem_whole_pages(const void *addr, size_t length, const uint8_t **first);

#endif
