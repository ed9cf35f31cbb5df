/* SPDX-License-Identifier: MIT */
#include "trace/tshark.h"

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "trace/capture.h"

/*
 * What a user's own preferences must not change: captures on a sending host have wrong checksums,
 * and no dissector above TCP is needed.
 */
static const char *const preferences[] = {
	"-o", "ip.check_checksum:FALSE",
	"-o", "tcp.check_checksum:FALSE",
	"-o", "tcp.desegment_tcp_streams:FALSE",
	"-o", "tcp.reassemble_out_of_order:TRUE",
	"-o", "tcp.relative_sequence_numbers:TRUE",
	"-o", "tcp.analyze_sequence_numbers:TRUE",
};

char *ztrace_tshark_find(GError **error)
{
	const char *named = g_getenv("ZCLND_TSHARK");
	char *path;

	if (named != NULL && *named != '\0') {
		path = g_find_program_in_path(named);
		if (path == NULL)
			g_set_error(error, ZTRACE_ERROR, ZTRACE_ERROR_NO_TSHARK,
				    "ZCLND_TSHARK names '%s', which is no program: correct it, or "
				    "unset it to use tshark of PATH",
				    named);
		return path;
	}
	path = g_find_program_in_path("tshark");
	if (path == NULL)
		g_set_error(error, ZTRACE_ERROR, ZTRACE_ERROR_NO_TSHARK,
			    "tshark is not in PATH: install it (Debian: apt install tshark), or "
			    "set ZCLND_TSHARK to its path");
	return path;
}

static GPtrArray *command(const char *tshark, const char *path, const char *const *args)
{
	GPtrArray *argv = g_ptr_array_new();

	g_ptr_array_add(argv, (char *)tshark);
	g_ptr_array_add(argv, (char *)"-n");
	g_ptr_array_add(argv, (char *)"-r");
	g_ptr_array_add(argv, (char *)path);
	for (size_t i = 0; i < G_N_ELEMENTS(preferences); i++)
		g_ptr_array_add(argv, (char *)preferences[i]);
	for (; *args != NULL; args++)
		g_ptr_array_add(argv, (char *)*args);
	g_ptr_array_add(argv, NULL);
	return argv;
}

/* The standard error goes to a nameless file: a pipe that nobody reads meanwhile may block. */
static int open_scratch(GError **error)
{
	char *name = NULL;
	const int fd = g_file_open_tmp("zclnd-trace-XXXXXX", &name, error);

	if (fd >= 0)
		unlink(name);
	g_free(name);
	return fd;
}

/* What tshark says about the file: its lines that begin with its name. */
static char *read_said(int fd)
{
	char buf[8192], *found = NULL;
	const ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
	char **lines;

	buf[MAX(n, 0)] = '\0';
	lines = g_strsplit(buf, "\n", -1);
	for (size_t i = 0; lines[i] != NULL && found == NULL; i++) {
		if (g_str_has_prefix(lines[i], "tshark: "))
			found = g_strdup(lines[i] + strlen("tshark: "));
	}
	g_strfreev(lines);
	return found != NULL ? found : g_strdup("no reason given");
}

static bool read_lines(GSubprocess *process, ztrace_line_func on_line, void *user, GError **error)
{
	GDataInputStream *in = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
	GError *failed = NULL;
	char *line;

	while ((line = g_data_input_stream_read_line(in, NULL, NULL, &failed)) != NULL) {
		const bool ok = on_line(line, user, &failed);

		g_free(line);
		if (!ok)
			break;
	}
	g_object_unref(in);
	if (failed == NULL)
		return true;
	g_propagate_error(error, failed);
	return false;
}

static bool finish(GSubprocess *process, int scratch, char **said, GError **error)
{
	if (!g_subprocess_wait(process, NULL, error))
		return false;
	if (!g_subprocess_get_if_exited(process)) {
		g_set_error(error, ZTRACE_ERROR, ZTRACE_ERROR_OUTPUT,
			    "tshark was killed by signal %d", g_subprocess_get_term_sig(process));
		return false;
	}
	if (g_subprocess_get_exit_status(process) != 0)
		*said = read_said(scratch);
	return true;
}

bool ztrace_tshark_run(const char *tshark, const char *path, const char *const *args,
		       ztrace_line_func on_line, void *user, char **said, GError **error)
{
	GPtrArray *argv = command(tshark, path, args);
	GSubprocessLauncher *launcher;
	GSubprocess *process;
	bool ok = false;
	int scratch;

	*said = NULL;
	scratch = open_scratch(error);
	if (scratch < 0) {
		g_ptr_array_unref(argv);
		return false;
	}
	launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_subprocess_launcher_take_stderr_fd(launcher, dup(scratch));
	process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, error);
	if (process != NULL) {
		ok = read_lines(process, on_line, user, error);
		if (!ok)
			g_subprocess_force_exit(process);
		ok = finish(process, scratch, said, ok ? error : NULL) && ok;
		g_object_unref(process);
	}
	g_object_unref(launcher);
	g_ptr_array_unref(argv);
	close(scratch);
	return ok;
}
