/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_MEM_IMPL_H
#define ZREAL_MEM_IMPL_H

#include <pthread.h>

#include "real/mem.h"

/* The inside of registered memory, shared by mem.c, mem_detach.c and mem_registry.c. */

enum zmem_kind {
	ZMEM_OWN,   /* on a memfd of the library's */
	ZMEM_FILE,  /* a mapping of somebody's file */
	ZMEM_GIVEN, /* the program's anonymous pages */
};

/* How pages are replaced. */
enum zmem_detach_by {
	ZMEM_BY_NOTHING, /* never: not to be spliced */
	ZMEM_BY_MAPPING, /* new pages are mapped over the old */
	ZMEM_BY_DIRECT,	 /* the file's page cache is written past */
	ZMEM_BY_HOLE,	 /* the page cache is punched and written again */
	ZMEM_READ_ONLY,	 /* it need not be: nobody writes there */
};

struct zmem {
	enum zmem_kind kind;
	enum zmem_detach_by by;
	uint8_t *data;
	size_t size;	 /* as asked for */
	size_t mapped;	 /* whole pages */
	int fd;		 /* OWN, FILE */
	int direct;	 /* BY_DIRECT: the file, opened with O_DIRECT */
	uint64_t at;	 /* FILE: where data is in the file */
	uint64_t *place; /* OWN: where each page is in the memfd */
	uint64_t end;	 /* OWN: of the memfd; pages that come in place of others lie behind */
	size_t block;	 /* OWN: bytes of a huge page, the least that is given back; or of a page */
	pthread_rwlock_t lock; /* senders read where pages are, a detach moves them */
};

/* mem_registry.c. False: other registered memory overlaps. */
bool zmem_register(struct zmem *mem);
void zmem_unregister(struct zmem *mem);

/* mem_huge.c. Bytes of a huge page; of a page where the kernel has none. */
size_t zmem_huge_size(void);
/* Maps mem->fd shared where huge pages fit, and makes it of such where they are to be had. */
void *zmem_map_huge(const struct zmem *mem, int protection);

/* mem_detach.c: whole pages. False with errno. */
bool zmem_replace(struct zmem *mem, uint8_t *first, size_t length);

#endif
