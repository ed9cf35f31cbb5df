/* SPDX-License-Identifier: MIT */
#ifndef ZREAL_PCAP_H
#define ZREAL_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Captures of script runs, written by the relay. What a real capture of these sockets would show is
 * each stream twice, between addresses and ports of the relay; here a peer's file shows what its
 * node sends and receives, at the NIDs' addresses and port 988, held messages when they pass. The
 * payload is what went through, byte for byte, with the script's times; IP and TCP around it are
 * made up so that a reader can follow. Raw IPv4 (link type 101), nanoseconds, true checksums.
 */
struct zpcap;

/* NULL with errno. */
struct zpcap *zpcap_new(const char *path);
/* NULL: none. A file that could not be written to its end is told on standard error. */
void zpcap_free(struct zpcap *pcap);

/* A TCP connection, [0] of the caller, [1] of the called. */
struct zpcap_flow {
	struct zpcap *file[2]; /* NULL: nothing is written */
	uint32_t address[2];
	uint16_t port[2];
	uint32_t sent[2];    /* sequence space that left this side, the SYN included */
	uint32_t arrived[2]; /* of that, what came to the other side */
	bool opened;	     /* the called has it in its file */
};

/* Times: ns since the start, that do not go back within a file. */

/* The caller's TCP is connected, to the relay; that of the called is (else: with the first byte).
 */
void zpcap_called(struct zpcap_flow *flow, int64_t now);
void zpcap_opened(struct zpcap_flow *flow, int64_t now);
/* Bytes leave side `from`; come to the other side. */
void zpcap_sent(struct zpcap_flow *flow, int from, int64_t now, const uint8_t *data, size_t len);
void zpcap_arrived(struct zpcap_flow *flow, int from, int64_t now, const uint8_t *data, size_t len);
/* The same of the end: a FIN, or a RST. */
void zpcap_end_sent(struct zpcap_flow *flow, int from, int64_t now, bool reset);
void zpcap_end_arrived(struct zpcap_flow *flow, int from, int64_t now, bool reset);

#endif
