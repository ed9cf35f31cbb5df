/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/real/libpair.h"

/*
 * Registered memory by the public header alone: memory of the library's, of a file and of the
 * program's arrives as it is, is lent where the library says that it is, and is the sender's again
 * after the final event.
 */

#define PAGE 4096u
#define SIZE (64u * PAGE)
#define MANY 8

enum kind { OWN, OWN_LARGE, SHMEM_FILE, READ_ONLY_FILE, GIVEN, KINDS };
static const char *const kinds[] = {"own", "own-large", "shmem-file", "read-only-file", "given"};

struct memory {
	struct zclnd_mem *mem;
	void *given;
	uint8_t *data;
};

static struct zclnd_event next_of(const struct libside *side, enum zclnd_event_kind kind)
{
	const struct zclnd_event event = libpair_next_of(side, kind);

	g_assert_cmpint(event.status, ==, ZCLND_OK);
	return event;
}

/* What differs from byte to byte, page to page and message to message. */
static uint8_t byte_at(unsigned number, size_t at)
{
	return (uint8_t)(number * 31 + at / PAGE * 7 + at % 251);
}

static void fill(uint8_t *data, unsigned number)
{
	for (size_t i = 0; i < SIZE; i++)
		data[i] = byte_at(number, i);
}

static void check(const uint8_t *data, unsigned number)
{
	for (size_t i = 0; i < SIZE; i++)
		g_assert_cmpuint(data[i], ==, byte_at(number, i));
}

static struct zclnd_mem *file_mem(bool read_only, struct zclnd_error *error)
{
	const int fd = memfd_create("test", MFD_CLOEXEC);
	struct zclnd_mem *mem;
	uint8_t data[SIZE];
	char path[64];
	int again;

	g_assert_cmpint(fd, >=, 0);
	fill(data, 0);
	/* Behind a page that is not the memory's. */
	g_assert_cmpint(pwrite(fd, data, SIZE, PAGE), ==, SIZE);
	g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	g_assert_cmpint(again, >=, 0);
	mem = zclnd_mem_from_fd(again, PAGE, SIZE, error);
	close(again);
	close(fd);
	return mem;
}

static struct memory memory_new(enum kind kind)
{
	struct zclnd_error error = {0};
	struct memory memory = {0};

	switch (kind) {
	case OWN:
		memory.mem = zclnd_mem_new(SIZE, &error);
		break;
	case OWN_LARGE:
		memory.mem = zclnd_mem_new((size_t)4 << 20, &error);
		break;
	case SHMEM_FILE:
	case READ_ONLY_FILE:
		memory.mem = file_mem(kind == READ_ONLY_FILE, &error);
		break;
	default:
		memory.given = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);
		g_assert_true(memory.given != MAP_FAILED);
		memory.mem = zclnd_mem_give(memory.given, SIZE, &error);
	}
	g_assert_cmpstr(error.text, ==, "");
	g_assert_nonnull(memory.mem);
	memory.data = zclnd_mem_data(memory.mem);
	g_assert_cmpuint((uintptr_t)memory.data % PAGE, ==, 0);
	g_assert_cmpuint(zclnd_mem_size(memory.mem), ==, kind == OWN_LARGE ? 4u << 20 : SIZE);
	return memory;
}

static void memory_free(struct memory *memory)
{
	zclnd_mem_free(memory->mem);
	if (memory->given) {
		/* It is the program's again, and still there. */
		memset(memory->given, 1, SIZE);
		munmap(memory->given, SIZE);
	}
}

static uint64_t counted(const struct libside *side, const char *name)
{
	struct zclnd_stats stats;

	g_assert_cmpint(zclnd_ni_stats(side->ni, &stats), ==, ZCLND_OK);
	return zclnd_stats_get(&stats, name);
}

/* Written anew as soon as it is the sender's again, message by message. */
static void test_put(gconstpointer data)
{
	const enum kind kind = (enum kind)GPOINTER_TO_INT(data);
	struct memory memory = memory_new(kind);
	uint8_t *to = g_malloc0(SIZE);
	struct libpair pair;
	struct libside *left = &pair.side[LIBPAIR_LEFT], *right = &pair.side[LIBPAIR_RIGHT];

	libpair_open_by(&pair, 1, ZCLND_WAY_SPLICE);
	libpair_attach(right, ZCLND_MD_PUT | ZCLND_MD_REMOTE_OFFSET, 0, to, SIZE);
	for (unsigned i = 0; i < MANY; i++) {
		const unsigned number = kind == READ_ONLY_FILE ? 0 : i;

		if (kind != READ_ONLY_FILE)
			fill(memory.data, number);
		libpair_put(&pair, LIBPAIR_LEFT, memory.data, SIZE, false);
		g_assert_true(next_of(left, ZCLND_EV_SEND).final);
		next_of(right, ZCLND_EV_PUT);
		check(to, number);
	}
	g_assert_cmpuint(counted(left, "splice_bytes"), ==,
			 zclnd_mem_lends(memory.mem) ? MANY * SIZE : 0);
	/* Only a file's pages may be such that they cannot be replaced. */
	if (kind != SHMEM_FILE)
		g_assert_true(zclnd_mem_lends(memory.mem));
	libpair_close(&pair);
	memory_free(&memory);
	g_free(to);
}

/* A REPLY is sent from it, and another one received into it. */
static void test_get(gconstpointer data)
{
	const enum kind kind = (enum kind)GPOINTER_TO_INT(data);
	struct memory from = memory_new(kind), to = memory_new(OWN);
	const struct iovec iov = {to.data, SIZE};
	struct zclnd_get get = {
		.portal = LIBPAIR_PORTAL, .match_bits = LIBPAIR_BITS, .iov = &iov, .niov = 1};
	struct libpair pair;
	struct libside *left = &pair.side[LIBPAIR_LEFT], *right = &pair.side[LIBPAIR_RIGHT];

	libpair_open_by(&pair, 1, ZCLND_WAY_SPLICE);
	if (kind != READ_ONLY_FILE)
		fill(from.data, 0);
	libpair_attach(right, ZCLND_MD_GET, 0, from.data, SIZE);
	get.target = zclnd_ni_nid(right->ni);
	g_assert_cmpint(zclnd_get(left->ni, &get), ==, ZCLND_OK);
	g_assert_cmpuint(next_of(left, ZCLND_EV_REPLY).mlength, ==, SIZE);
	check(to.data, 0);
	/* The ZC-ACK came, and all that was lent is back, before the memory is freed. */
	next_of(right, ZCLND_EV_GET);
	libpair_close(&pair);
	memory_free(&from);
	memory_free(&to);
}

static void refused(struct zclnd_mem *mem, const struct zclnd_error *error, const char *why)
{
	g_assert_null(mem);
	g_assert_cmpint(error->err, ==, ZCLND_E_INVALID);
	g_assert_nonnull(strstr(error->text, why));
}

static void test_wrong(void)
{
	uint8_t *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *shared =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const int fd = memfd_create("test", MFD_CLOEXEC);
	struct zclnd_error e = {0};
	struct zclnd_mem *mem;

	g_assert_cmpint(ftruncate(fd, 2 * PAGE), ==, 0);
	refused(zclnd_mem_new(0, &e), &e, "at least 1");
	refused(zclnd_mem_give(pages + 1, PAGE, &e), &e, "whole pages");
	refused(zclnd_mem_give(pages, PAGE - 1, &e), &e, "whole pages");
	refused(zclnd_mem_give(shared, PAGE, &e), &e, "private anonymous");
	refused(zclnd_mem_from_fd(fd, 1, PAGE, &e), &e, "multiple");
	refused(zclnd_mem_from_fd(fd, PAGE, 2 * PAGE, &e), &e, "of a file of 8192");
	refused(zclnd_mem_from_fd(-1, 0, PAGE, &e), &e, "cannot register");
	mem = zclnd_mem_give(pages, 2 * PAGE, &e);
	g_assert_nonnull(mem);
	refused(zclnd_mem_give(pages + PAGE, PAGE, &e), &e, "registered already");
	g_assert_null(zclnd_mem_give(pages, PAGE, NULL));
	zclnd_mem_free(mem);
	/* Freed: it may be given again. */
	mem = zclnd_mem_give(pages, PAGE, &e);
	g_assert_nonnull(mem);
	zclnd_mem_free(mem);
	zclnd_mem_free(NULL);
	munmap(pages, 2 * PAGE);
	munmap(shared, PAGE);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (int i = 0; i < KINDS; i++) {
		char *put_path = g_strconcat("/lib-mem/put/", kinds[i], NULL);
		char *get_path = g_strconcat("/lib-mem/get/", kinds[i], NULL);

		g_test_add_data_func(put_path, GINT_TO_POINTER(i), test_put);
		g_test_add_data_func(get_path, GINT_TO_POINTER(i), test_get);
		g_free(put_path);
		g_free(get_path);
	}
	g_test_add_func("/lib-mem/wrong", test_wrong);
	return g_test_run();
}
