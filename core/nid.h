/* SPDX-License-Identifier: MIT */
#ifndef ZCL_NID_H
#define ZCL_NID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/*
 * A node's name: net << 32 | address, net = type << 16 | number (wire notes 2).
 * "Higher NID" is the larger 64-bit integer.
 */
typedef uint64_t zcl_nid;

#define ZCL_NID_ANY    (~(zcl_nid)0)
#define ZCL_NET_TCP    2u
#define ZCL_NET_LO     9u
#define ZCL_NID_LO     ((zcl_nid)ZCL_NET_LO << 48)
#define ZCL_NID_STRLEN 40 /* enough for every text form, with the NUL */

/* addr: IPv4 as a host-order integer; number: 0..65535 of @tcpN. */
static inline zcl_nid zcl_nid_tcp(uint32_t addr, uint16_t number)
{
	return (zcl_nid)(ZCL_NET_TCP << 16 | number) << 32 | addr;
}

static inline uint32_t zcl_nid_addr(zcl_nid nid)
{
	return (uint32_t)nid;
}

static inline uint16_t zcl_nid_net_type(zcl_nid nid)
{
	return (uint16_t)(nid >> 48);
}

static inline uint16_t zcl_nid_net_number(zcl_nid nid)
{
	return (uint16_t)(nid >> 32);
}

/*
 * Parses "10.0.0.9@tcp", "10.0.0.9@tcp3", "0@lo" or "<any>". The whole text must be used.
 * ZCL_E_SYNTAX leaves *nid alone. Decimal octets 0..255, net number 0..65535, no leading zeros.
 */
enum zcl_err zcl_nid_parse(const char *text, zcl_nid *nid);

/* Writes the text form, always NUL-terminated within size; returns buf. "@tcp0" is written "@tcp".
 */
char *zcl_nid_format(zcl_nid nid, char *buf, size_t size);

#endif
