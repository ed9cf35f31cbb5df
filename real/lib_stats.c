/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/lib.h"

#include <string.h>

/* What an NI counted: the table of names, and the sum over its loops. */

struct source {
	struct zcl_stats core;
	struct zreal_stats real;
};

struct row {
	const char *name, *help;
	size_t offset;
	bool is_size; /* a size_t that says how much there is now */
};

#define CORE(field, text)                                                                          \
	{                                                                                          \
		.name = #field, .help = text, .offset = offsetof(struct source, core.field)        \
	}
#define REAL(name_, field, text)                                                                   \
	{                                                                                          \
		.name = name_, .help = text, .offset = offsetof(struct source, real.field)         \
	}
#define LEVEL(name_, field, text)                                                                  \
	{                                                                                          \
		.name = name_, .help = text, .offset = offsetof(struct source, real.field),        \
		.is_size = true                                                                    \
	}

static const struct row rows[] = {
	CORE(messages_sent, "LNET messages sent"),
	CORE(messages_received, "LNET messages received"),
	CORE(dropped, "messages that nobody wanted"),
	CORE(payload_sent, "payload bytes sent"),
	CORE(payload_received, "payload bytes received"),
	CORE(bytes_sent, "bytes sent, handshakes and headers included"),
	CORE(bytes_received, "bytes received, handshakes and headers included"),
	CORE(zc_requests, "messages that ask for a ZC-ACK"),
	CORE(acks_received, "ZC-ACKs received"),
	CORE(acks_piggybacked, "ZC-ACKs that went out on a message that was queued"),
	CORE(acks_coalesced, "ZC-ACKs that a later message took along"),
	CORE(acks_noop, "ZC-ACKs that needed a message of their own"),
	CORE(noops_sent, "NOOPs sent"),
	CORE(noops_received, "NOOPs received"),
	CORE(buffers_released, "buffers of ZC requests given back to their owners"),
	CORE(conns_opened, "connections established"),
	CORE(refusals_made, "callers refused by a HELLO"),
	CORE(refusals_met, "calls refused by a HELLO"),
	CORE(fallbacks, "changes to another protocol version"),
	CORE(retries, "attempts repeated after a while"),
	CORE(protocol_errors, "connections closed for what came on them"),
	CORE(cut_off, "peers cut off that asked and did not read"),
	REAL("accepted", accepted, "callers accepted"),
	REAL("connected", connected, "calls that reached the peer's TCP"),
	REAL("refused_unreserved", refused_unreserved,
	     "callers closed by accept=secure for an unreserved source port"),
	REAL("refused_limit", refused_limit, "callers closed at a limit"),
	REAL("held", held, "times that callers had to wait for the handshakes of others"),
	REAL("refused_files", refused_files, "callers closed for want of descriptors"),
	REAL("reserved_sources", reserved_sources, "calls from a reserved source port"),
	REAL("ordinary_sources", ordinary_sources, "calls from an ordinary source port"),
	REAL("reads", reads, "system calls that received"),
	REAL("direct_bytes", direct_bytes, "bytes received straight into their buffer"),
	REAL("scratch_bytes", scratch_bytes, "bytes received by way of memory of the library"),
	REAL("copy_calls", way.sends[ZWAY_COPY], "sends of bulk that were copied"),
	REAL("copy_bytes", way.bytes[ZWAY_COPY], "bytes of bulk that were copied"),
	REAL("zerocopy_calls", way.sends[ZWAY_ZEROCOPY], "sends of bulk with MSG_ZEROCOPY"),
	REAL("zerocopy_bytes", way.bytes[ZWAY_ZEROCOPY], "bytes of bulk with MSG_ZEROCOPY"),
	REAL("zerocopy_completions", way.completions, "such sends that the kernel let go of"),
	REAL("zerocopy_copied", way.completions_copied, "of them copied by the kernel after all"),
	REAL("zerocopy_nobufs", way.nobufs, "sends that ran into ENOBUFS"),
	REAL("plain_calls", way.plain_sends, "sends of headers and small messages alone"),
	REAL("plain_bytes", way.plain_bytes, "bytes of headers and small messages"),
	REAL("copied_asked", way.copied_why[ZWHY_ASKED], "bulk sends copied because asked for"),
	REAL("copied_unsupported", way.copied_why[ZWHY_UNSUPPORTED],
	     "bulk sends copied because the socket cannot do otherwise"),
	REAL("copied_copied", way.copied_why[ZWHY_COPIED],
	     "bulk sends copied because the kernel would copy in any case"),
	REAL("copied_nobufs", way.copied_why[ZWHY_NOBUFS],
	     "bulk sends copied because of a limit on pinned memory"),
	LEVEL("conns", conns, "connections now"),
	LEVEL("pinned", pinned, "sends whose pages the kernel has now"),
};

_Static_assert(G_N_ELEMENTS(rows) <= ZCLND_STATS_MAX, "too many counters");

static uint64_t value(const struct source *source, const struct row *row)
{
	const char *at = (const char *)source + row->offset;
	uint64_t counter;
	size_t level;

	if (row->is_size) {
		memcpy(&level, at, sizeof(level));
		return level;
	}
	memcpy(&counter, at, sizeof(counter));
	return counter;
}

struct stats_question {
	const struct zl_part *part;
	struct zclnd_stats *stats;
};

static void add_part(void *data)
{
	const struct stats_question *q = data;
	const struct source source = {
		.core = *zcl_node_stats(zreal_node_core(q->part->node)),
		.real = *zreal_node_stats(q->part->node),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		q->stats->value[i] += value(&source, &rows[i]);
}

enum zclnd_err zclnd_ni_stats(struct zclnd_ni *ni, struct zclnd_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->n = G_N_ELEMENTS(rows);
	for (unsigned i = 0; i < ni->z->options.threads; i++) {
		struct stats_question q = {.part = &ni->parts[i], .stats = stats};
		const enum zclnd_err err = zl_ask(q.part->loop, add_part, &q);

		if (err != ZCLND_OK)
			return err;
	}
	return ZCLND_OK;
}

const char *zclnd_stats_name(size_t number)
{
	return number < G_N_ELEMENTS(rows) ? rows[number].name : NULL;
}

const char *zclnd_stats_help(size_t number)
{
	return number < G_N_ELEMENTS(rows) ? rows[number].help : NULL;
}

bool zclnd_stats_is_counter(size_t number)
{
	return number < G_N_ELEMENTS(rows) && !rows[number].is_size;
}

uint64_t zclnd_stats_get(const struct zclnd_stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->n && i < G_N_ELEMENTS(rows); i++) {
		if (!strcmp(rows[i].name, name))
			return stats->value[i];
	}
	return 0;
}
