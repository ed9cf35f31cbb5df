/* SPDX-License-Identifier: MIT */
#include "scenarios/faults.h"

#include <stddef.h>
#include <string.h>

#ifdef ZCL_FAULTS
#include "core/fault.h"

static const struct {
	const char *name;
	uint32_t bit;
} faults[] = {
	{"nid-order", ZCL_FAULT_NID_ORDER},
	{"no-fallback", ZCL_FAULT_NO_FALLBACK},
	{"clear-mark", ZCL_FAULT_CLEAR_MARK},
	{"release-on-send", ZCL_FAULT_RELEASE_ON_SEND},
	{"early-ack", ZCL_FAULT_EARLY_ACK},
	{"lose-carrier", ZCL_FAULT_LOSE_CARRIER},
	{"reuse-cookie", ZCL_FAULT_REUSE_COOKIE},
	{"retry-forever", ZCL_FAULT_RETRY_FOREVER},
	{"ignore-incarnation", ZCL_FAULT_IGNORE_INCARNATION},
	{"drop-waiting", ZCL_FAULT_DROP_WAITING},
	{"accept-duplicates", ZCL_FAULT_ACCEPT_DUPLICATES},
	{"wrong-inverse", ZCL_FAULT_WRONG_INVERSE},
	{"refuse-all", ZCL_FAULT_REFUSE_ALL},
	{"keep-mark", ZCL_FAULT_KEEP_MARK},
	{"forget-fallback", ZCL_FAULT_FORGET_FALLBACK},
	{"keep-stale", ZCL_FAULT_KEEP_STALE},
};

uint32_t zrace_fault_of(const char *name)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, name) == 0)
			return faults[i].bit;
	return 0;
}
#else
uint32_t zrace_fault_of(const char *name)
{
	(void)name;
	return 0;
}
#endif
