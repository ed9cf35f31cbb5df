/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real/mem.h"
#include "real/sink.h"
#include "real/sock.h"
#include "real/splice.h"

/*
 * Registered memory: what may be registered, what is sent from it, and that a receiver reads the
 * old content after a detach, however late, and the new one without.
 */

#define PAGES 16
#define SIZE  ((size_t)PAGES * 4096)

/* Memory of which huge pages may be, and how far into it the part is that is used. */
#define HUGE ((size_t)4 << 20)
#define INTO ((size_t)1 << 20)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum kind { OWN, OWN_NO_PIPE, OWN_HUGE, GIVEN, DISK_FILE, SHMEM_FILE, KINDS };
static const char *const kinds[] = {"own",   "own-no-pipe", "own-huge",
				    "given", "file",	    "shmem-file"};

struct rig {
	struct zmem *mem;
	uint8_t *data;
	void *given;
	int fd; /* of the file; -1 */
	int out, in;
	struct zsplice splice;
};

static int open_file(enum kind kind)
{
	int fd;

	if (kind == SHMEM_FILE) {
		fd = memfd_create("test", MFD_CLOEXEC);
	} else {
		char *name = NULL;

		/* Where the tests are built is a disk, mostly; /tmp may be none. */
		g_assert_cmpint(g_mkstemp((name = g_strdup("mem-XXXXXX"))), >=, 0);
		fd = open(name, O_RDWR | O_CLOEXEC);
		g_unlink(name);
		g_free(name);
	}
	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static void connect_sockets(struct rig *r)
{
	struct sockaddr_in addr = zsock_addr(0x7f000001, 0);
	const int listener = zsock_listen(&addr);

	g_assert_cmpint(listener, >=, 0);
	r->out = zsock_new();
	g_assert_true(connect(r->out, (struct sockaddr *)&addr, sizeof(addr)) == 0 ||
		      errno == EINPROGRESS);
	while ((r->in = accept(listener, NULL, NULL)) < 0)
		g_assert_cmpint(errno, ==, EAGAIN);
	close(listener);
}

/* False: this system cannot splice from it and detach. */
static bool rig_init(struct rig *r, enum kind kind)
{
	GError *error = NULL;

	*r = (struct rig){.fd = -1};
	switch (kind) {
	case OWN:
	case OWN_NO_PIPE:
		r->mem = zmem_new(SIZE, &error);
		break;
	case OWN_HUGE:
		r->mem = zmem_new(HUGE, &error);
		break;
	case GIVEN:
		r->given = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				0);
		r->mem = zmem_give(r->given, SIZE, &error);
		break;
	default:
		r->fd = open_file(kind);
		g_assert_cmpint(ftruncate(r->fd, SIZE), ==, 0);
		r->mem = zmem_from_fd(r->fd, 0, SIZE, &error);
	}
	g_assert_no_error(error);
	r->data = (uint8_t *)zmem_data(r->mem) + (kind == OWN_HUGE ? INTO : 0);
	zpattern_fill(r->data, SIZE, 1);
	connect_sockets(r);
	zsplice_init(&r->splice);
	r->splice.no_pipe = kind == OWN_NO_PIPE;
	return zmem_splices(r->mem);
}

static void rig_clear(struct rig *r)
{
	zsplice_clear(&r->splice);
	zmem_free(r->mem);
	if (r->given)
		munmap(r->given, SIZE);
	if (r->fd >= 0)
		close(r->fd);
	close(r->out);
	close(r->in);
}

/* All of it, as a connection would; returns the calls that it took. */
static unsigned send_all(struct rig *r, const uint8_t *from, size_t length)
{
	struct iovec iov = {(void *)from, length};
	unsigned calls = 0;

	g_assert_cmpuint(zsplice_whole(&iov, 1), >, 0);
	for (; iov.iov_len > 0; calls++) {
		const struct zsplice_sent sent = zsplice_send(&r->splice, r->out, &iov, 1, SIZE);

		if (sent.n < 0) {
			g_assert_cmpint(errno, ==, EAGAIN);
			continue;
		}
		iov.iov_base = (uint8_t *)iov.iov_base + sent.n;
		iov.iov_len -= (size_t)sent.n;
	}
	return calls;
}

static void receive(struct rig *r, uint8_t *to, size_t length)
{
	while (length > 0) {
		const ssize_t n = recv(r->in, to, length, 0);

		g_assert_cmpint(n, >, 0);
		to += n;
		length -= (size_t)n;
	}
}

/* Any part arrives as it is; whole pages in one call, each end that is none in another. */
static void test_parts(const void *data)
{
	static const struct {
		size_t from, to;
		unsigned calls;
	} parts[] = {
		{0, SIZE, 1},
		{4096, 8192, 1},
		{1, SIZE, 2},
		{0, SIZE - 1, 2},
		{4095, 3 * 4096 + 1, 3},
		{100, SIZE - 100, 3},
		{5 * 4096, SIZE - 7, 2},
	};
	uint8_t *got = g_malloc(SIZE);
	struct rig r;

	if (!rig_init(&r, (enum kind)GPOINTER_TO_INT(data)))
		g_test_skip("pages of a file here cannot be replaced");
	else
		for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
			const size_t length = parts[i].to - parts[i].from;

			g_assert_cmpuint(send_all(&r, r.data + parts[i].from, length), >=,
					 parts[i].calls);
			receive(&r, got, length);
			g_assert_cmpint(memcmp(got, r.data + parts[i].from, length), ==, 0);
		}
	rig_clear(&r);
	g_free(got);
}

/* More than the socket takes at once: it goes on in the middle of a page. */
static void test_full_socket(const void *data)
{
	const int small = 4096;
	uint8_t *got = g_malloc(SIZE);
	struct rig r;

	if (!rig_init(&r, (enum kind)GPOINTER_TO_INT(data))) {
		g_test_skip("pages of a file here cannot be replaced");
	} else {
		struct iovec iov = {r.data, SIZE};
		size_t done = 0, read = 0;

		setsockopt(r.out, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		setsockopt(r.in, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		while (read < SIZE) {
			struct zsplice_sent sent = {.n = 0};
			ssize_t n;

			if (iov.iov_len > 0)
				sent = zsplice_send(&r.splice, r.out, &iov, 1, SIZE);
			if (sent.n > 0) {
				done += (size_t)sent.n;
				iov = (struct iovec){r.data + done, SIZE - done};
			}
			n = recv(r.in, got + read, 1000, MSG_DONTWAIT);
			read += n > 0 ? (size_t)n : 0;
		}
		g_assert_true(zpattern_check(got, SIZE, 1));
	}
	rig_clear(&r);
	g_free(got);
}

/* What is queued at the receiver when the owner writes again. */
static void send_overwrite_receive(struct rig *r, bool detach, size_t from, uint8_t *got)
{
	const size_t length = SIZE - 2 * from;

	send_all(r, r->data + from, length);
	if (detach)
		g_assert_true(zmem_detach(r->data + from, length));
	g_assert_true(zpattern_check(r->data, SIZE, 1));
	memset(r->data, 0xdb, SIZE);
	receive(r, got + from, length);
}

static void test_detach(const void *data)
{
	const enum kind kind = (enum kind)GPOINTER_TO_INT(data);
	uint8_t *got = g_malloc(SIZE);
	struct rig r;

	if (!rig_init(&r, kind)) {
		g_test_skip("pages of a file here cannot be replaced");
	} else {
		send_overwrite_receive(&r, false, 0, got);
		g_assert_false(zpattern_check(got, SIZE, 1));
		g_assert_cmpint(got[SIZE / 2], ==, 0xdb);
		/* Again and again: where pages are is kept right. The ends are in foreign pages. */
		for (size_t from = 0; from < 3 * 4096; from += 1000) {
			zpattern_fill(r.data, SIZE, 1);
			zpattern_fill(got, SIZE, 1);
			send_overwrite_receive(&r, true, from, got);
			g_assert_true(zpattern_check(got, SIZE, 1));
			g_assert_cmpint(r.data[0] & r.data[SIZE / 2] & r.data[SIZE - 1], ==, 0xdb);
		}
		/* What stands there after many is what is sent. */
		zpattern_fill(r.data, SIZE, 1);
		send_all(&r, r.data, SIZE);
		receive(&r, got, SIZE);
		g_assert_true(zpattern_check(got, SIZE, 1));
	}
	rig_clear(&r);
	g_free(got);
}

/* The rest of a huge page of which a part is replaced, or all of it in parts, is as it was. */
static void test_huge(void)
{
	GError *error = NULL;
	struct zmem *mem = zmem_new(HUGE, &error);
	uint8_t *data;

	g_assert_no_error(error);
	data = zmem_data(mem);
	for (int round = 0; round < 3; round++) {
		zpattern_fill(data, HUGE, (uint64_t)round);
		for (size_t at = 0; at < HUGE; at += INTO / 4) {
			g_assert_true(zmem_detach(data + at, INTO / 4));
			g_assert_true(zpattern_check(data, HUGE, (uint64_t)round));
		}
	}
	zmem_free(mem);
}

/* Of a huge page that somebody holds no part can be replaced: such a file is not spliced. */
static void test_huge_file(void)
{
	const int fd = memfd_create("test", MFD_CLOEXEC);
	GError *error = NULL;
	struct zmem *mem;
	uint8_t *space, *data;

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(posix_fallocate(fd, 0, (off_t)HUGE / 2), ==, 0);
	space = mmap(NULL, HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	g_assert_true(space != MAP_FAILED);
	data = space + (-(uintptr_t)space & (HUGE / 2 - 1));
	g_assert_true(mmap(data, HUGE / 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
		      data);
	if (madvise(data, HUGE / 2, MADV_COLLAPSE) < 0) {
		g_test_skip("no huge pages for files in memory");
	} else {
		zpattern_fill(data, HUGE / 2, 1);
		mem = zmem_from_fd(fd, 0, HUGE / 2, &error);
		g_assert_no_error(error);
		g_assert_false(zmem_splices(mem));
		g_assert_true(zpattern_check(data, HUGE / 2, 1));
		zmem_free(mem);
	}
	munmap(space, HUGE);
	close(fd);
}

/* A file's pages are the file's: what was written is in it after a detach. */
static void test_file_keeps(void)
{
	uint8_t *got = g_malloc(SIZE);
	struct rig r;

	if (rig_init(&r, DISK_FILE))
		g_assert_true(zmem_detach(r.data, SIZE));
	else
		g_test_skip("pages of a file here cannot be replaced");
	g_assert_cmpint(pread(r.fd, got, SIZE, 0), ==, SIZE);
	g_assert_true(zpattern_check(got, SIZE, 1));
	rig_clear(&r);
	g_free(got);
}

static void refused(struct zmem *mem, GError **error, int code, const char *says)
{
	g_assert_null(mem);
	g_assert_error(*error, G_FILE_ERROR, code);
	g_assert_nonnull(strstr((*error)->message, says));
	g_clear_error(error);
}

static void test_wrong(void)
{
	uint8_t *pages =
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *shared =
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const int fd = open_file(SHMEM_FILE);
	struct zmem *mem = zmem_give(pages, 8192, NULL);
	GError *e = NULL;

	g_assert_nonnull(mem);
	refused(zmem_new(0, &e), &e, G_FILE_ERROR_INVAL, "at least 1");
	refused(zmem_give(pages + 1, 4096, &e), &e, G_FILE_ERROR_INVAL, "whole pages");
	refused(zmem_give(pages, 100, &e), &e, G_FILE_ERROR_INVAL, "whole pages");
	refused(zmem_give(pages + 4096, 8192, &e), &e, G_FILE_ERROR_EXIST, "already");
	refused(zmem_give(shared, SIZE, &e), &e, G_FILE_ERROR_INVAL, "anonymous");
	munmap(pages + 12288, 4096);
	refused(zmem_give(pages + 8192, 8192, &e), &e, G_FILE_ERROR_INVAL, "anonymous");
	refused(zmem_from_fd(-1, 0, 1, &e), &e, G_FILE_ERROR_BADF, "file");
	refused(zmem_from_fd(STDIN_FILENO, 0, 1, &e), &e, G_FILE_ERROR_INVAL, "regular");
	refused(zmem_from_fd(fd, 0, 1, &e), &e, G_FILE_ERROR_INVAL, "of a file of 0");
	g_assert_cmpint(ftruncate(fd, 8192), ==, 0);
	refused(zmem_from_fd(fd, 1, 1, &e), &e, G_FILE_ERROR_INVAL, "multiple");
	refused(zmem_from_fd(fd, 4096, 4097, &e), &e, G_FILE_ERROR_INVAL, "8192");
	zmem_free(mem);
	zmem_free(NULL);
	close(fd);
	munmap(pages, SIZE);
	munmap(shared, SIZE);
}

/* A file for reading needs no detach: its owner said that nobody writes there. */
static void test_read_only(void)
{
	const int fd = open_file(DISK_FILE);
	char path[64];
	struct zmem *mem;
	int reader;

	g_assert_cmpint(ftruncate(fd, 10000), ==, 0);
	g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	mem = zmem_from_fd(reader, 4096, 5904, NULL);
	g_assert_nonnull(mem);
	close(reader);
	close(fd);
	g_assert_true(zmem_splices(mem));
	g_assert_true(zmem_detach(zmem_data(mem), 5904));
	g_assert_cmpint(((uint8_t *)zmem_data(mem))[5903], ==, 0);
	zmem_free(mem);
}

/* ---- who is asked for memory while others register --------------------------------- */

#define ROUNDS 300
#define EACH   40

static gpointer come_and_go(gpointer data)
{
	struct zmem *mems[EACH];

	(void)data;
	for (int round = 0; round < ROUNDS / 10; round++) {
		for (int i = 0; i < EACH; i++) {
			mems[i] = zmem_new(4096, NULL);
			g_assert_nonnull(mems[i]);
			g_assert_true(zmem_find(zmem_data(mems[i]), 4096) == mems[i]);
		}
		for (int i = 0; i < EACH; i++)
			zmem_free(mems[i]);
	}
	return NULL;
}

static void test_many(void)
{
	struct zmem *stays = zmem_new(3 * 4096, NULL);
	uint8_t *data = zmem_data(stays);
	GThread *threads[2];

	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("registers", come_and_go, NULL);
	for (int i = 0; i < ROUNDS * 1000; i++) {
		g_assert_true(zmem_find(data + 4096, 4096) == stays);
		g_assert_null(zmem_find(&stays, sizeof(stays)));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	g_assert_true(zmem_find(data, 3 * 4096) == stays);
	g_assert_null(zmem_find(data, 3 * 4096 + 1));
	g_assert_null(zmem_find(data, SIZE_MAX));
	zmem_free(stays);
	g_assert_null(zmem_find(data, 1));
	g_assert_false(zmem_any());
}

/* One thread detaches, others send and read: nobody sees anything but the content. */
static gpointer detach_often(gpointer data)
{
	struct rig *r = data;

	for (int i = 0; i < ROUNDS; i++)
		g_assert_true(zmem_detach(r->data, SIZE));
	return NULL;
}

static void test_together(const void *data)
{
	uint8_t *got = g_malloc(SIZE);
	GThread *thread;
	struct rig r;

	g_assert_true(rig_init(&r, (enum kind)GPOINTER_TO_INT(data)));
	thread = g_thread_new("detaches", detach_often, &r);
	for (int i = 0; i < ROUNDS; i++) {
		send_all(&r, r.data, SIZE);
		receive(&r, got, SIZE);
		g_assert_true(zpattern_check(got, SIZE, 1));
		g_assert_true(zpattern_check(r.data, SIZE, 1));
	}
	g_thread_join(thread);
	rig_clear(&r);
	g_free(got);
}

static void add(const char *name, enum kind kind, void (*test)(const void *data))
{
	char *path = g_strdup_printf("/mem/%s/%s", name, kinds[kind]);

	g_test_add_data_func(path, GINT_TO_POINTER(kind), test);
	g_free(path);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mem/wrong", test_wrong);
	g_test_add_func("/mem/read-only", test_read_only);
	g_test_add_func("/mem/file-keeps", test_file_keeps);
	g_test_add_func("/mem/huge", test_huge);
	g_test_add_func("/mem/huge-file", test_huge_file);
	g_test_add_func("/mem/many", test_many);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		add("parts", kind, test_parts);
		add("full-socket", kind, test_full_socket);
		add("detach", kind, test_detach);
	}
	add("together", OWN, test_together);
	add("together", OWN_NO_PIPE, test_together);
	add("together", GIVEN, test_together);
	return g_test_run();
}
