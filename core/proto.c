/* SPDX-License-Identifier: MIT */
#include "core/proto.h"

const struct zcl_proto *zcl_proto_find(uint32_t version)
{
	static const struct zcl_proto *const table[] = {&zcl_proto_v1, &zcl_proto_v2};

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i]->version == version)
			return table[i];
	}
	return NULL;
}

enum zcl_match zcl_proto_match_typed(int32_t ctype, size_t nob, size_t min_bulk)
{
	switch (ctype) {
	case ZCL_CONN_ANY:
		return ZCL_MATCH_YES;
	case ZCL_CONN_CONTROL:
		return nob < min_bulk ? ZCL_MATCH_YES : ZCL_MATCH_MAY;
	case ZCL_CONN_BULK_OUT:
		return nob < min_bulk ? ZCL_MATCH_MAY : ZCL_MATCH_YES;
	case ZCL_CONN_BULK_IN:
		return ZCL_MATCH_MAY;
	default:
		return ZCL_MATCH_NO;
	}
}
