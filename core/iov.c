/* SPDX-License-Identifier: MIT */
#include "core/iov.h"

size_t zcl_iov_slice(const struct iovec *src, size_t nsrc, size_t offset, size_t length,
		     struct iovec *dst)
{
	size_t n = 0;

	for (size_t i = 0; i < nsrc && length > 0; i++) {
		size_t part;

		if (offset >= src[i].iov_len) {
			offset -= src[i].iov_len;
			continue;
		}
		part = MIN(length, src[i].iov_len - offset);
		dst[n++] = (struct iovec){.iov_base = (uint8_t *)src[i].iov_base + offset,
					  .iov_len = part};
		length -= part;
		offset = 0;
	}
	g_assert(length == 0);
	return n;
}

void zcl_iovs_grow(struct zcl_iovs *iovs)
{
	if (iovs->many == NULL)
		iovs->many = g_new(struct iovec, ZCL_LNET_MAX_IOV);
}

void zcl_iovs_clear(struct zcl_iovs *iovs)
{
	g_clear_pointer(&iovs->many, g_free);
}
