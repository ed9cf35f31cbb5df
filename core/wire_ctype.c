/* SPDX-License-Identifier: MIT */
#include "core/wire.h"

#include <glib.h>

static const char *const names[] = {"NONE", "ANY", "CONTROL", "BULK_IN", "BULK_OUT"};

const char *zcl_ctype_name(int32_t ctype)
{
	if (ctype < ZCL_CONN_NONE || ctype > ZCL_CONN_BULK_OUT)
		return "?";
	return names[ctype - ZCL_CONN_NONE];
}

enum zcl_err zcl_ctype_parse(const char *text, int32_t *ctype)
{
	for (int32_t i = ZCL_CONN_NONE; i <= ZCL_CONN_BULK_OUT; i++) {
		if (g_ascii_strcasecmp(text, zcl_ctype_name(i)) == 0) {
			*ctype = i;
			return ZCL_OK;
		}
	}
	return ZCL_E_SYNTAX;
}

int32_t zcl_ctype_invert(int32_t ctype)
{
	switch (ctype) {
	case ZCL_CONN_BULK_IN:
		return ZCL_CONN_BULK_OUT;
	case ZCL_CONN_BULK_OUT:
		return ZCL_CONN_BULK_IN;
	default:
		return ctype;
	}
}
