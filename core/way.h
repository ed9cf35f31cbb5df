/* SPDX-License-Identifier: MIT */
#ifndef ZCL_WAY_H
#define ZCL_WAY_H

/*
 * How bytes went to the kernel, which is how it lets go of their pages (wire notes 7, "two
 * releases"), and why this way. The backend decides; the core counts, and shows it in events.
 */
enum zcl_way {
	ZCL_WAY_COPY,	  /* let go at once */
	ZCL_WAY_ZEROCOPY, /* MSG_ZEROCOPY: let go when the kernel says so */
	ZCL_WAY_SPLICE,	  /* it never says: only the peer's ZC-ACK tells that they are read */
	ZCL_WAY_LAST
};

enum zcl_why {
	ZCL_WHY_NONE,	      /* nobody said */
	ZCL_WHY_SMALL,	      /* "small": copied: below zc_min_payload */
	ZCL_WHY_ASKED,	      /* "asked": the configuration wants this way */
	ZCL_WHY_REGISTERED,   /* "registered": spliced: registered memory */
	ZCL_WHY_UNREGISTERED, /* "unregistered": not spliced: other memory */
	ZCL_WHY_NO_ACK,	      /* "no-ack": not spliced: no ZC-ACK will come for it (V1) */
	ZCL_WHY_SHORT,	      /* "short": not spliced: registered, but nothing would be gained */
	ZCL_WHY_UNSUPPORTED,  /* "unsupported": copied: the socket has no MSG_ZEROCOPY */
	ZCL_WHY_COPIED,	      /* "copied": copied: with MSG_ZEROCOPY the kernel did so anyhow */
	ZCL_WHY_NOBUFS,	      /* "nobufs": copied: the kernel had no memory for MSG_ZEROCOPY */
	ZCL_WHY_FAILED,	      /* "failed": not spliced: splicing failed on this connection */
	ZCL_WHY_LAST
};

/* "copy", "zerocopy", "splice"; never NULL. */
const char *zcl_way_name(enum zcl_way way);
const char *zcl_why_name(enum zcl_why why);

#endif
