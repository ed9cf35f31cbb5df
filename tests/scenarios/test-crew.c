/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "scenarios/crew.h"

/* Jobs in processes: told in their order, whatever becomes of the processes. */

#define JOBS 40u

struct told {
	size_t next;
	unsigned died;
	size_t bytes;
};

static unsigned work(void *user, size_t job, GString *text, GString *trace)
{
	(void)user;
	/* The later ones are done first. */
	g_usleep((gulong)(JOBS - job) * 100);
	g_string_append_printf(text, "text %zu", job);
	for (size_t i = 0; i < job * 1000; i++)
		g_string_append_c(trace, (char)('a' + job % 26));
	return (unsigned)job;
}

static unsigned work_that_dies(void *user, size_t job, GString *text, GString *trace)
{
	if (job == 3)
		kill(getpid(), SIGKILL);
	if (job == 4)
		_exit(5);
	return work(user, job, text, trace);
}

static void done(void *user, size_t job, unsigned result, const GString *text, const GString *trace,
		 const char *died)
{
	struct told *told = user;
	char *expected = g_strdup_printf("text %zu", job);

	g_assert_cmpuint(job, ==, told->next++);
	if (died) {
		g_assert_nonnull(strstr(died, job == 3 ? "signal 9" : "status 5"));
		told->died++;
	} else {
		g_assert_cmpuint(result, ==, job);
		g_assert_cmpstr(text->str, ==, expected);
		g_assert_cmpuint(trace->len, ==, job * 1000);
		told->bytes += trace->len;
	}
	g_free(expected);
}

static void run(unsigned workers, bool deadly, unsigned died)
{
	struct told told = {0};
	const struct zrace_crew crew = {.njobs = JOBS,
					.workers = workers,
					.work = deadly ? work_that_dies : work,
					.done = done,
					.user = &told};

	g_assert_true(zrace_crew_run(&crew));
	g_assert_cmpuint(told.next, ==, JOBS);
	g_assert_cmpuint(told.died, ==, died);
}

static void test_in_order(void)
{
	run(1, false, 0);
	run(4, false, 0);
	run(64, false, 0);
}

static void test_deaths(void)
{
	run(1, true, 2);
	run(4, true, 2);
}

static void test_nothing(void)
{
	const struct zrace_crew crew = {.njobs = 0, .workers = 4, .work = work, .done = done};

	g_assert_true(zrace_crew_run(&crew));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crew/in-order", test_in_order);
	g_test_add_func("/crew/deaths", test_deaths);
	g_test_add_func("/crew/nothing", test_nothing);
	return g_test_run();
}
