/* SPDX-License-Identifier: MIT */
#include "scenarios/report.h"

#include <inttypes.h>

#include "scenarios/errors.h"
#include "scenarios/ladder.h"
#include "scenarios/words.h"

static const struct zrace_vary *vary_of(const struct zrace_run *run)
{
	if (run->vary == ZRACE_BASE_RUN)
		return NULL;
	return &g_array_index(run->script->varies, struct zrace_vary, run->vary);
}

void zrace_result_name(GString *text, const struct zrace_run *run)
{
	const struct zrace_vary *vary = vary_of(run);
	char *base = g_path_get_basename(run->script->file);

	g_string_append(text, base);
	zrace_words_case(text, run->script, run->case_index);
	if (vary && vary->lose) {
		g_string_append_printf(text, " vary lose.%s>%s %" PRId64 "..%" PRId64,
				       run->script->peers[vary->peer].name,
				       run->script->peers[vary->other].name, vary->from, vary->to);
	} else if (vary) {
		g_string_append_printf(text, " vary at.%s ", run->script->peers[vary->peer].name);
		zrace_words_time(text, vary->from);
		g_string_append(text, " .. ");
		zrace_words_time(text, vary->to);
	}
	g_free(base);
}

void zrace_result_reason(GString *text, const struct zrace_result *result)
{
	const struct zrace_outcome *outcome = result->outcome;
	const struct zrace_run *run = result->run;
	const struct zrace_vary *vary = vary_of(run);

	if (outcome->why == NULL)
		return;
	g_string_append(text, zrace_script_file(run->script, outcome->pos)->name);
	if (outcome->pos.line)
		g_string_append_printf(text, ":%u:%u", outcome->pos.line, outcome->pos.col);
	g_string_append(text, ": ");
	if (vary != NULL && vary->lose) {
		g_string_append_printf(
			text, "with packet %" PRId64 " from %s to %s lost: ", run->shift,
			run->script->peers[vary->peer].name, run->script->peers[vary->other].name);
	} else if (vary != NULL) {
		g_string_append_printf(text, "with %s shifted by ",
				       run->script->peers[vary->peer].name);
		zrace_words_time(text, run->shift);
		g_string_append(text, ": ");
	} else if (result->runs > 1) {
		g_string_append_printf(text, "with seed %" PRIu64 ": ", run->options.seed);
	}
	g_string_append(text, outcome->why);
}

static void count(struct zrace_report *report, enum zrace_verdict verdict)
{
	report->number++;
	switch (verdict) {
	case ZRACE_PASS:
		report->passed++;
		break;
	case ZRACE_FAIL:
		report->failed++;
		break;
	case ZRACE_SKIP:
		report->skipped++;
		break;
	case ZRACE_ERROR:
		report->errors++;
		break;
	}
}

static void add_ladder(const struct zrace_report *report, const struct zrace_result *result,
		       const char *prefix, GString *text)
{
	enum zrace_verdict verdict = result->outcome->verdict;
	bool wanted = report->ladder && result->run->vary == ZRACE_BASE_RUN;

	if (!wanted && (verdict == ZRACE_PASS || verdict == ZRACE_SKIP))
		return;
	zrace_ladder(text, result->run->script, result->outcome->log, report->ascii, prefix);
	if (result->outcome->state)
		g_string_append_printf(text, "%s%s\n", prefix, result->outcome->state);
}

/* The line of the script that was not met, under its reason. */
static void add_source(GString *text, const struct zrace_result *result, const char *prefix)
{
	const struct zrace_pos pos = result->outcome->pos;
	const struct zrace_file *file = zrace_script_file(result->run->script, pos);

	if (result->outcome->why && pos.line)
		zrace_errors_caret(text, prefix, file->lines[pos.line - 1], pos.col);
}

static void text_result(struct zrace_report *report, const struct zrace_result *result,
			GString *text)
{
	static const char *const words[] = {"PASS ", "FAIL ", "SKIP ", "ERROR "};

	if (report->quiet && result->outcome->verdict == ZRACE_PASS)
		return;
	g_string_append(text, words[result->outcome->verdict]);
	zrace_result_name(text, result->run);
	if (result->runs > 1)
		g_string_append_printf(text, " (%zu runs)", result->runs);
	if (report->ladder && result->run->vary == ZRACE_BASE_RUN && result->run->script->title)
		g_string_append_printf(text, "  %s", result->run->script->title);
	g_string_append_c(text, '\n');
	if (result->outcome->why) {
		g_string_append(text, "  ");
		zrace_result_reason(text, result);
		g_string_append_c(text, '\n');
		add_source(text, result, "    ");
	}
	add_ladder(report, result, "  ", text);
}

static void tap_result(struct zrace_report *report, const struct zrace_result *result,
		       GString *text)
{
	enum zrace_verdict verdict = result->outcome->verdict;
	bool good = verdict == ZRACE_PASS || verdict == ZRACE_SKIP;

	g_string_append_printf(text, "%sok %zu - ", good ? "" : "not ", report->number);
	zrace_result_name(text, result->run);
	if (verdict == ZRACE_SKIP) {
		g_string_append(text, " # SKIP ");
		zrace_result_reason(text, result);
	}
	g_string_append_c(text, '\n');
	if (!good) {
		g_string_append(text, "# ");
		zrace_result_reason(text, result);
		g_string_append_c(text, '\n');
		add_source(text, result, "#   ");
	}
	add_ladder(report, result, "# ", text);
}

/*
 * What the script fixes, without times: the events that its expects name, in their order, and the
 * end; of a vary line, which fixes no order, the verdict. Two worlds that run the same script right
 * say the same.
 */
static void events_result(const struct zrace_result *result, GString *text)
{
	const struct zrace_outcome *outcome = result->outcome;

	zrace_result_name(text, result->run);
	if (outcome->verdict == ZRACE_SKIP) {
		g_string_append(text, ": skipped: ");
		zrace_result_reason(text, result);
		g_string_append_c(text, '\n');
		return;
	}
	g_string_append(text, outcome->verdict == ZRACE_PASS ? ": pass\n" : ": not passed\n");
	if (result->run->vary != ZRACE_BASE_RUN)
		return;
	for (guint i = 0; i < outcome->matched->len; i++) {
		guint index = g_array_index(outcome->matched, guint, i);

		g_string_append(text, "  ");
		zrace_words_fixed(text, result->run->script, zrace_log_at(outcome->log, index));
		g_string_append_c(text, '\n');
	}
	if (outcome->state)
		g_string_append_printf(text, "  %s\n", outcome->state);
}

void zrace_report_begin(struct zrace_report *report, size_t total)
{
	if (report->form == ZRACE_FORM_TAP)
		fprintf(report->out, "TAP version 13\n1..%zu\n", total);
}

void zrace_report_result(struct zrace_report *report, const struct zrace_result *result)
{
	GString *text = g_string_new(NULL);

	count(report, result->outcome->verdict);
	switch (report->form) {
	case ZRACE_FORM_TEXT:
		text_result(report, result, text);
		break;
	case ZRACE_FORM_TAP:
		tap_result(report, result, text);
		break;
	case ZRACE_FORM_JSON:
		zrace_result_json(text, result);
		g_string_append_c(text, '\n');
		break;
	case ZRACE_FORM_EVENTS:
		events_result(result, text);
		break;
	}
	fputs(text->str, report->out);
	fflush(report->out);
	g_string_free(text, TRUE);
	if (!zrace_report_diagram(report, result))
		report->unwritten = true;
}

#define UNWRITTEN 16u

unsigned zrace_report_sum(const struct zrace_report *report)
{
	const enum zrace_verdict verdict = report->passed    ? ZRACE_PASS
					   : report->failed  ? ZRACE_FAIL
					   : report->skipped ? ZRACE_SKIP
							     : ZRACE_ERROR;

	return verdict | (report->unwritten ? UNWRITTEN : 0);
}

void zrace_report_add(struct zrace_report *report, unsigned sum, const GString *text,
		      const GString *trace)
{
	count(report, (enum zrace_verdict)(sum & ~UNWRITTEN));
	report->unwritten |= (sum & UNWRITTEN) != 0;
	fwrite(text->str, 1, text->len, report->out);
	fflush(report->out);
	if (report->trace)
		fwrite(trace->str, 1, trace->len, report->trace);
}

int zrace_report_end(struct zrace_report *report)
{
	if (report->form == ZRACE_FORM_TEXT && !report->quiet) {
		fprintf(report->out, "%zu passed, %zu failed", report->passed,
			report->failed + report->errors);
		if (report->skipped)
			fprintf(report->out, ", %zu skipped", report->skipped);
		fputc('\n', report->out);
	}
	if (fflush(report->out) != 0 || (report->trace && fflush(report->trace) != 0))
		return 99;
	if (report->errors || report->unwritten)
		return 99;
	if (report->failed)
		return 1;
	return report->passed == 0 && report->skipped ? 77 : 0;
}
