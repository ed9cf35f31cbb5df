/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TRACE_PCAP_H
#define TESTS_TRACE_PCAP_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* Makes captures for tests: TCP over IPv4 on a link of raw IP or PPP, as ns-3 writes them. */

enum pcap_link { PCAP_PPP = 9, PCAP_RAW = 101 };

struct pcap {
	GByteArray *bytes;
	enum pcap_link link;
	uint32_t packets; /* packet n is n milliseconds after the first */
	guint last;	  /* where the header of the last packet stands in bytes */
};

/* One TCP connection from 10.0.0.1:port to 10.0.0.2:5000. */
struct pcap_tcp {
	struct pcap *pcap;
	uint16_t port;
	uint32_t next[2]; /* sequence number of the next byte from: [0] 10.0.0.1, [1] 10.0.0.2 */
};

void pcap_init(struct pcap *pcap, enum pcap_link link);
/* Writes the file and forgets the bytes. */
void pcap_save(struct pcap *pcap, const char *path);

/* Captures the last packet without its last len bytes, as a short snapshot length does. */
void pcap_shorten(struct pcap *pcap, uint32_t len);

/* The three packets of the handshake. */
void pcap_connect(struct pcap_tcp *tcp, struct pcap *pcap, uint16_t port);
/* A segment that follows what side sent so far. */
void pcap_send(struct pcap_tcp *tcp, unsigned int side, const void *data, size_t len);
/* A segment at `offset` bytes from side's first one; leaves next alone. */
void pcap_send_at(struct pcap_tcp *tcp, unsigned int side, uint32_t offset, const void *data,
		  size_t len);
/* Lets next pass over bytes that are sent at other times, or never captured. */
void pcap_skip(struct pcap_tcp *tcp, unsigned int side, size_t len);
/* An empty segment that acknowledges all up to the other side's next. */
void pcap_ack(struct pcap_tcp *tcp, unsigned int side);

#endif
