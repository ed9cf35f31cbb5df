/* SPDX-License-Identifier: MIT */
#ifndef ZCL_ERROR_H
#define ZCL_ERROR_H

#include <stdbool.h>

/*
 * Every way in which the protocol, a peer or a caller can be wrong. No errno
 * inside the core: a backend translates what its system calls say.
 */
enum zcl_err {
	ZCL_OK = 0,

	/* A peer's bytes: fatal for the connection that carried them. */
	ZCL_E_BAD_MAGIC,	    /* neither a known HELLO nor an acceptor request */
	ZCL_E_BAD_ACCEPTOR_VERSION, /* acceptor request of an unknown version */
	ZCL_E_WRONG_NID,	    /* acceptor request or HELLO names another NID */
	ZCL_E_UNKNOWN_VERSION,	    /* HELLO of a version that is not spoken here */
	ZCL_E_BAD_HELLO_TYPE,	    /* V1 HELLO whose LNet type is not HELLO */
	ZCL_E_TOO_MANY_IPS,	    /* kshm_nips above 16, or not a multiple of 4 in V1 */
	ZCL_E_ZERO_IP,		    /* a HELLO lists the address 0.0.0.0 */
	ZCL_E_ANY_NID,		    /* src NID is LNET_NID_ANY */
	ZCL_E_BAD_CTYPE,	    /* connection type out of range, or not the inverse of ours */
	ZCL_E_BAD_KSM_TYPE,	    /* ksm_type is neither NOOP nor LNET */
	ZCL_E_BAD_CHECKSUM,	    /* ksm_csum does not match what arrived */
	ZCL_E_BAD_LNET_TYPE,	    /* LNet header of an unknown type */
	ZCL_E_PAYLOAD_TOO_LONG,	    /* payload_length above LNET_MTU */
	ZCL_E_BAD_COOKIE,	    /* ZC-ACK for a cookie that is not outstanding */
	ZCL_E_BAD_SRC_NID,	    /* LNet header from another node than the HELLO's */
	ZCL_E_BAD_DEST_NID,	    /* LNet header for another node than this one */

	/* The connection or the peer. */
	ZCL_E_EOF,	   /* closed by the other side */
	ZCL_E_RESET,	   /* reset by the other side */
	ZCL_E_REFUSED,	   /* nobody listens */
	ZCL_E_UNREACHABLE, /* no route, or no attempt succeeded */
	ZCL_E_TIMEDOUT,	   /* no progress within its deadline */
	ZCL_E_IO,	   /* the backend failed in another way */
	ZCL_E_RACE,	   /* lost the connection race */
	ZCL_E_VERSION,	   /* no version in common */
	ZCL_E_FICKLE,	   /* the peer names another version at each call */
	ZCL_E_STALE,	   /* the peer restarted: its incarnation changed */
	ZCL_E_DUPLICATE,   /* the connection exists already */
	ZCL_E_SHUTDOWN,	   /* this node is closing */
	ZCL_E_ABORTED,	   /* closed by request of this side */

	/* The caller. */
	ZCL_E_INVALID,	 /* an argument out of its range */
	ZCL_E_LIMIT,	 /* a configured limit is reached: try again later */
	ZCL_E_NO_MATCH,	 /* no buffer attached at portal and match bits */
	ZCL_E_NOT_FOUND, /* no such peer, buffer or operation */
	ZCL_E_SYNTAX,	 /* text that does not parse */

	ZCL_ERR_LAST /* one past the last */
};

/* Short stable name ("bad_magic"), for traces and scripts. Never NULL; "unknown" out of range. */
const char *zcl_err_name(enum zcl_err err);

/* One English clause without a full stop, for messages. Never NULL. */
const char *zcl_strerror(enum zcl_err err);

/* True when the connection that met this error cannot go on. */
bool zcl_err_is_fatal(enum zcl_err err);

#endif
