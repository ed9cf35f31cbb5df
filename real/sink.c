/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/sink.h"

#include <glib.h>
#include <string.h>

enum zcl_err zsink_open(struct zsink *sink, struct zcl_node *node, uint32_t portal, size_t size,
			bool verify, int64_t now)
{
	struct zcl_attach attach = {
		.portal = portal,
		.ignore_bits = ~UINT64_C(0),
		.peer = ZCL_NID_ANY,
		.options = ZCL_MD_PUT | ZCL_MD_TRUNCATE | ZCL_MD_REMOTE_OFFSET,
		.niov = 1,
		.user = sink,
	};

	g_assert(size >= ZCL_LNET_MTU);
	*sink = (struct zsink){.verify = verify, .buffer = g_malloc0(size)};
	attach.iov[0] = (struct iovec){sink->buffer, size};
	return zcl_lnet_attach(node, &attach, &sink->id, now);
}

void zsink_close(struct zsink *sink)
{
	g_free(sink->buffer);
	sink->buffer = NULL;
}

void zsink_event(struct zsink *sink, const struct zcl_lnet_event *event)
{
	if (event->kind != ZCL_LNET_EV_PUT || event->status != ZCL_OK)
		return;
	sink->puts++;
	sink->bytes += event->mlength;
	if (!sink->verify ||
	    zpattern_check(sink->buffer + event->offset, event->mlength, event->hdr_data))
		return;
	if (sink->corrupt++ == 0)
		sink->first_corrupt = event->hdr_data;
}
