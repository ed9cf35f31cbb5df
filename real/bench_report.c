/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/bench_report.h"

#include <inttypes.h>

#define MIB 1048576.0

static double rate(const struct zbench_result *result)
{
	return result->elapsed > 0 ? (double)result->bytes / MIB / ((double)result->elapsed / 1e9)
				   : 0;
}

static void print_side(const struct zbench_side *side, const char *name)
{
	const struct zbench_result *r = &side->result;
	char nid[ZCLND_NID_STRLEN];

	printf("%s %s\n", name, zclnd_nid_format(side->figures.nid, nid, sizeof(nid)));
	if (side->ran)
		printf("  put %" PRIu64 " bytes in %.3f s: %.1f MiB/s, %" PRIu64
		       " messages, %" PRIu64 " failed; CPU %.3f s\n",
		       r->bytes, (double)r->elapsed / 1e9, rate(r), r->completed, r->failed,
		       (double)r->cpu / 1e9);
	if (r->error)
		printf("  first failure: %s (%s)\n", zclnd_strerror(r->error),
		       zclnd_err_name(r->error));
	if (side->verified && side->puts)
		printf("  verified %" PRIu64 " messages, %" PRIu64 " corrupt\n", side->puts,
		       side->corrupt);
	zfigures_print(&side->figures, stdout, "  ");
}

void zbench_print(const struct zbench_report *report)
{
	const struct zbench_plan *plan = report->plan;

	printf("bw: messages of %zu bytes, %u under way, %s, way %s%s%s", plan->size, plan->window,
	       report->version, report->way, report->both ? ", both sides put" : "",
	       plan->verify ? ", content verified" : "");
	if (report->peers > 1 || report->threads > 1)
		printf(", peers %zu, threads %u", report->peers, report->threads);
	printf("\n");
	print_side(report->here, "here: ");
	if (report->there)
		print_side(report->there, "there:");
}

static void side_json(JsonBuilder *b, const char *name, const struct zbench_side *side)
{
	const struct zbench_result *r = &side->result;
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
		{"bytes", r->bytes},
		{"messages", r->completed},
		{"failed", r->failed},
		{"elapsed_ns", (uint64_t)r->elapsed},
		{"run_cpu_ns", (uint64_t)r->cpu},
		{"sink_messages", side->puts},
		{"corrupt", side->corrupt},
	};

	json_builder_set_member_name(b, name);
	json_builder_begin_object(b);
	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
		json_builder_set_member_name(b, figures[i].name);
		json_builder_add_int_value(b, (gint64)figures[i].value);
	}
	json_builder_set_member_name(b, "mib_per_s");
	json_builder_add_double_value(b, rate(r));
	json_builder_set_member_name(b, "error");
	json_builder_add_string_value(b, r->error ? zclnd_err_name(r->error) : "");
	zfigures_json(&side->figures, b);
	json_builder_end_object(b);
}

static void plan_json(JsonBuilder *b, const struct zbench_report *report)
{
	json_builder_set_member_name(b, "size");
	json_builder_add_int_value(b, (gint64)report->plan->size);
	json_builder_set_member_name(b, "window");
	json_builder_add_int_value(b, report->plan->window);
	json_builder_set_member_name(b, "peers");
	json_builder_add_int_value(b, (gint64)report->peers);
	json_builder_set_member_name(b, "threads");
	json_builder_add_int_value(b, report->threads);
	json_builder_set_member_name(b, "version");
	json_builder_add_string_value(b, report->version);
	json_builder_set_member_name(b, "way");
	json_builder_add_string_value(b, report->way);
	json_builder_set_member_name(b, "both");
	json_builder_add_boolean_value(b, report->both);
	json_builder_set_member_name(b, "verified");
	json_builder_add_boolean_value(b, report->plan->verify);
}

void zbench_print_json(const struct zbench_report *report)
{
	JsonBuilder *b = json_builder_new();
	JsonNode *root;
	char *text;

	json_builder_begin_object(b);
	plan_json(b, report);
	side_json(b, "here", report->here);
	if (report->there)
		side_json(b, "there", report->there);
	json_builder_end_object(b);
	root = json_builder_get_root(b);
	text = json_to_string(root, FALSE);
	printf("%s\n", text);
	g_free(text);
	json_node_unref(root);
	g_object_unref(b);
}
