/* SPDX-License-Identifier: MIT */
#include "core/nid.h"

#include <string.h>

#include <glib.h>

/* Eats a decimal number without leading zeros, at most max. */
static bool eat_number(const char **at, uint32_t max, uint32_t *value)
{
	const char *p = *at;
	uint32_t number = 0;

	if (!g_ascii_isdigit(*p))
		return false;
	if (*p == '0' && g_ascii_isdigit(p[1]))
		return false;
	for (; g_ascii_isdigit(*p); p++) {
		number = number * 10 + (uint32_t)(*p - '0');
		if (number > max) /* max is small: no overflow before this is seen */
			return false;
	}
	*at = p;
	*value = number;
	return true;
}

static bool eat_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool eat_address(const char **at, uint32_t *addr)
{
	*addr = 0;
	for (int i = 0; i < 4; i++) {
		uint32_t octet;

		if (i > 0 && !eat_char(at, '.'))
			return false;
		if (!eat_number(at, 255, &octet))
			return false;
		*addr = *addr << 8 | octet;
	}
	return true;
}

enum zcl_err zcl_nid_parse(const char *text, zcl_nid *nid)
{
	static const char net_name[] = "@tcp";
	uint32_t addr, number = 0;

	if (strcmp(text, "<any>") == 0) {
		*nid = ZCL_NID_ANY;
		return ZCL_OK;
	}
	if (strcmp(text, "0@lo") == 0) {
		*nid = ZCL_NID_LO;
		return ZCL_OK;
	}
	if (!eat_address(&text, &addr) || !g_str_has_prefix(text, net_name))
		return ZCL_E_SYNTAX;
	text += strlen(net_name);
	if (*text != '\0' && !eat_number(&text, G_MAXUINT16, &number))
		return ZCL_E_SYNTAX;
	if (*text != '\0')
		return ZCL_E_SYNTAX;
	*nid = zcl_nid_tcp(addr, (uint16_t)number);
	return ZCL_OK;
}

char *zcl_nid_format(zcl_nid nid, char *buf, size_t size)
{
	const uint32_t addr = zcl_nid_addr(nid);
	const unsigned int octets[4] = {addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255};
	const unsigned int type = zcl_nid_net_type(nid), number = zcl_nid_net_number(nid);
	char net[24];

	g_assert(size > 0);
	if (nid == ZCL_NID_ANY) {
		g_strlcpy(buf, "<any>", size);
		return buf;
	}
	if (nid == ZCL_NID_LO) {
		g_strlcpy(buf, "0@lo", size);
		return buf;
	}
	if (type != ZCL_NET_TCP)
		g_snprintf(net, sizeof(net), "<%u:%u>", type, number); /* not parsed back */
	else if (number == 0)
		g_strlcpy(net, "tcp", sizeof(net));
	else
		g_snprintf(net, sizeof(net), "tcp%u", number);
	g_snprintf(buf, size, "%u.%u.%u.%u@%s", octets[0], octets[1], octets[2], octets[3], net);
	return buf;
}
