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
#define CORE_AS(name_, field, text)                                                                \
	{                                                                                          \
		.name = name_, .help = text, .offset = offsetof(struct source, core.field)         \
	}
#define MESSAGES(name, way, why, text)                                                             \
	CORE_AS(name, zc_messages[ZCL_WAY_##way][ZCL_WHY_##why], text)
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
	CORE(forgotten, "idle peers forgotten, as there were as many as may be"),
	CORE(cut_off, "peers cut off that asked and did not read"),
	REAL("accepted", accepted, "callers accepted"),
	REAL("connected", connected, "calls that reached the peer's TCP"),
	REAL("refused_unreserved", refused_unreserved,
	     "callers closed by accept=secure for an unreserved source port"),
	REAL("refused_limit", refused_limit, "callers closed at a limit"),
	REAL("held", held, "times that callers had to wait for others, or for a descriptor"),
	REAL("refused_files", refused_files, "callers closed for want of descriptors"),
	REAL("reserved_sources", reserved_sources, "calls from a reserved source port"),
	REAL("ordinary_sources", ordinary_sources, "calls from an ordinary source port"),
	REAL("reads", reads, "system calls that received"),
	REAL("direct_bytes", direct_bytes, "bytes received straight into their buffer"),
	REAL("scratch_bytes", scratch_bytes, "bytes received by way of memory of the library"),
	REAL("copy_calls", way.sends[ZCL_WAY_COPY], "sends of bulk that were copied"),
	CORE_AS("copy_bytes", zc_bytes[ZCL_WAY_COPY], "bytes of bulk that were copied"),
	REAL("zerocopy_calls", way.sends[ZCL_WAY_ZEROCOPY], "sends of bulk with MSG_ZEROCOPY"),
	CORE_AS("zerocopy_bytes", zc_bytes[ZCL_WAY_ZEROCOPY], "bytes of bulk with MSG_ZEROCOPY"),
	REAL("splice_calls", way.sends[ZCL_WAY_SPLICE], "sends of bulk whose pages were lent"),
	CORE_AS("splice_bytes", zc_bytes[ZCL_WAY_SPLICE], "bytes of bulk whose pages were lent"),
	REAL("zerocopy_completions", way.completions, "such sends that the kernel let go of"),
	REAL("zerocopy_copied", way.completions_copied, "of them copied by the kernel after all"),
	REAL("zerocopy_nobufs", way.nobufs, "sends that ran into ENOBUFS"),
	REAL("plain_calls", way.plain_sends, "sends of headers and small messages alone"),
	REAL("plain_bytes", way.plain_bytes, "bytes of headers and small messages"),
	MESSAGES("copy_because_asked", COPY, ASKED, "bulk messages copied because asked for"),
	MESSAGES("copy_because_unregistered", COPY, UNREGISTERED,
		 "bulk messages copied because their memory is not registered"),
	MESSAGES("copy_because_no_ack", COPY, NO_ACK,
		 "bulk messages copied because no ZC-ACK would release them"),
	MESSAGES("copy_because_unsupported", COPY, UNSUPPORTED,
		 "bulk messages copied because the socket cannot do otherwise"),
	MESSAGES("copy_because_copied", COPY, COPIED,
		 "bulk messages copied because the kernel would copy in any case"),
	MESSAGES("copy_because_nobufs", COPY, NOBUFS,
		 "bulk messages copied because of a limit on pinned memory"),
	MESSAGES("copy_because_failed", COPY, FAILED,
		 "bulk messages copied because lending pages failed on their connection"),
	MESSAGES("zerocopy_because_asked", ZEROCOPY, ASKED,
		 "bulk messages with MSG_ZEROCOPY as asked for"),
	MESSAGES("zerocopy_because_unregistered", ZEROCOPY, UNREGISTERED,
		 "bulk messages with MSG_ZEROCOPY because their memory is not registered"),
	MESSAGES("zerocopy_because_no_ack", ZEROCOPY, NO_ACK,
		 "bulk messages with MSG_ZEROCOPY because no ZC-ACK would release them"),
	MESSAGES("zerocopy_because_short", ZEROCOPY, SHORT,
		 "bulk messages with MSG_ZEROCOPY because they are too short to lend pages for"),
	MESSAGES("zerocopy_because_failed", ZEROCOPY, FAILED,
		 "bulk messages with MSG_ZEROCOPY because lending pages failed"),
	MESSAGES("splice_because_asked", SPLICE, ASKED,
		 "bulk messages whose pages were lent as asked for"),
	MESSAGES("splice_because_registered", SPLICE, REGISTERED,
		 "bulk messages whose pages were lent, from registered memory"),
	REAL("gave_up_copied", way.fallbacks[ZCL_WHY_COPIED],
	     "connections that gave up MSG_ZEROCOPY because the kernel copied"),
	REAL("gave_up_nobufs", way.fallbacks[ZCL_WHY_NOBUFS],
	     "connections that gave up MSG_ZEROCOPY because of a limit on pinned memory"),
	REAL("gave_up_failed", way.fallbacks[ZCL_WHY_FAILED],
	     "connections that gave up lending pages because it failed"),
	REAL("detached_bytes", way.detached,
	     "lent bytes in whose place others came because their connection broke"),
	REAL("undetached_bytes", way.undetached, "lent bytes for which that was not possible"),
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
