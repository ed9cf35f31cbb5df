/* SPDX-License-Identifier: MIT */
#ifndef ZRACE_POSSIBLE_H
#define ZRACE_POSSIBLE_H

#include <glib.h>

#include "core/event.h"

/*
 * Whether an event of this kind can ever have this value in this field: a slip of the pen in a
 * `never` would else be a test that cannot fail. values (empty before): the values that it can
 * have, for a message.
 */
bool zrace_value_possible(enum zcl_event_kind kind, const char *field, const char *value,
			  GString *values);

#endif
