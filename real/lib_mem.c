/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"
#include "real/mem.h"

/* Registered memory: the process's, not an instance's. */

/* As the public header calls it. */
static struct zclnd_mem *public_mem(struct zmem *mem, GError *failure, struct zclnd_error *error)
{
	if (!failure)
		return (struct zclnd_mem *)mem;
	zl_error(error,
		 g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_INVAL) ||
				 g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_EXIST) ||
				 g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_BADF)
			 ? ZCLND_E_INVALID
			 : ZCLND_E_IO,
		 "%s", failure->message);
	g_error_free(failure);
	return NULL;
}

static const struct zmem *own_mem(const struct zclnd_mem *mem)
{
	return (const struct zmem *)mem;
}

struct zclnd_mem *zclnd_mem_new(size_t size, struct zclnd_error *error)
{
	GError *failure = NULL;
	struct zmem *mem = zmem_new(size, &failure);

	return public_mem(mem, failure, error);
}

struct zclnd_mem *zclnd_mem_from_fd(int fd, uint64_t offset, size_t length,
				    struct zclnd_error *error)
{
	GError *failure = NULL;
	struct zmem *mem = zmem_from_fd(fd, offset, length, &failure);

	return public_mem(mem, failure, error);
}

struct zclnd_mem *zclnd_mem_give(void *addr, size_t length, struct zclnd_error *error)
{
	GError *failure = NULL;
	struct zmem *mem = zmem_give(addr, length, &failure);

	return public_mem(mem, failure, error);
}

void *zclnd_mem_data(const struct zclnd_mem *mem)
{
	return zmem_data(own_mem(mem));
}

size_t zclnd_mem_size(const struct zclnd_mem *mem)
{
	return zmem_size(own_mem(mem));
}

bool zclnd_mem_lends(const struct zclnd_mem *mem)
{
	return zmem_splices(own_mem(mem));
}

void zclnd_mem_free(struct zclnd_mem *mem)
{
	zmem_free((struct zmem *)mem);
}
