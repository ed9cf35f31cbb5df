/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

static const char *const ways[] = {"copy", "zerocopy", "splice"};

static int64_t ns_of(struct timeval tv)
{
	return ((int64_t)tv.tv_sec * 1000000 + tv.tv_usec) * 1000;
}

void zfigures_take(struct zfigures *figures, struct zclnd_ni *const *nis, size_t n)
{
	struct rusage usage = {0};

	*figures = (struct zfigures){.nid = zclnd_ni_nid(nis[0])};
	for (size_t i = 0; i < n; i++) {
		struct zclnd_stats stats;

		if (zclnd_ni_stats(nis[i], &stats) != ZCLND_OK)
			continue;
		figures->stats.n = stats.n;
		for (size_t at = 0; at < stats.n; at++)
			figures->stats.value[at] += stats.value[at];
	}
	getrusage(RUSAGE_SELF, &usage);
	figures->cpu = ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
}

static uint64_t get(const struct zfigures *figures, const char *name)
{
	return zclnd_stats_get(&figures->stats, name);
}

/* Of a name made of two parts. */
static uint64_t get2(const struct zfigures *figures, const char *first, const char *second)
{
	char name[64];

	g_snprintf(name, sizeof(name), "%s%s", first, second);
	return get(figures, name);
}

/* Calls fn for each counter above 0 whose name begins with `prefix`, with the rest of the name. */
static void each(const struct zfigures *figures, const char *prefix,
		 void (*fn)(void *to, const char *rest, uint64_t value), void *to)
{
	const size_t len = strlen(prefix);

	for (size_t i = 0; i < figures->stats.n; i++) {
		const char *name = zclnd_stats_name(i);

		if (name && !strncmp(name, prefix, len) && figures->stats.value[i] > 0)
			fn(to, name + len, figures->stats.value[i]);
	}
}

/* ---- for a person ------------------------------------------------------------------- */

static void print_why(void *to, const char *why, uint64_t n)
{
	fprintf(to, " (%s: %" PRIu64 ")", why, n);
}

struct line {
	FILE *to;
	const char *indent;
};

static void print_given_up(void *data, const char *why, uint64_t n)
{
	const struct line *line = data;

	fprintf(line->to, "%sconnections that gave up a way (%s) %" PRIu64 "\n", line->indent, why,
		n);
}

static void print_ways(const struct zfigures *figures, FILE *to, const char *indent)
{
	struct line line = {to, indent};

	fprintf(to, "%ssent ", indent);
	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		char prefix[32];

		fprintf(to, "by %s %" PRIu64 " bytes in %" PRIu64 " calls", ways[i],
			get2(figures, ways[i], "_bytes"), get2(figures, ways[i], "_calls"));
		g_snprintf(prefix, sizeof(prefix), "%s_because_", ways[i]);
		each(figures, prefix, print_why, to);
		fputs(", ", to);
	}
	fprintf(to, "headers and small messages %" PRIu64 " bytes in %" PRIu64 " calls\n",
		get(figures, "plain_bytes"), get(figures, "plain_calls"));
	if (get(figures, "zerocopy_completions"))
		fprintf(to,
			"%szerocopy sends completed %" PRIu64
			", of them copied by the kernel %" PRIu64 "\n",
			indent, get(figures, "zerocopy_completions"),
			get(figures, "zerocopy_copied"));
	each(figures, "gave_up_", print_given_up, &line);
	if (get(figures, "detached_bytes") || get(figures, "undetached_bytes"))
		fprintf(to,
			"%slent bytes detached from broken connections %" PRIu64
			", not detached %" PRIu64 "\n",
			indent, get(figures, "detached_bytes"), get(figures, "undetached_bytes"));
}

void zfigures_print(const struct zfigures *f, FILE *to, const char *indent)
{
	fprintf(to, "%sLNET messages %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " dropped\n",
		indent, get(f, "messages_sent"), get(f, "messages_received"), get(f, "dropped"));
	fprintf(to, "%spayload %" PRIu64 " bytes sent, %" PRIu64 " received\n", indent,
		get(f, "payload_sent"), get(f, "payload_received"));
	fprintf(to,
		"%sZC requests %" PRIu64 ", ZC-ACKs received %" PRIu64 ", buffers released %" PRIu64
		"\n",
		indent, get(f, "zc_requests"), get(f, "acks_received"), get(f, "buffers_released"));
	fprintf(to,
		"%sZC-ACKs piggybacked %" PRIu64 ", coalesced %" PRIu64 ", in NOOPs %" PRIu64
		"; NOOPs received %" PRIu64 "\n",
		indent, get(f, "acks_piggybacked"), get(f, "acks_coalesced"), get(f, "acks_noop"),
		get(f, "noops_received"));
	print_ways(f, to, indent);
	fprintf(to,
		"%sconnections %" PRIu64 " opened, refusals %" PRIu64 " made and %" PRIu64
		" met, fallbacks %" PRIu64 ", retries %" PRIu64 ", protocol errors %" PRIu64 "\n",
		indent, get(f, "conns_opened"), get(f, "refusals_made"), get(f, "refusals_met"),
		get(f, "fallbacks"), get(f, "retries"), get(f, "protocol_errors"));
	if (get(f, "refused_unreserved"))
		fprintf(to, "%scallers from unreserved ports closed (accept=secure) %" PRIu64 "\n",
			indent, get(f, "refused_unreserved"));
	if (get(f, "refused_limit") || get(f, "refused_files"))
		fprintf(to,
			"%scallers closed at a limit %" PRIu64 ", for want of descriptors %" PRIu64
			"\n",
			indent, get(f, "refused_limit"), get(f, "refused_files"));
}

/* ---- for a program ------------------------------------------------------------------ */

static void add(void *data, const char *name, uint64_t value)
{
	JsonBuilder *builder = data;

	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, (gint64)value);
}

static void begin(JsonBuilder *builder, const char *name)
{
	json_builder_set_member_name(builder, name);
	json_builder_begin_object(builder);
}

static void way_json(const struct zfigures *figures, const char *way, JsonBuilder *builder)
{
	char prefix[32];

	begin(builder, way);
	add(builder, "calls", get2(figures, way, "_calls"));
	add(builder, "bytes", get2(figures, way, "_bytes"));
	begin(builder, "messages_because");
	g_snprintf(prefix, sizeof(prefix), "%s_because_", way);
	each(figures, prefix, add, builder);
	json_builder_end_object(builder);
	json_builder_end_object(builder);
}

static void ways_json(const struct zfigures *figures, JsonBuilder *builder)
{
	static const char *const others[] = {
		"plain_calls",	   "plain_bytes",    "zerocopy_completions", "zerocopy_copied",
		"zerocopy_nobufs", "detached_bytes", "undetached_bytes",
	};

	begin(builder, "ways");
	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++)
		way_json(figures, ways[i], builder);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		add(builder, others[i], get(figures, others[i]));
	begin(builder, "gave_up_because");
	each(figures, "gave_up_", add, builder);
	json_builder_end_object(builder);
	json_builder_end_object(builder);
}

void zfigures_json(const struct zfigures *figures, JsonBuilder *builder)
{
	static const char *const names[] = {
		"messages_sent",    "messages_received", "dropped",	    "payload_sent",
		"payload_received", "zc_requests",	 "acks_received",   "acks_piggybacked",
		"acks_coalesced",   "acks_noop",	 "noops_sent",	    "noops_received",
		"buffers_released", "conns_opened",	 "protocol_errors",
	};
	char nid[ZCLND_NID_STRLEN];

	json_builder_set_member_name(builder, "nid");
	json_builder_add_string_value(builder, zclnd_nid_format(figures->nid, nid, sizeof(nid)));
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		add(builder, names[i], get(figures, names[i]));
	add(builder, "cpu_ns", (uint64_t)figures->cpu);
	ways_json(figures, builder);
}

/* ---- for a monitor ------------------------------------------------------------------ */

static void metric(GString *text, struct zclnd_ni *const *nis, const struct zclnd_stats *stats,
		   size_t n, size_t number)
{
	const char *name = zclnd_stats_name(number), *total;
	char nid[ZCLND_NID_STRLEN];

	total = zclnd_stats_is_counter(number) ? "_total" : "";
	g_string_append_printf(text, "# HELP zclnd_%s%s %s\n# TYPE zclnd_%s%s %s\n", name, total,
			       zclnd_stats_help(number), name, total,
			       zclnd_stats_is_counter(number) ? "counter" : "gauge");
	for (size_t i = 0; i < n; i++)
		g_string_append_printf(text, "zclnd_%s%s{nid=\"%s\"} %" PRIu64 "\n", name, total,
				       zclnd_nid_format(zclnd_ni_nid(nis[i]), nid, sizeof(nid)),
				       stats[i].value[number]);
}

bool zfigures_metrics(struct zclnd_ni *const *nis, size_t n, const char *file)
{
	struct zclnd_stats *stats = g_new0(struct zclnd_stats, n);
	GString *text = g_string_new(NULL);
	GError *error = NULL;
	bool good;

	for (size_t i = 0; i < n; i++)
		zclnd_ni_stats(nis[i], &stats[i]);
	for (size_t number = 0; zclnd_stats_name(number); number++)
		metric(text, nis, stats, n, number);
	/* By a new file and a rename: who reads sees the old or the new one. */
	good = g_file_set_contents_full(file, text->str, (gssize)text->len,
					G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error);
	if (!good) {
		errno = error->code == G_FILE_ERROR_NOSPC ? ENOSPC : EACCES;
		g_error_free(error);
	}
	g_string_free(text, TRUE);
	g_free(stats);
	return good;
}
