/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "real/mem_impl.h"

/*
 * Other pages in place of those that the kernel may still read: the packets in a receiver's queue
 * keep the old ones. All of it with the content that is there; nobody writes to these pages
 * meanwhile, for they lie wholly inside a message that is under way.
 */

static bool write_all(int fd, const uint8_t *from, size_t length, uint64_t at)
{
	while (length > 0) {
		const ssize_t n = pwrite(fd, from, length, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		from += n;
		at += (uint64_t)n;
		length -= (size_t)n;
	}
	return true;
}

static bool punch(int fd, uint64_t at, size_t length)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
			 (off_t)length) == 0;
}

/* ---- a memfd of our own ------------------------------------------------------------- */

static bool is_used(const struct zmem *mem, uint64_t from, uint64_t to)
{
	const size_t n = mem->mapped / zmem_page();

	for (size_t i = 0; i < n; i++)
		if (mem->place[i] >= from && mem->place[i] < to)
			return true;
	return to > mem->end;
}

/*
 * What lies in from .. to of the memfd is not used any more: blocks of it in which nothing is used
 * are given back to the system. Only whole ones, for of a part of a huge page the kernel wipes the
 * bytes where they are, under the eyes of who still reads them.
 */
static void give_back(const struct zmem *mem, uint64_t from, uint64_t to)
{
	for (uint64_t at = from - from % mem->block; at < to; at += mem->block)
		if (!is_used(mem, at, at + mem->block))
			punch(mem->fd, at, mem->block);
}

/* The pages from `page` on are at `to` now; where they were may be given back, run by run. */
static void move_places(struct zmem *mem, size_t page, size_t n, uint64_t to)
{
	const uint64_t size = zmem_page();

	while (n > 0) {
		const uint64_t at = mem->place[page];
		size_t run = 0;

		while (run < n && mem->place[page + run] == at + run * size) {
			mem->place[page + run] = to + run * size;
			run++;
		}
		give_back(mem, at, at + run * size);
		page += run;
		n -= run;
		to += run * size;
	}
}

static bool replace_own(struct zmem *mem, uint8_t *first, size_t length)
{
	const size_t size = zmem_page(), page = (size_t)(first - mem->data) / size;
	const uint64_t to = mem->end;
	void *there;

	/* A reader of the mapping finds the old pages or the new, never none. */
	if (!write_all(mem->fd, first, length, to))
		return false;
	there = mmap(first, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, mem->fd,
		     (off_t)to);
	if (there == MAP_FAILED) {
		const int saved = errno;

		punch(mem->fd, to, length);
		errno = saved;
		return false;
	}
	mem->end = to + length;
	move_places(mem, page, length / size, to);
	return true;
}

/* ---- the program's pages ------------------------------------------------------------ */

static bool replace_given(uint8_t *first, size_t length)
{
	void *fresh =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int saved;

	if (fresh == MAP_FAILED)
		return false;
	memcpy(fresh, first, length);
	if (mremap(fresh, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, first) != MAP_FAILED)
		return true;
	saved = errno;
	munmap(fresh, length);
	errno = saved;
	return false;
}

/* ---- somebody's file ---------------------------------------------------------------- */

/* A direct write takes the pages out of the cache first, whoever still holds them. */
static bool replace_direct(struct zmem *mem, uint8_t *first, const uint8_t *copy, size_t length)
{
	return write_all(mem->direct, copy, length, mem->at + (uint64_t)(first - mem->data));
}

/* A huge page of which somebody holds a part stays where it is, wiped in that part. */
static bool is_gone(uint8_t *first, size_t length)
{
	unsigned char resident[256];
	const size_t step = sizeof(resident) * zmem_page();

	for (size_t at = 0; at < length; at += step) {
		const size_t n = MIN(step, length - at);

		if (mincore(first + at, n, resident) < 0)
			return false;
		for (size_t i = 0; i < n / zmem_page(); i++)
			if (resident[i] & 1)
				return false;
	}
	return true;
}

static bool replace_by_hole(struct zmem *mem, uint8_t *first, const uint8_t *copy, size_t length)
{
	const uint64_t at = mem->at + (uint64_t)(first - mem->data);
	bool gone;

	if (!punch(mem->fd, at, length))
		return false;
	gone = is_gone(first, length);
	if (!write_all(mem->fd, copy, length, at))
		return false;
	if (!gone)
		errno = EBUSY;
	return gone;
}

static bool replace_file(struct zmem *mem, uint8_t *first, size_t length)
{
	/* Aligned, for O_DIRECT. */
	uint8_t *copy =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool done;
	int saved;

	if (copy == MAP_FAILED)
		return false;
	memcpy(copy, first, length);
	done = mem->by == ZMEM_BY_DIRECT ? replace_direct(mem, first, copy, length)
					 : replace_by_hole(mem, first, copy, length);
	saved = errno;
	munmap(copy, length);
	errno = saved;
	return done;
}

/* ------------------------------------------------------------------------------------- */

bool zmem_replace(struct zmem *mem, uint8_t *first, size_t length)
{
	bool done = true;
	int saved;

	pthread_rwlock_wrlock(&mem->lock);
	switch (mem->kind) {
	case ZMEM_OWN:
		done = replace_own(mem, first, length);
		break;
	case ZMEM_GIVEN:
		done = replace_given(first, length);
		break;
	case ZMEM_FILE:
		done = replace_file(mem, first, length);
		break;
	}
	saved = errno;
	pthread_rwlock_unlock(&mem->lock);
	errno = saved;
	return done;
}

bool zmem_detach(const void *addr, size_t length)
{
	struct zmem *mem = zmem_find(addr, length);
	const uint8_t *first;
	const size_t whole = zmem_whole_pages(addr, length, &first);

	if (!mem || whole == 0 || mem->by == ZMEM_READ_ONLY || mem->by == ZMEM_BY_NOTHING)
		return true;
	return zmem_replace(mem, mem->data + (first - mem->data), whole);
}
