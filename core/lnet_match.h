/* SPDX-License-Identifier: MIT */
#ifndef ZCL_LNET_MATCH_H
#define ZCL_LNET_MATCH_H

#include "core/inline.h"
#include "core/node_impl.h"

/*
 * Which attached buffer takes an operation, and what part of it (wire notes 8). In line: of what is
 * asked and answered there is too much to be handed on for each message.
 */

static inline bool zcl_md_accepts_bits(const struct zcl_attach *spec, uint64_t match_bits,
				       zcl_nid peer)
{
	return ((spec->match_bits ^ match_bits) & ~spec->ignore_bits) == 0 &&
	       (spec->peer == ZCL_NID_ANY || spec->peer == peer);
}

/* length: of all of spec */
ZCL_ALWAYS_INLINE bool zcl_md_take(const struct zcl_attach *spec, size_t length,
				   struct zcl_md_use *use, size_t rlength, size_t remote_offset,
				   struct zcl_claim *claim)
{
	const bool remote = spec->options & ZCL_MD_REMOTE_OFFSET;
	const size_t offset = remote ? remote_offset : use->next;

	if (spec->threshold != 0 && use->operations >= spec->threshold)
		return false;
	if (!(spec->options & ZCL_MD_TRUNCATE) && (offset > length || rlength > length - offset))
		return false;
	claim->offset = MIN(offset, length);
	claim->mlength = MIN(rlength, length - claim->offset);
	if (!remote)
		use->next = claim->offset + claim->mlength;
	use->operations++;
	claim->last = spec->threshold != 0 && use->operations >= spec->threshold;
	return true;
}

ZCL_ALWAYS_INLINE bool zcl_me_claims(struct zcl_me *me, uint64_t match_bits, zcl_nid peer,
				     bool is_get, size_t rlength, size_t remote_offset,
				     struct zcl_claim *claim)
{
	const struct zcl_attach *spec = &me->spec;

	if (me->detached || !zcl_md_accepts_bits(spec, match_bits, peer))
		return false;
	if (!(spec->options & (is_get ? ZCL_MD_GET : ZCL_MD_PUT)))
		return false;
	if (spec->claim != NULL)
		return spec->claim(spec->shared, rlength, remote_offset, claim);
	return zcl_md_take(spec, me->length, &me->use, rlength, remote_offset, claim);
}

/* It is busy until zcl_lnet_me_end. NULL: no match. */
ZCL_ALWAYS_INLINE struct zcl_me *zcl_lnet_match(struct zcl_node *node, uint32_t portal,
						uint64_t match_bits, zcl_nid peer, bool is_get,
						size_t rlength, size_t remote_offset,
						struct zcl_claim *claim)
{
	const GPtrArray *list;

	if (portal >= ZCL_LNET_PORTALS || node->lnet.portal[portal] == NULL)
		return NULL;
	list = node->lnet.portal[portal];
	for (guint i = 0; i < list->len; i++) {
		struct zcl_me *me = list->pdata[i];

		if (!zcl_me_claims(me, match_bits, peer, is_get, rlength, remote_offset, claim))
			continue;
		me->busy++;
		me->detached = claim->last;
		return me;
	}
	return NULL;
}

static inline struct zcl_me *
zcl_lnet_match_put(struct zcl_node *node, const struct zcl_lnet_hdr *hdr, struct zcl_claim *claim)
{
	return zcl_lnet_match(node, hdr->msg.put.ptl_index, hdr->msg.put.match_bits, hdr->src_nid,
			      false, hdr->payload_length, hdr->msg.put.offset, claim);
}

static inline struct zcl_me *
zcl_lnet_match_get(struct zcl_node *node, const struct zcl_lnet_hdr *hdr, struct zcl_claim *claim)
{
	return zcl_lnet_match(node, hdr->msg.get.ptl_index, hdr->msg.get.match_bits, hdr->src_nid,
			      true, MIN(hdr->msg.get.sink_length, ZCL_LNET_MTU),
			      hdr->msg.get.src_offset, claim);
}

#endif
