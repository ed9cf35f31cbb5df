/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_SINK_H
#define ZREAL_SINK_H

#include "core/lnet.h"
#include "core/node.h"
#include "real/pattern.h"

/*
 * Where the bench puts: one buffer at a portal, any match bits, each PUT at the offset that it
 * names. It can check that what arrives is the pattern that its number (hdr_data) asks for.
 */
struct zsink {
	uint8_t *buffer;
	bool verify;
	uint64_t id; /* of the attachment */
	uint64_t puts, bytes, corrupt;
	uint64_t first_corrupt; /* number of the first wrong PUT, when corrupt > 0 */
};

/*
 * Attaches `size` bytes (at least LNET_MTU) at the portal. The sink lives as long as the node.
 * Errors of zcl_lnet_attach.
 */
enum zcl_err zsink_open(struct zsink *sink, struct zcl_node *node, uint32_t portal, size_t size,
			bool verify, int64_t now);
/* After the node is freed. */
void zsink_close(struct zsink *sink);
/* To be called for events whose user is the sink; from inside deliver. */
void zsink_event(struct zsink *sink, const struct zcl_lnet_event *event);

#endif
