/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "real/mem_impl.h"

/*
 * Huge pages for the library's own memory: the kernel finds and counts them for a socket with less
 * work, and a copy out of them is faster. Where there are none, all works as with small ones.
 */

#define SIZE_FILE "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

/* Of <linux/mman.h> from 6.1 on. It asks for huge pages now, whatever the system's default is. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

size_t zmem_huge_size(void)
{
	size_t size = zmem_page();
	guint64 read;
	char *text;

	if (!g_file_get_contents(SIZE_FILE, &text, NULL, NULL))
		return size;
	if (g_ascii_string_to_unsigned(g_strstrip(text), 10, size, SIZE_MAX / 4, &read, NULL) &&
	    (read & (read - 1)) == 0)
		size = (size_t)read;
	g_free(text);
	return size;
}

void *zmem_map_huge(const struct zmem *mem, int protection)
{
	const size_t block = mem->block, whole = mem->mapped - mem->mapped % block;
	uint8_t *space, *data, *end;

	if (whole == 0)
		return mmap(NULL, mem->mapped, protection, MAP_SHARED, mem->fd, 0);
	/* Room for it to begin where a huge page may, of which the rest is given back. */
	space = mmap(NULL, mem->mapped + block, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (space == MAP_FAILED)
		return MAP_FAILED;
	end = space + mem->mapped + block;
	data = space + (-(uintptr_t)space & (block - 1));
	if (data > space)
		munmap(space, (size_t)(data - space));
	if (end > data + mem->mapped)
		munmap(data + mem->mapped, (size_t)(end - data) - mem->mapped);
	if (mmap(data, mem->mapped, protection, MAP_SHARED | MAP_FIXED, mem->fd, 0) == MAP_FAILED) {
		munmap(data, mem->mapped);
		return MAP_FAILED;
	}
	/* None to be had is no mistake. */
	(void)madvise(data, whole, MADV_COLLAPSE);
	return data;
}
