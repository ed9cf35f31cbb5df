/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/service.h"

#include "real/cli.h"

static enum zclnd_err offer(struct zclnd_ni *ni, uint32_t portal, uint32_t options, void *memory,
			    size_t size)
{
	const struct iovec iov = {memory, size};
	const struct zclnd_attach attach = {
		.portal = portal,
		.ignore_bits = ~UINT64_C(0),
		.peer = ZCLND_NID_ANY,
		.options = options | ZCLND_MD_TRUNCATE | ZCLND_MD_REMOTE_OFFSET,
		.iov = &iov,
		.niov = 1,
	};

	return zclnd_attach(ni, &attach, NULL);
}

enum zclnd_err zsvc_sink(struct zclnd_ni *ni, void *memory)
{
	return offer(ni, ZCLI_SINK_PORTAL, ZCLND_MD_PUT, memory, ZCLND_MTU);
}

enum zclnd_err zsvc_store(struct zclnd_ni *ni, void *memory, size_t size)
{
	return offer(ni, ZCLI_STORE_PORTAL, ZCLND_MD_PUT | ZCLND_MD_GET, memory, size);
}
