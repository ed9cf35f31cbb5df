/* SPDX-License-Identifier: MIT */
#include "sim/sweep_ack.h"

#include "sim/ackrun.h"

/* Credits of a deployed peer (wire notes 1). */
#define WINDOW 8

static const double rates[] = {0, 0.125, 0.25, 0.5, 1, 2, 4, 8};

void zsweep_ack_init(struct zsweep_ack *sweep)
{
	*sweep = (struct zsweep_ack){.messages = 512,
				     .bulk_size = 64 * 1024,
				     .reverse_size = 64,
				     .latency = 10 * 1000,
				     .tx_delay = 10 * 1000,
				     .bandwidth_bps = UINT64_C(10000000000),
				     .mtu = 9000,
				     .seed = 1};
}

/* ---- rows ------------------------------------------------------------------------------ */

static void write_names(FILE *out)
{
	fputs("version,conns,reverse_per_bulk,bulk_size,bulk_messages,reverse_messages,"
	      "acks,acks_piggybacked,acks_coalesced,acks_noop,"
	      "ack_messages_per_bulk,ack_bytes_per_bulk,noop_bytes,cookie_bytes,"
	      "reverse_wire_bytes_per_bulk,goodput_mbps,sim_seconds,seed,"
	      "window,reverse_size,latency_ns,bandwidth_bps,tx_delay_ns,mtu\n",
	      out);
}

/* In any locale with a point. */
static void write_number(FILE *out, const char *format, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	fprintf(out, ",%s", g_ascii_formatd(text, sizeof(text), format, value));
}

static void write_row(const struct zsweep_ack *sweep, const struct zackrun_case *c, double rate,
		      const struct zackrun_result *r)
{
	const uint64_t noop_bytes = r->b.noops_sent * ZCL_KSM_SIZE;
	const uint64_t carried = r->b.acks_piggybacked + r->b.acks_coalesced;
	const uint64_t cookie_bytes = carried * sizeof(uint64_t);
	const double n = (double)c->bulk_messages;
	FILE *out = sweep->out;

	fprintf(out, "v%u,%s", c->version, c->typed ? "typed" : "untyped");
	write_number(out, "%.3f", rate);
	fprintf(out, ",%zu,%zu,%zu", c->bulk_size, c->bulk_messages, c->reverse_messages);
	fprintf(out, ",%" G_GUINT64_FORMAT, carried + r->b.acks_noop);
	fprintf(out, ",%" G_GUINT64_FORMAT, r->b.acks_piggybacked);
	fprintf(out, ",%" G_GUINT64_FORMAT, r->b.acks_coalesced);
	fprintf(out, ",%" G_GUINT64_FORMAT, r->b.acks_noop);
	write_number(out, "%.6f", (double)r->b.noops_sent / n);
	write_number(out, "%.6f", (double)(noop_bytes + cookie_bytes) / n);
	fprintf(out, ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT, noop_bytes, cookie_bytes);
	write_number(out, "%.6f", (double)r->b_wire / n);
	write_number(out, "%.3f", 8e3 * n * (double)c->bulk_size / (double)r->bulk_span);
	write_number(out, "%.9f", 1e-9 * (double)r->span);
	fprintf(out, ",%" G_GUINT64_FORMAT, sweep->seed);
	fprintf(out, ",%zu,%zu", c->window, c->reverse_size);
	fprintf(out, ",%" G_GINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GINT64_FORMAT ",%u\n",
		c->latency, c->bandwidth_bps, c->tx_delay, c->mtu);
}

/* ---- measuring ------------------------------------------------------------------------- */

struct progress {
	bool wanted;
	size_t done, total;
};

static void show(struct progress *progress, const struct zackrun_case *c, double rate)
{
	progress->done++;
	if (progress->wanted)
		fprintf(stderr, "\r%zu of %zu: v%u, %s, %g reverse messages per bulk message   %s",
			progress->done, progress->total, c->version, c->typed ? "typed" : "untyped",
			rate, progress->done == progress->total ? "\n" : "");
}

/* Every ACK that B sent reached A, which asked for one per message; V1 knows none. */
static bool adds_up(const struct zackrun_case *c, const struct zackrun_result *r, const char **why)
{
	const uint64_t acks = r->b.acks_piggybacked + r->b.acks_coalesced + r->b.acks_noop;

	if (acks == r->a.zc_requests && acks == r->a.acks_received &&
	    (acks == 0 || acks == c->bulk_messages))
		return true;
	*why = "the numbers of ACKs asked for, sent and received differ";
	return false;
}

/*
 * The first of a group, without reverse traffic, tells how long the bulk takes: over that time the
 * reverse messages of the others are spread. The same rate has the same times in each group, but
 * for the scale.
 */
static bool measure_group(const struct zsweep_ack *sweep, struct zackrun_case *c,
			  struct progress *progress, const char **why)
{
	c->reverse_span = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
		const guint32 seeds[] = {(guint32)sweep->seed, (guint32)(sweep->seed >> 32),
					 (guint32)i};
		struct zackrun_result result;
		bool good;

		show(progress, c, rates[i]);
		c->reverse_messages = (size_t)(rates[i] * (double)c->bulk_messages + 0.5);
		c->random = g_rand_new_with_seed_array(seeds, G_N_ELEMENTS(seeds));
		good = zackrun(c, &result, why) && adds_up(c, &result, why);
		g_rand_free(c->random);
		if (!good)
			return false;
		if (i == 0)
			c->reverse_span = result.bulk_span;
		write_row(sweep, c, rates[i], &result);
	}
	return true;
}

bool zsweep_ack_run(const struct zsweep_ack *sweep, size_t *rows, const char **why)
{
	struct progress progress = {.wanted = sweep->progress, .total = 4 * G_N_ELEMENTS(rates)};
	struct zackrun_case c = {.bulk_size = sweep->bulk_size,
				 .bulk_messages = sweep->messages,
				 .window = WINDOW,
				 .reverse_size = sweep->reverse_size,
				 .latency = sweep->latency,
				 .bandwidth_bps = sweep->bandwidth_bps,
				 .mtu = sweep->mtu,
				 .tx_delay = sweep->tx_delay,
				 .seed = sweep->seed};
	bool good = true;

	write_names(sweep->out);
	for (int i = 0; i < 4 && good; i++) {
		c.version = i < 2 ? ZCL_V1 : ZCL_V2;
		c.typed = i % 2 == 0;
		good = measure_group(sweep, &c, &progress, why);
	}
	*rows = progress.done;
	return good;
}
