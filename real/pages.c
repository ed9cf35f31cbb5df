/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* As on most machines. Where it is another size, this rounds up a little too much or too little. */
#define HUGE_PAGE ((size_t)2 << 20)

/* Of the mapping; 0: there is no such size. */
static size_t whole(size_t size)
{
	const size_t page = (size_t)getpagesize();
	const size_t unit = size >= HUGE_PAGE / 2 ? HUGE_PAGE : page;

	if (size > SIZE_MAX - unit)
		return 0;
	return size ? (size + unit - 1) / unit * unit : page;
}

void *zpages_new(size_t size)
{
	const size_t length = whole(size);
	void *memory = MAP_FAILED;

	if (length == 0)
		errno = ENOMEM;
	else
		memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
	if (memory == MAP_FAILED)
		return NULL;
	/* The kernel lets a mapping of whole huge pages begin where one may. None is no mistake. */
	if (length >= HUGE_PAGE)
		(void)madvise(memory, length, MADV_HUGEPAGE);
	return memory;
}

void zpages_free(void *memory, size_t size)
{
	if (memory)
		munmap(memory, whole(size));
}
