/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * What is taken at a time, and what any pipe has. What was noted of so many pages is still in the
 * cache when the socket takes them: out of huge pages, on loopback, the sender's best CPU was 0.7
 * of that with 1 MiB at a time. 128 KiB at a time cost more over veth, 512 KiB as much.
 */
#define PIPE_BEST  (256 * 1024)
#define PIPE_LEAST (64 * 1024)

void zsplice_init(struct zsplice *state)
{
	*state = (struct zsplice){.pipe = {-1, -1}};
}

void zsplice_clear(struct zsplice *state)
{
	if (state->pipe[0] >= 0) {
		close(state->pipe[0]);
		close(state->pipe[1]);
	}
	zsplice_init(state);
}

size_t zsplice_whole(const struct iovec *iov, size_t niov)
{
	size_t whole = 0;

	for (size_t i = 0; i < niov; i++) {
		const struct zmem *mem = zmem_find(iov[i].iov_base, iov[i].iov_len);
		const uint8_t *first;

		if (!mem || !zmem_splices(mem))
			return 0;
		whole += zmem_whole_pages(iov[i].iov_base, iov[i].iov_len, &first);
	}
	return whole;
}

static struct zsplice_sent copy(int fd, const void *base, size_t length, bool more)
{
	struct zsplice_sent sent = {.asked = length};

	do
		sent.n =
			send(fd, base, length, MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0));
	while (sent.n < 0 && errno == EINTR);
	return sent;
}

/* sendfile says that more follows by itself, until its last byte. */
static struct zsplice_sent from_file(int fd, struct zmem_piece piece)
{
	struct zsplice_sent sent = {.asked = piece.length};

	do
		sent.n = sendfile(fd, piece.fd, &piece.offset, piece.length);
	while (sent.n < 0 && errno == EINTR);
	if (sent.n == 0) {
		/* The file has become shorter. */
		sent.n = -1;
		errno = ENODATA;
	}
	return sent;
}

static bool have_pipe(struct zsplice *state)
{
	int size;

	if (state->pipe[0] >= 0 || state->no_pipe)
		return !state->no_pipe;
	if (pipe2(state->pipe, O_NONBLOCK | O_CLOEXEC) < 0) {
		zsplice_init(state);
		state->no_pipe = true;
		return false;
	}
	size = fcntl(state->pipe[1], F_SETPIPE_SZ, PIPE_BEST);
	state->room = size > 0 ? (size_t)size : PIPE_LEAST;
	return true;
}

static bool fill_pipe(struct zsplice *state, const void *base, size_t length)
{
	const struct iovec iov = {(void *)base, MIN(length, state->room)};
	ssize_t n;

	do
		n = vmsplice(state->pipe[1], &iov, 1, SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	/* An empty pipe takes something, or never will. */
	if (n < 0 && errno == EAGAIN)
		errno = ENOSPC;
	if (n > 0)
		state->piped = (size_t)n;
	return n > 0;
}

static struct zsplice_sent from_memory(struct zsplice *state, int fd, const void *base,
				       size_t length, bool more)
{
	struct zsplice_sent sent = {.n = -1};

	if (state->piped == 0 && !fill_pipe(state, base, length))
		return sent;
	sent.asked = state->piped;
	more |= state->piped < length;
	do
		sent.n = splice(state->pipe[0], NULL, fd, NULL, state->piped,
				SPLICE_F_NONBLOCK | SPLICE_F_MOVE | (more ? SPLICE_F_MORE : 0));
	while (sent.n < 0 && errno == EINTR);
	if (sent.n > 0)
		state->piped -= (size_t)sent.n;
	return sent;
}

/*
 * Whole pages from `from` on, `length` bytes at most. The page tables lead to a page sooner than a
 * file does, so sendfile is for what is a file's, or when there is no pipe to be had.
 */
static struct zsplice_sent lend(struct zsplice *state, int fd, const uint8_t *from, size_t length,
				bool more)
{
	struct zmem *mem = zmem_find(from, length);
	struct zsplice_sent sent = {.n = -1};
	struct zmem_piece piece;

	g_assert(mem);
	if (!zmem_is_file(mem) && have_pipe(state)) {
		sent = from_memory(state, fd, from, length, more);
	} else {
		piece = zmem_hold(mem, from, length);
		errno = EMFILE;
		if (piece.fd >= 0)
			sent = from_file(fd, piece);
		zmem_unhold(mem);
	}
	/* TCP stops anywhere. What it left of a page is as much the message's as the page was. */
	state->next = sent.n > 0 && (size_t)sent.n < sent.asked ? from + sent.n : NULL;
	return sent;
}

struct zsplice_sent zsplice_send(struct zsplice *state, int fd, const struct iovec *iov,
				 size_t niov, size_t most)
{
	const uint8_t *base = iov->iov_base, *end = base + iov->iov_len, *first;
	size_t whole = zmem_whole_pages(base, iov->iov_len, &first);

	if (base == state->next) {
		first = base;
		whole = iov->iov_len - (uintptr_t)end % zmem_page();
	}
	if (first > base || whole == 0)
		return copy(fd, base, whole ? (size_t)(first - base) : iov->iov_len,
			    whole > 0 || niov > 1);
	return lend(state, fd, base, MIN(whole, MAX(most & ~(zmem_page() - 1), zmem_page())),
		    niov > 1 || whole < iov->iov_len);
}
