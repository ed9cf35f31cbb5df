/* SPDX-License-Identifier: MIT */
#include "sim/star.h"

#include <math.h>

/* Two ways to reach the same loss may differ in the last digits. */
#define LOSS_SLACK 1e-9

void zstar_init(struct zstar_end *end)
{
	*end = (struct zstar_end){
		.link = {.latency_ns = ZSTAR_LATENCY / 2, .bandwidth_bps = ZSTAR_BANDWIDTH}};
}

/* What the free end has to add to what the fixed one does; each link passes 1 - loss. */
static struct zsim_link rest(const struct zsim_link *fixed, const struct zsim_link *whole)
{
	struct zsim_link free = *whole;

	free.latency_ns = whole->latency_ns - fixed->latency_ns;
	free.jitter_ns = whole->jitter_ns - fixed->jitter_ns;
	free.loss = fixed->loss < 1 ? 1 - (1 - whole->loss) / (1 - fixed->loss) : 0;
	if (fabs(free.loss) < LOSS_SLACK)
		free.loss = 0;
	return free;
}

static bool adds_up(const struct zsim_link *a, const struct zsim_link *b,
		    const struct zsim_link *whole, const char **why)
{
	const double loss = 1 - (1 - a->loss) * (1 - b->loss);
	const uint64_t slower =
		a->bandwidth_bps < b->bandwidth_bps ? a->bandwidth_bps : b->bandwidth_bps;

	if (a->latency_ns < 0 || b->latency_ns < 0 ||
	    a->latency_ns + b->latency_ns != whole->latency_ns)
		*why = "a host has one link, and earlier lines give it another latency (say the "
		       "shortest path first)";
	else if (a->jitter_ns < 0 || b->jitter_ns < 0 ||
		 a->jitter_ns + b->jitter_ns != whole->jitter_ns)
		*why = "a host has one link, and earlier lines give it another jitter (say the "
		       "path with the least first)";
	else if (a->queue_packets != whole->queue_packets ||
		 b->queue_packets != whole->queue_packets)
		*why = "a host has one link, and earlier lines give it another queue";
	else if (a->loss < 0 || b->loss < 0 || fabs(loss - whole->loss) > LOSS_SLACK)
		*why = "a host has one link, and earlier lines give it another loss (say the path "
		       "that loses least first)";
	else if (slower != whole->bandwidth_bps)
		*why = "a host has one link, and earlier lines give it another bandwidth (say the "
		       "fastest path first)";
	else
		return true;
	return false;
}

bool zstar_link(struct zstar_end *a, struct zstar_end *b, const struct zworld_link *path,
		const char **why)
{
	const struct zsim_link whole = {.latency_ns = path->latency,
					.jitter_ns = path->jitter,
					.queue_packets = path->queue,
					.bandwidth_bps =
						path->bandwidth ? path->bandwidth : ZSTAR_BANDWIDTH,
					.loss = path->loss};
	struct zsim_link x = a->link, y = b->link;

	if (path->latency < 0 || path->jitter < 0 || !(path->loss >= 0 && path->loss <= 1)) {
		*why = "latency and jitter are 0 or more, a loss is 0 to 1";
		return false;
	}
	if (!a->fixed && !b->fixed) {
		x = y = whole;
		x.latency_ns = whole.latency_ns / 2;
		y.latency_ns = whole.latency_ns - x.latency_ns;
		x.jitter_ns = whole.jitter_ns / 2;
		y.jitter_ns = whole.jitter_ns - x.jitter_ns;
		x.loss = y.loss = 1 - sqrt(1 - whole.loss);
	} else if (!a->fixed) {
		x = rest(&y, &whole);
	} else if (!b->fixed) {
		y = rest(&x, &whole);
	}
	if (!adds_up(&x, &y, &whole, why))
		return false;
	*a = (struct zstar_end){x, true};
	*b = (struct zstar_end){y, true};
	return true;
}
