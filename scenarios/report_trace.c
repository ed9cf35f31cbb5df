/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "scenarios/report.h"
#include "trace/json.h"
#include "trace/svg.h"

char *zrace_result_file(const struct zrace_run *run)
{
	const struct zrace_case *one = &run->script->cases[run->case_index];
	char *base = g_path_get_basename(run->script->file);
	char *name;

	if (g_str_has_suffix(base, ".race"))
		base[strlen(base) - strlen(".race")] = '\0';
	name = g_strdup_printf("%s%s%s", base, one->name ? "-" : "", one->name ? one->name : "");
	g_free(base);
	return name;
}

struct ztrace_log *zrace_run_trace(const struct zrace_run *run, const struct zrace_outcome *outcome)
{
	struct ztrace_log *log = zrace_log_trace(run->script, run->case_index, outcome->log);

	log->seed = (int64_t)run->options.seed;
	if (run->vary != ZRACE_BASE_RUN) {
		const struct zrace_vary *vary =
			&g_array_index(run->script->varies, struct zrace_vary, run->vary);

		if (!vary->lose) {
			log->vary = g_strdup(run->script->peers[vary->peer].name);
			log->shift = run->shift;
		}
	}
	return log;
}

void zrace_report_trace(struct zrace_report *report, const struct zrace_run *run,
			const struct zrace_outcome *outcome)
{
	struct ztrace_log *log;

	if (report->trace == NULL)
		return;
	log = zrace_run_trace(run, outcome);
	log->program = g_strdup(report->program);
	ztrace_json_write(log, report->trace);
	ztrace_log_free(log);
}

static char *path_of(const struct zrace_report *report, const struct zrace_run *run)
{
	char *name, *path;

	if (g_str_has_suffix(report->diagram, ".svg"))
		return g_strdup(report->diagram);
	name = zrace_result_file(run);
	path = g_strdup_printf("%s/%s.svg", report->diagram, name);
	g_free(name);
	return path;
}

bool zrace_report_diagram(const struct zrace_report *report, const struct zrace_result *result)
{
	struct ztrace_log *log;
	GError *error = NULL;
	GString *text;
	char *path;
	bool good;

	if (report->diagram == NULL || result->run->vary != ZRACE_BASE_RUN)
		return true;
	if (!g_str_has_suffix(report->diagram, ".svg") &&
	    g_mkdir_with_parents(report->diagram, 0777) != 0) {
		fprintf(stderr, "%s: cannot make this folder: %s\n", report->diagram,
			g_strerror(errno));
		return false;
	}
	log = zrace_run_trace(result->run, result->outcome);
	log->program = g_strdup(report->program);
	text = g_string_new(NULL);
	ztrace_svg(text, log, NULL);
	path = path_of(report, result->run);
	good = g_file_set_contents(path, text->str, (gssize)text->len, &error);
	if (!good) {
		fprintf(stderr, "%s\n", error->message);
		g_error_free(error);
	}
	g_free(path);
	g_string_free(text, TRUE);
	ztrace_log_free(log);
	return good;
}
