/* SPDX-License-Identifier: MIT */
#include "scenarios/value.h"

#include <math.h>
#include <string.h>

#include "scenarios/ast.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit time_units[] = {{"ns", 1},  {"us", 1e3},   {"ms", 1e6},
					 {"s", 1e9}, {"min", 60e9}, {NULL, 0}};
static const struct unit size_units[] = {
	{"", 1},	 {"B", 1},	     {"kB", 1e3},	    {"MB", 1e6},
	{"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {NULL, 0}};
static const struct unit bandwidth_units[] = {
	{"bps", 1}, {"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}, {NULL, 0}};
static const struct unit percent_units[] = {{"%", 0.01}, {NULL, 0}};

/* Sign, digits, at most one point: nothing else that strtod would take. */
static bool parse_unit(const char *text, const struct unit *units, double *value)
{
	size_t sign = *text == '-' || *text == '+';
	size_t digits = strspn(text + sign, "0123456789.");
	char *end;
	double number;

	if (digits == 0 || digits > 18 || !g_ascii_isdigit(text[sign]))
		return false;
	number = g_ascii_strtod(text, &end);
	if (end != text + sign + digits)
		return false;
	for (; units->name; units++) {
		if (strcmp(units->name, end) != 0)
			continue;
		*value = number * units->factor;
		return true;
	}
	return false;
}

bool zrace_parse_time(const char *text, int64_t *ns)
{
	double value;

	if (strcmp(text, "0") == 0) {
		*ns = 0;
		return true;
	}
	if (!parse_unit(text, time_units, &value) || fabs(value) > (double)ZRACE_MAX_TIME)
		return false;
	*ns = llround(value);
	return true;
}

bool zrace_parse_size(const char *text, size_t *bytes)
{
	double value;

	if (!parse_unit(text, size_units, &value) || value < 0 || value > 1099511627776.0)
		return false;
	*bytes = (size_t)llround(value);
	return true;
}

bool zrace_parse_bandwidth(const char *text, uint64_t *bps)
{
	double value;

	if (!parse_unit(text, bandwidth_units, &value) || value < 1 || value > 1e15)
		return false;
	*bps = (uint64_t)llround(value);
	return true;
}

bool zrace_parse_percent(const char *text, double *fraction)
{
	double value;

	if (!parse_unit(text, percent_units, &value) || value < 0 || value > 1)
		return false;
	*fraction = value;
	return true;
}

bool zrace_parse_version(const char *text, uint32_t *version)
{
	if (strcmp(text, "v1") == 0)
		*version = ZCL_V1;
	else if (strcmp(text, "v2") == 0)
		*version = ZCL_V2;
	else
		return false;
	return true;
}

bool zrace_parse_count(const char *text, uint64_t first, uint64_t last, uint64_t *count)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, first, last, &value, NULL))
		return false;
	*count = value;
	return true;
}
