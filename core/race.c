/* SPDX-License-Identifier: MIT */
#include "core/race.h"

#include <glib.h>

enum zcl_reason zcl_race_decide(const struct zcl_race_input *in)
{
	g_assert(in->self != in->peer);

	if (in->version < ZCL_V1 || in->version > in->max_version)
		return ZCL_REASON_VERSION;
	if (in->connecting && in->peer < in->self)
		return ZCL_REASON_RACE;
	if (in->known_incarnation != 0 && in->known_incarnation != in->incarnation)
		return ZCL_REASON_STALE;
	/* One peer, one version: the caller has forgotten what its connections speak. */
	if (in->live_version != 0 && in->live_version != in->version)
		return ZCL_REASON_STALE;
	if (in->have_type)
		return ZCL_REASON_DUPLICATE;
	return ZCL_REASON_NONE;
}
