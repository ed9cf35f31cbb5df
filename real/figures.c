/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/figures.h"

#include <inttypes.h>
#include <sys/resource.h>

static int64_t ns_of(struct timeval tv)
{
	return ((int64_t)tv.tv_sec * 1000000 + tv.tv_usec) * 1000;
}

void zfigures_take(struct zfigures *figures, struct zreal_node *node)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_SELF, &usage);
	figures->nid = zcl_node_config(zreal_node_core(node))->nid;
	figures->core = *zcl_node_stats(zreal_node_core(node));
	figures->real = *zreal_node_stats(node);
	figures->cpu = ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
}

static void print_way(const struct zfigures *figures, enum zcl_way way, FILE *to)
{
	const struct zcl_stats *core = &figures->core;
	const struct zway_stats *real = &figures->real.way;

	fprintf(to, "by %s %" PRIu64 " bytes in %" PRIu64 " calls", zcl_way_name(way),
		core->zc_bytes[way], real->sends[way]);
	for (enum zcl_why why = 0; why < ZCL_WHY_LAST; why++) {
		if (core->zc_messages[way][why])
			fprintf(to, " (%s: %" PRIu64 ")", zcl_why_name(why),
				core->zc_messages[way][why]);
	}
}

static void print_ways(const struct zfigures *figures, FILE *to, const char *indent)
{
	const struct zway_stats *way = &figures->real.way;

	fprintf(to, "%ssent ", indent);
	for (enum zcl_way at = 0; at < ZCL_WAY_LAST; at++) {
		print_way(figures, at, to);
		fputs(", ", to);
	}
	fprintf(to, "headers and small messages %" PRIu64 " bytes in %" PRIu64 " calls\n",
		way->plain_bytes, way->plain_sends);
	if (way->completions)
		fprintf(to,
			"%szerocopy sends completed %" PRIu64
			", of them copied by the kernel %" PRIu64 "\n",
			indent, way->completions, way->completions_copied);
	for (enum zcl_why why = 0; why < ZCL_WHY_LAST; why++) {
		if (way->fallbacks[why])
			fprintf(to, "%sconnections that gave up a way (%s) %" PRIu64 "\n", indent,
				zcl_why_name(why), way->fallbacks[why]);
	}
	if (way->detached || way->undetached)
		fprintf(to,
			"%slent bytes detached from broken connections %" PRIu64
			", not detached %" PRIu64 "\n",
			indent, way->detached, way->undetached);
}

void zfigures_print(const struct zfigures *figures, FILE *to, const char *indent)
{
	const struct zcl_stats *core = &figures->core;
	const struct zreal_stats *real = &figures->real;

	fprintf(to, "%sLNET messages %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " dropped\n",
		indent, core->messages_sent, core->messages_received, core->dropped);
	fprintf(to, "%spayload %" PRIu64 " bytes sent, %" PRIu64 " received\n", indent,
		core->payload_sent, core->payload_received);
	fprintf(to,
		"%sZC requests %" PRIu64 ", ZC-ACKs received %" PRIu64 ", buffers released %" PRIu64
		"\n",
		indent, core->zc_requests, core->acks_received, core->buffers_released);
	fprintf(to,
		"%sZC-ACKs piggybacked %" PRIu64 ", coalesced %" PRIu64 ", in NOOPs %" PRIu64
		"; NOOPs received %" PRIu64 "\n",
		indent, core->acks_piggybacked, core->acks_coalesced, core->acks_noop,
		core->noops_received);
	print_ways(figures, to, indent);
	fprintf(to,
		"%sconnections %" PRIu64 " opened, refusals %" PRIu64 " made and %" PRIu64
		" met, fallbacks %" PRIu64 ", retries %" PRIu64 ", protocol errors %" PRIu64 "\n",
		indent, core->conns_opened, core->refusals_made, core->refusals_met,
		core->fallbacks, core->retries, core->protocol_errors);
	if (real->refused_unreserved)
		fprintf(to, "%scallers from unreserved ports closed (accept=secure) %" PRIu64 "\n",
			indent, real->refused_unreserved);
	if (real->refused_limit || real->refused_files)
		fprintf(to,
			"%scallers closed at a limit %" PRIu64 ", for want of descriptors %" PRIu64
			"\n",
			indent, real->refused_limit, real->refused_files);
}

static void add(JsonBuilder *builder, const char *name, uint64_t value)
{
	json_builder_set_member_name(builder, name);
	json_builder_add_int_value(builder, (gint64)value);
}

static void way_json(const struct zfigures *figures, enum zcl_way way, JsonBuilder *builder)
{
	json_builder_set_member_name(builder, zcl_way_name(way));
	json_builder_begin_object(builder);
	add(builder, "calls", figures->real.way.sends[way]);
	add(builder, "bytes", figures->core.zc_bytes[way]);
	json_builder_set_member_name(builder, "messages_because");
	json_builder_begin_object(builder);
	for (enum zcl_why why = 0; why < ZCL_WHY_LAST; why++) {
		if (figures->core.zc_messages[way][why])
			add(builder, zcl_why_name(why), figures->core.zc_messages[way][why]);
	}
	json_builder_end_object(builder);
	json_builder_end_object(builder);
}

static void ways_json(const struct zfigures *figures, JsonBuilder *builder)
{
	const struct zway_stats *way = &figures->real.way;

	json_builder_set_member_name(builder, "ways");
	json_builder_begin_object(builder);
	for (enum zcl_way at = 0; at < ZCL_WAY_LAST; at++)
		way_json(figures, at, builder);
	add(builder, "plain_calls", way->plain_sends);
	add(builder, "plain_bytes", way->plain_bytes);
	add(builder, "zerocopy_completions", way->completions);
	add(builder, "zerocopy_copied", way->completions_copied);
	add(builder, "zerocopy_nobufs", way->nobufs);
	add(builder, "detached_bytes", way->detached);
	add(builder, "undetached_bytes", way->undetached);
	json_builder_set_member_name(builder, "gave_up_because");
	json_builder_begin_object(builder);
	for (enum zcl_why why = 0; why < ZCL_WHY_LAST; why++) {
		if (way->fallbacks[why])
			add(builder, zcl_why_name(why), way->fallbacks[why]);
	}
	json_builder_end_object(builder);
	json_builder_end_object(builder);
}

void zfigures_json(const struct zfigures *figures, JsonBuilder *builder)
{
	const struct zcl_stats *core = &figures->core;
	char nid[ZCL_NID_STRLEN];

	json_builder_set_member_name(builder, "nid");
	json_builder_add_string_value(builder, zcl_nid_format(figures->nid, nid, sizeof(nid)));
	add(builder, "messages_sent", core->messages_sent);
	add(builder, "messages_received", core->messages_received);
	add(builder, "dropped", core->dropped);
	add(builder, "payload_sent", core->payload_sent);
	add(builder, "payload_received", core->payload_received);
	add(builder, "zc_requests", core->zc_requests);
	add(builder, "acks_received", core->acks_received);
	add(builder, "acks_piggybacked", core->acks_piggybacked);
	add(builder, "acks_coalesced", core->acks_coalesced);
	add(builder, "acks_noop", core->acks_noop);
	add(builder, "noops_sent", core->noops_sent);
	add(builder, "noops_received", core->noops_received);
	add(builder, "buffers_released", core->buffers_released);
	add(builder, "conns_opened", core->conns_opened);
	add(builder, "protocol_errors", core->protocol_errors);
	add(builder, "cpu_ns", (uint64_t)figures->cpu);
	ways_json(figures, builder);
}
