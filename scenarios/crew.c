/* SPDX-License-Identifier: MIT */
#include "scenarios/crew.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 64u
#define READ_SIZE   65536u

/* What a worker says, before the two texts. */
struct head {
	uint64_t job, text, trace;
	uint32_t result;
	uint32_t begins; /* this job begins now; no text */
};

struct worker {
	pid_t pid;
	int fd; /* -1: it has ended */
	GByteArray *in;
	size_t job; /* that it is at; SIZE_MAX: none */
};

struct result {
	bool there;
	unsigned result;
	GString *text, *trace;
	char *died;
};

struct run {
	const struct zrace_crew *crew;
	atomic_size_t *next; /* shared: the job that nobody has taken */
	struct worker workers[MAX_WORKERS];
	struct result *results;
	size_t told; /* jobs */
};

/* ---- in a worker ---- */

static void write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		const ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(1); /* nobody listens any more */
		at += n;
		len -= (size_t)n;
	}
}

static void work(const struct run *run, int fd)
{
	const struct zrace_crew *crew = run->crew;
	size_t job;

	/* What is drawn by chance (addresses) is to differ from the others'. */
	g_random_set_seed((guint32)getpid() ^ (guint32)g_get_monotonic_time());
	while ((job = atomic_fetch_add(run->next, 1)) < crew->njobs) {
		GString *text = g_string_new(NULL), *trace = g_string_new(NULL);
		struct head head = {.job = job, .begins = 1};

		write_all(fd, &head, sizeof(head));
		head.begins = 0;
		head.result = crew->work(crew->user, job, text, trace);
		head.text = text->len;
		head.trace = trace->len;
		write_all(fd, &head, sizeof(head));
		write_all(fd, text->str, text->len);
		write_all(fd, trace->str, trace->len);
		g_string_free(text, TRUE);
		g_string_free(trace, TRUE);
	}
}

/* ---- here ---- */

static bool start_worker(struct run *run, unsigned index)
{
	struct worker *worker = &run->workers[index];
	int ends[2];

	if (pipe(ends) < 0)
		return false;
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0) {
		/* Else a worker would not notice that nobody reads it any more. */
		for (unsigned i = 0; i < MAX_WORKERS; i++)
			if (i != index && run->workers[i].fd >= 0)
				close(run->workers[i].fd);
		close(ends[0]);
		work(run, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	if (worker->pid < 0) {
		close(ends[0]);
		return false;
	}
	worker->fd = ends[0];
	worker->in = g_byte_array_new();
	worker->job = SIZE_MAX;
	return true;
}

static void tell(struct run *run)
{
	const struct zrace_crew *crew = run->crew;

	while (run->told < crew->njobs && run->results[run->told].there) {
		struct result *one = &run->results[run->told];

		crew->done(crew->user, run->told, one->result, one->text, one->trace, one->died);
		g_string_free(one->text, TRUE);
		g_string_free(one->trace, TRUE);
		g_free(one->died);
		run->told++;
	}
}

static void keep(struct run *run, size_t job, struct result result)
{
	if (job >= run->crew->njobs || run->results[job].there) {
		g_string_free(result.text, TRUE);
		g_string_free(result.trace, TRUE);
		g_free(result.died);
		return;
	}
	result.there = true;
	run->results[job] = result;
	tell(run);
}

/* All that a worker has said completely. */
static void take(struct run *run, struct worker *worker)
{
	struct head head;

	while (worker->in->len >= sizeof(head)) {
		const char *texts = (const char *)worker->in->data + sizeof(head);

		memcpy(&head, worker->in->data, sizeof(head));
		if (worker->in->len - sizeof(head) < head.text + head.trace)
			return;
		worker->job = head.begins ? (size_t)head.job : SIZE_MAX;
		if (!head.begins)
			keep(run, (size_t)head.job,
			     (struct result){.result = head.result,
					     .text = g_string_new_len(texts, (gssize)head.text),
					     .trace = g_string_new_len(texts + head.text,
								       (gssize)head.trace)});
		g_byte_array_remove_range(worker->in, 0,
					  (guint)(sizeof(head) + head.text + head.trace));
	}
}

static char *death(int status)
{
	if (WIFSIGNALED(status))
		return g_strdup_printf("the process ended by signal %d (%s)", WTERMSIG(status),
				       g_strsignal(WTERMSIG(status)));
	return g_strdup_printf("the process ended with status %d", WEXITSTATUS(status));
}

/* It has ended. When it was at a job, that one is over, and another worker takes its place. */
static void bury(struct run *run, unsigned index)
{
	struct worker *worker = &run->workers[index];
	const size_t job = worker->job;
	int status = 0;

	close(worker->fd);
	worker->fd = -1;
	g_byte_array_unref(worker->in);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (job == SIZE_MAX)
		return;
	keep(run, job,
	     (struct result){.text = g_string_new(NULL),
			     .trace = g_string_new(NULL),
			     .died = death(status)});
	start_worker(run, index);
}

static void read_worker(struct run *run, unsigned index)
{
	struct worker *worker = &run->workers[index];
	uint8_t buf[READ_SIZE];
	const ssize_t n = read(worker->fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		bury(run, index);
		return;
	}
	g_byte_array_append(worker->in, buf, (guint)n);
	take(run, worker);
}

/* False: no worker is left. */
static bool listen_once(struct run *run)
{
	struct pollfd fds[MAX_WORKERS];
	unsigned at[MAX_WORKERS];
	nfds_t n = 0;

	for (unsigned i = 0; i < MAX_WORKERS; i++) {
		if (run->workers[i].fd < 0)
			continue;
		at[n] = i;
		fds[n++] = (struct pollfd){.fd = run->workers[i].fd, .events = POLLIN};
	}
	if (n == 0)
		return false;
	if (poll(fds, n, -1) < 0)
		return true;
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents)
			read_worker(run, at[i]);
	return true;
}

bool zrace_crew_run(const struct zrace_crew *crew)
{
	struct run run = {.crew = crew};
	const size_t n = MIN(MIN(crew->workers, MAX_WORKERS), crew->njobs);
	bool started = false;

	run.next = mmap(NULL, sizeof(*run.next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (run.next == MAP_FAILED)
		return false;
	atomic_init(run.next, 0);
	run.results = g_new0(struct result, crew->njobs);
	for (unsigned i = 0; i < MAX_WORKERS; i++)
		run.workers[i].fd = -1;
	for (unsigned i = 0; i < n; i++)
		started |= start_worker(&run, i);
	while (listen_once(&run))
		;
	for (size_t job = run.told; started && job < crew->njobs; job++)
		keep(&run, job,
		     (struct result){.text = g_string_new(NULL),
				     .trace = g_string_new(NULL),
				     .died = g_strdup("no process was there for it")});
	g_free(run.results);
	munmap(run.next, sizeof(*run.next));
	return started || n == 0;
}
