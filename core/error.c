/* SPDX-License-Identifier: MIT */
#include "core/error.h"

#include <stddef.h>

#include <glib.h>

struct entry {
	const char *name;
	const char *text;
	bool fatal;
};

static const struct entry entries[ZCL_ERR_LAST] = {
	[ZCL_OK] = {"ok", "no error", false},

	[ZCL_E_BAD_MAGIC] = {"bad_magic", "the first bytes are not those of a socklnd peer", true},
	[ZCL_E_BAD_ACCEPTOR_VERSION] = {"bad_acceptor_version",
					"the acceptor request has an unknown version", true},
	[ZCL_E_WRONG_NID] = {"wrong_nid", "the peer names another NID than the one expected", true},
	[ZCL_E_UNKNOWN_VERSION] = {"unknown_version",
				   "the HELLO has a version that is not spoken here", true},
	[ZCL_E_BAD_HELLO_TYPE] = {"bad_hello_type",
				  "the V1 HELLO has an LNet type other than HELLO", true},
	[ZCL_E_TOO_MANY_IPS] = {"too_many_ips", "the HELLO has a wrong number of IP addresses",
				true},
	[ZCL_E_ZERO_IP] = {"zero_ip", "the HELLO lists the address 0.0.0.0", true},
	[ZCL_E_ANY_NID] = {"any_nid", "the HELLO comes from the wildcard NID", true},
	[ZCL_E_BAD_CTYPE] = {"bad_ctype", "the HELLO has a wrong connection type", true},
	[ZCL_E_BAD_KSM_TYPE] = {"bad_ksm_type", "the ksock message is neither NOOP nor LNET", true},
	[ZCL_E_BAD_CHECKSUM] = {"bad_checksum", "the checksum does not match the message", true},
	[ZCL_E_BAD_LNET_TYPE] = {"bad_lnet_type", "the LNet header has an unknown type", true},
	[ZCL_E_PAYLOAD_TOO_LONG] = {"payload_too_long",
				    "the payload length is above the LNet MTU of 1 MiB", true},
	[ZCL_E_BAD_COOKIE] = {"bad_cookie", "the ZC-ACK has a cookie that is not outstanding",
			      true},
	[ZCL_E_BAD_SRC_NID] = {"bad_src_nid", "the LNet header comes from another NID", true},
	[ZCL_E_BAD_DEST_NID] = {"bad_dest_nid", "the LNet header is for another NID", true},

	[ZCL_E_EOF] = {"eof", "the other side closed the connection", true},
	[ZCL_E_RESET] = {"reset", "the other side reset the connection", true},
	[ZCL_E_REFUSED] = {"refused", "nobody listens at the other side", true},
	[ZCL_E_UNREACHABLE] = {"unreachable", "the peer cannot be reached", true},
	[ZCL_E_TIMEDOUT] = {"timedout", "no progress within the deadline", true},
	[ZCL_E_IO] = {"io", "the system failed to move the bytes", true},
	[ZCL_E_RACE] = {"race", "the connection race was lost", true},
	[ZCL_E_VERSION] = {"version", "no protocol version in common", true},
	[ZCL_E_FICKLE] = {"fickle", "the peer names another version at each call", true},
	[ZCL_E_STALE] = {"stale", "the peer has restarted", true},
	[ZCL_E_DUPLICATE] = {"duplicate", "the connection exists already", true},
	[ZCL_E_SHUTDOWN] = {"shutdown", "this node is shutting down", true},
	[ZCL_E_ABORTED] = {"aborted", "the connection was closed by this side", true},

	[ZCL_E_INVALID] = {"invalid", "an argument is out of its range", false},
	[ZCL_E_LIMIT] = {"limit", "a configured limit is reached", false},
	[ZCL_E_NO_MATCH] = {"no_match", "no buffer is attached at the portal and match bits",
			    false},
	[ZCL_E_NOT_FOUND] = {"not_found", "no such peer, buffer or operation", false},
	[ZCL_E_SYNTAX] = {"syntax", "the text does not parse", false},
};

static const struct entry unknown = {"unknown", "unknown error", true};

static const struct entry *find(enum zcl_err err)
{
	if ((int)err < 0 || err >= ZCL_ERR_LAST)
		return &unknown;
	g_assert(entries[err].name != NULL);
	return &entries[err];
}

const char *zcl_err_name(enum zcl_err err)
{
	return find(err)->name;
}

const char *zcl_strerror(enum zcl_err err)
{
	return find(err)->text;
}

bool zcl_err_is_fatal(enum zcl_err err)
{
	return find(err)->fatal;
}
