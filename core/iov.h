/* SPDX-License-Identifier: MIT */
#ifndef ZCL_IOV_H
#define ZCL_IOV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <glib.h>

#include "core/lnet.h"

/* Lists of memory. */

static inline size_t zcl_iov_length(const struct iovec *iov, size_t niov)
{
	size_t length = 0;

	for (size_t i = 0; i < niov; i++)
		length += iov[i].iov_len;
	return length;
}

/* The bytes offset .. offset + length of src, as at most nsrc entries of dst; their number. */
size_t zcl_iov_slice(const struct iovec *src, size_t nsrc, size_t offset, size_t length,
		     struct iovec *dst);

/*
 * The list that belongs to a message or an operation. Nearly all have one or two entries; room for
 * more is made once, and kept for the next use of the same struct.
 */
struct zcl_iovs {
	struct iovec few[2];
	struct iovec *many; /* ZCL_LNET_MAX_IOV; NULL: was never needed */
};

static inline struct iovec *zcl_iovs(const struct zcl_iovs *iovs, size_t n)
{
	return n <= G_N_ELEMENTS(iovs->few) ? (struct iovec *)iovs->few : iovs->many;
}

/* Makes room for `many`. */
void zcl_iovs_grow(struct zcl_iovs *iovs);

/* n <= ZCL_LNET_MAX_IOV */
static inline void zcl_iovs_set(struct zcl_iovs *iovs, const struct iovec *iov, size_t n)
{
	struct iovec *to = iovs->few;

	g_assert(n <= ZCL_LNET_MAX_IOV);
	if (G_UNLIKELY(n > G_N_ELEMENTS(iovs->few))) {
		zcl_iovs_grow(iovs);
		to = iovs->many;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = iov[i];
}

void zcl_iovs_clear(struct zcl_iovs *iovs);

#endif
