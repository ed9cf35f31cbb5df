/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "real/mem_impl.h"

static void G_GNUC_PRINTF(3, 4) complain(GError **error, int number, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, G_FILE_ERROR, (int)g_file_error_from_errno(number), text);
	g_free(text);
}

size_t zmem_page(void)
{
	return (size_t)getpagesize();
}

size_t zmem_whole_pages(const void *addr, size_t length, const uint8_t **first)
{
	const size_t page = zmem_page(), ahead = -(uintptr_t)addr & (page - 1);

	*first = (const uint8_t *)addr + ahead;
	return length > ahead ? (length - ahead) & ~(page - 1) : 0;
}

static struct zmem *mem_alloc(enum zmem_kind kind, enum zmem_detach_by by, size_t size)
{
	struct zmem *mem = g_new0(struct zmem, 1);
	pthread_rwlockattr_t fair;

	mem->kind = kind;
	mem->by = by;
	mem->size = size;
	mem->mapped = (size + zmem_page() - 1) & ~(zmem_page() - 1);
	mem->fd = mem->direct = -1;
	pthread_rwlockattr_init(&fair);
	/* However busy the senders are, a detach comes to its turn. */
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&mem->lock, &fair);
	pthread_rwlockattr_destroy(&fair);
	return mem;
}

/* Not registered (any more). */
static void mem_release(struct zmem *mem)
{
	if (mem->data && mem->kind != ZMEM_GIVEN)
		munmap(mem->data, mem->mapped);
	if (mem->fd >= 0)
		close(mem->fd);
	if (mem->direct >= 0)
		close(mem->direct);
	pthread_rwlock_destroy(&mem->lock);
	g_free(mem->place);
	g_free(mem);
}

static struct zmem *mem_map(struct zmem *mem, int protection, const char *what, GError **error)
{
	void *data = mem->kind == ZMEM_OWN ? zmem_map_huge(mem, protection)
					   : mmap(NULL, mem->mapped, protection, MAP_SHARED,
						  mem->fd, (off_t)mem->at);

	if (data != MAP_FAILED) {
		mem->data = data;
		return mem;
	}
	complain(error, errno, "cannot map %zu bytes of %s: %s", mem->size, what,
		 g_strerror(errno));
	mem_release(mem);
	return NULL;
}

static struct zmem *mem_register(struct zmem *mem, GError **error)
{
	if (zmem_register(mem))
		return mem;
	complain(error, EEXIST, "a part of the %zu bytes is registered already", mem->size);
	mem_release(mem);
	return NULL;
}

static bool size_is_good(size_t size, GError **error)
{
	if (size > 0 && size <= PTRDIFF_MAX / 2)
		return true;
	complain(error, EINVAL,
		 "registered memory of %zu bytes: expected at least 1, and less "
		 "than half of the address space",
		 size);
	return false;
}

/* ---- of our own --------------------------------------------------------------------- */

struct zmem *zmem_new(size_t size, GError **error)
{
	struct zmem *mem;
	int failed;

	if (!size_is_good(size, error))
		return NULL;
	mem = mem_alloc(ZMEM_OWN, ZMEM_BY_MAPPING, size);
	mem->block = zmem_huge_size();
	/* Huge pages, where no more than as much again is added. */
	if (mem->mapped >= mem->block / 2)
		mem->mapped = (mem->mapped + mem->block - 1) & ~(mem->block - 1);
	mem->end = mem->mapped;
	mem->fd = memfd_create("zclnd", MFD_CLOEXEC);
	/* Now or never: a page that is missing later would be a SIGBUS. */
	failed = mem->fd < 0 ? errno : posix_fallocate(mem->fd, 0, (off_t)mem->mapped);
	if (failed) {
		complain(error, failed, "cannot have %zu bytes of registered memory: %s", size,
			 g_strerror(failed));
		mem_release(mem);
		return NULL;
	}
	if (!mem_map(mem, PROT_READ | PROT_WRITE, "registered memory", error))
		return NULL;
	mem->place = g_new(uint64_t, mem->mapped / zmem_page());
	for (size_t i = 0; i < mem->mapped / zmem_page(); i++)
		mem->place[i] = i * zmem_page();
	return mem_register(mem, error);
}

/* ---- of a file ---------------------------------------------------------------------- */

static bool file_is_good(int fd, uint64_t offset, size_t length, GError **error)
{
	const int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0)
		complain(error, errno, "cannot register memory of a file: %s", g_strerror(errno));
	else if (!S_ISREG(st.st_mode) || (flags & O_ACCMODE) == O_WRONLY)
		complain(error, EINVAL,
			 "cannot register memory of this descriptor: expected a "
			 "regular file, opened for reading or reading and writing");
	else if (offset % zmem_page())
		complain(error, EINVAL,
			 "cannot register memory of a file from byte %" PRIu64
			 ": expected a multiple of %zu",
			 offset, zmem_page());
	else if (offset > (uint64_t)st.st_size || length > (uint64_t)st.st_size - offset)
		complain(error, EINVAL,
			 "cannot register %zu bytes from byte %" PRIu64 " of a file of %" PRIu64,
			 length, offset, (uint64_t)st.st_size);
	else
		return true;
	return false;
}

static bool is_shmem(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

/* Replaces the first page while a pipe has it, as a socket would: is it another one then? */
static bool detach_works(struct zmem *mem)
{
	off_t at = (off_t)mem->at;
	unsigned char resident = 1;
	int pipes[2];
	bool works;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return false;
	works = splice(mem->fd, &at, pipes[1], NULL, zmem_page(), 0) > 0 &&
		zmem_replace(mem, mem->data, zmem_page());
	/* Written past the cache, the page is not in it. */
	if (works && mem->by == ZMEM_BY_DIRECT)
		works = mincore(mem->data, zmem_page(), &resident) == 0 && !(resident & 1);
	close(pipes[0]);
	close(pipes[1]);
	return works;
}

/* How the pages of a file that is written can be replaced, found out by doing it once. */
static void choose_detach(struct zmem *mem)
{
	char path[64];

	if (mem->size < zmem_page())
		return;
	if (is_shmem(mem->fd)) {
		mem->by = ZMEM_BY_HOLE;
	} else {
		g_snprintf(path, sizeof(path), "/proc/self/fd/%d", mem->fd);
		mem->direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (mem->direct < 0)
			return;
		mem->by = ZMEM_BY_DIRECT;
	}
	if (!detach_works(mem))
		mem->by = ZMEM_BY_NOTHING;
}

struct zmem *zmem_from_fd(int fd, uint64_t offset, size_t length, GError **error)
{
	struct zmem *mem;
	bool writable;

	if (!size_is_good(length, error) || !file_is_good(fd, offset, length, error))
		return NULL;
	writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	mem = mem_alloc(ZMEM_FILE, writable ? ZMEM_BY_NOTHING : ZMEM_READ_ONLY, length);
	mem->at = offset;
	mem->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (!mem_map(mem, writable ? PROT_READ | PROT_WRITE : PROT_READ, "a file", error))
		return NULL;
	if (writable)
		choose_detach(mem);
	return mem_register(mem, error);
}

/* ---- given over --------------------------------------------------------------------- */

/* Whether start .. end is private, anonymous, readable and writable, all of it. */
static bool is_anonymous(uintptr_t start, uintptr_t end)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t low, high;
	unsigned long inode;
	char mode[5];
	char line[4352]; /* a path and what stands before it */

	if (!maps)
		return false;
	while (start < end && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu", &low, &high, mode,
			   &inode) != 4)
			break;
		if (high <= start)
			continue;
		if (low > start || strcmp(mode, "rw-p") || inode != 0 || strstr(line, "[stack]"))
			break;
		start = high;
	}
	fclose(maps);
	return start >= end;
}

struct zmem *zmem_give(void *addr, size_t length, GError **error)
{
	const uintptr_t start = (uintptr_t)addr;
	struct zmem *mem;

	if (!size_is_good(length, error))
		return NULL;
	if (start % zmem_page() || length % zmem_page() || length > UINTPTR_MAX - start) {
		complain(error, EINVAL,
			 "cannot take over %zu bytes at %p: expected whole pages of %zu", length,
			 addr, zmem_page());
		return NULL;
	}
	if (!is_anonymous(start, start + length)) {
		complain(error, EINVAL,
			 "cannot take over %zu bytes at %p: expected private anonymous memory, "
			 "readable and writable",
			 length, addr);
		return NULL;
	}
	mem = mem_alloc(ZMEM_GIVEN, ZMEM_BY_MAPPING, length);
	mem->data = addr;
	return mem_register(mem, error);
}

/* ------------------------------------------------------------------------------------- */

void zmem_free(struct zmem *mem)
{
	if (!mem)
		return;
	zmem_unregister(mem);
	mem_release(mem);
}

void *zmem_data(const struct zmem *mem)
{
	return mem->data;
}

size_t zmem_size(const struct zmem *mem)
{
	return mem->size;
}

bool zmem_is_file(const struct zmem *mem)
{
	return mem->kind == ZMEM_FILE;
}

bool zmem_splices(const struct zmem *mem)
{
	return mem->by != ZMEM_BY_NOTHING;
}

struct zmem_piece zmem_hold(struct zmem *mem, const void *addr, size_t length)
{
	const size_t page = zmem_page(), from = (size_t)((const uint8_t *)addr - mem->data);
	const size_t index = from / page, into = from % page;
	size_t n = 1;

	g_assert(length > 0 && from < mem->mapped && length <= mem->mapped - from);
	pthread_rwlock_rdlock(&mem->lock);
	if (mem->kind == ZMEM_GIVEN)
		return (struct zmem_piece){.fd = -1, .length = length};
	if (mem->kind == ZMEM_FILE)
		return (struct zmem_piece){mem->fd, (off_t)(mem->at + from), length};
	while (n * page - into < length && mem->place[index + n] == mem->place[index] + n * page)
		n++;
	return (struct zmem_piece){mem->fd, (off_t)(mem->place[index] + into),
				   MIN(length, n * page - into)};
}

void zmem_unhold(struct zmem *mem)
{
	pthread_rwlock_unlock(&mem->lock);
}
