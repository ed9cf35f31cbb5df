/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/trace/shown.h"

/* The trace command when something is wrong around it: files, tshark, command line, output. */

static void check_unread(const char *path, const char *what)
{
	struct shown shown = shown_of(path, ZTRACE_FORMAT_DEFAULT);

	g_assert_cmpint(shown.status, ==, ZTRACE_UNREAD);
	g_assert_cmpstr(shown.out, ==, "");
	g_assert_true(g_str_has_prefix(shown.err, path));
	if (strstr(shown.err, what) == NULL)
		g_error("'%s' lacks '%s'", shown.err, what);
	shown_clear(&shown);
}

static void test_unreadable(gconstpointer data)
{
	char *readme = g_test_build_filename(G_TEST_DIST, "tests", "captures", "README.md", NULL);
	char *folder = g_test_build_filename(G_TEST_DIST, "tests", "captures", NULL);

	(void)data;
	check_unread("no/such/file.pcap", "No such file");
	check_unread(readme, "no capture that tshark can read");
	check_unread(folder, "a folder");
	g_free(readme);
	g_free(folder);
}

static void test_missing_tshark(void)
{
	char *before = g_strdup(g_getenv("ZCLND_TSHARK"));
	char *path = g_strdup(g_getenv("PATH"));
	char *capture = shown_capture_path("v2-ping");

	g_setenv("ZCLND_TSHARK", "/no/such/program", TRUE);
	check_unread(capture, "ZCLND_TSHARK names '/no/such/program'");
	g_unsetenv("ZCLND_TSHARK");
	g_setenv("PATH", "/no/such/folder", TRUE);
	check_unread(capture, "apt install tshark");
	g_setenv("PATH", path, TRUE);
	if (before != NULL)
		g_setenv("ZCLND_TSHARK", before, TRUE);
	g_free(before);
	g_free(path);
	g_free(capture);
}

static void test_usage(void)
{
	char *none[] = {(char *)"trace", NULL};
	char *two[] = {(char *)"trace", (char *)"a", (char *)"b", NULL};
	char *unknown[] = {(char *)"trace", (char *)"--no-such", NULL};

	if (g_test_subprocess()) {
		g_assert_cmpint(ztrace_main(1, none), ==, ZTRACE_UNREAD);
		g_assert_cmpint(ztrace_main(3, two), ==, ZTRACE_UNREAD);
		g_assert_cmpint(ztrace_main(2, unknown), ==, ZTRACE_UNREAD);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stderr("*exactly one file*--help*exactly one*--no-such*");
}

/* A closed pipe ends the output without a word; a full disk does not. */
static void test_output_errors(gconstpointer data)
{
	FILE *out = fopen("/dev/full", "w");
	struct shown shown;

	(void)data;
	if (out == NULL) {
		g_test_skip("there is no /dev/full");
		return;
	}
	shown = shown_on("v2-ping", out);
	fclose(out);
	g_assert_cmpint(shown.status, ==, ZTRACE_UNREAD);
	g_assert_nonnull(strstr(shown.err, "the output cannot be written: "));
	shown_clear(&shown);
}

static void test_closed_pipe(gconstpointer data)
{
	struct shown shown;
	int ends[2];
	FILE *out;

	(void)data;
	signal(SIGPIPE, SIG_IGN);
	g_assert_cmpint(pipe(ends), ==, 0);
	close(ends[0]);
	out = fdopen(ends[1], "w");
	shown = shown_on("v2-ping", out);
	fclose(out);
	g_assert_cmpint(shown.status, ==, ZTRACE_OK);
	g_assert_cmpstr(shown.err, ==, "");
	shown_clear(&shown);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	shown_init();
	shown_add_test("/trace/unreadable", NULL, test_unreadable);
	g_test_add_func("/trace/missing-tshark", test_missing_tshark);
	g_test_add_func("/trace/usage", test_usage);
	shown_add_test("/trace/output-errors", NULL, test_output_errors);
	shown_add_test("/trace/closed-pipe", NULL, test_closed_pipe);
	return g_test_run();
}
