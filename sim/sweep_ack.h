/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_SWEEP_ACK_H
#define ZSIM_SWEEP_ACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What ACKs cost, against reverse traffic: V1 and V2, typed and untyped connections. */
struct zsweep_ack {
	size_t messages; /* bulk PUTs a measurement */
	size_t bulk_size, reverse_size;
	int64_t latency, tx_delay; /* ns */
	uint64_t bandwidth_bps;
	uint32_t mtu; /* IP bytes a packet, 576..65535 */
	uint64_t seed;
	bool progress; /* told on standard error */
	FILE *out;
};

/* A deployed data-centre path, 64 KiB messages; out: NULL. */
void zsweep_ack_init(struct zsweep_ack *sweep);

/*
 * Measures all and writes CSV: a line of column names, then one line a measurement (columns:
 * zclnd-sim(1)). *rows: how many. False with *why (static) when a measurement failed.
 */
bool zsweep_ack_run(const struct zsweep_ack *sweep, size_t *rows, const char **why);

#endif
