/* SPDX-License-Identifier: MIT */
#include "core/way.h"

static const char *const ways[ZCL_WAY_LAST] = {
	[ZCL_WAY_COPY] = "copy",
	[ZCL_WAY_ZEROCOPY] = "zerocopy",
	[ZCL_WAY_SPLICE] = "splice",
};

static const char *const whys[ZCL_WHY_LAST] = {
	[ZCL_WHY_NONE] = "none",
	[ZCL_WHY_SMALL] = "small",
	[ZCL_WHY_ASKED] = "asked",
	[ZCL_WHY_REGISTERED] = "registered",
	[ZCL_WHY_UNREGISTERED] = "unregistered",
	[ZCL_WHY_NO_ACK] = "no-ack",
	[ZCL_WHY_SHORT] = "short",
	[ZCL_WHY_UNSUPPORTED] = "unsupported",
	[ZCL_WHY_COPIED] = "copied",
	[ZCL_WHY_NOBUFS] = "nobufs",
	[ZCL_WHY_FAILED] = "failed",
};

const char *zcl_way_name(enum zcl_way way)
{
	return (unsigned)way < ZCL_WAY_LAST ? ways[way] : "?";
}

const char *zcl_why_name(enum zcl_why why)
{
	return (unsigned)why < ZCL_WHY_LAST ? whys[why] : "?";
}
