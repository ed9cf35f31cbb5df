/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "real/pcap.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#define MAGIC_NS     0xa1b23c4du
#define LINK_RAW_IP  101u
#define SNAP_LENGTH  262144u
#define IP_SIZE	     20u
#define TCP_SIZE     20u
#define HEADERS	     (IP_SIZE + TCP_SIZE)
#define MAX_SEGMENT  32768u
#define IP_TCP	     6u
#define TIME_TO_LIVE 64u
#define NS_PER_S     INT64_C(1000000000)

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct zpcap {
	char *path;
	FILE *file;
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* The file's own header and those of its records are in this machine's order, as its magic says. */
static void write_words(struct zpcap *pcap, const uint32_t *words, size_t n)
{
	fwrite(words, sizeof(*words), n, pcap->file);
}

struct zpcap *zpcap_new(const char *path)
{
	/* magic, version 2.4, zone, accuracy, longest packet, link type */
	const uint16_t version[2] = {2, 4};
	uint32_t head[6] = {MAGIC_NS, 0, 0, 0, SNAP_LENGTH, LINK_RAW_IP};
	FILE *file = fopen(path, "wb");
	struct zpcap *pcap;

	if (!file)
		return NULL;
	pcap = g_new(struct zpcap, 1);
	*pcap = (struct zpcap){g_strdup(path), file};
	memcpy(&head[1], version, sizeof(version));
	write_words(pcap, head, G_N_ELEMENTS(head));
	return pcap;
}

void zpcap_free(struct zpcap *pcap)
{
	bool failed;

	if (!pcap)
		return;
	failed = ferror(pcap->file) != 0;
	failed |= fclose(pcap->file) != 0;
	if (failed)
		fprintf(stderr, "%s: the capture is not complete: %s\n", pcap->path,
			g_strerror(errno));
	g_free(pcap->path);
	g_free(pcap);
}

/* ---- packets ------------------------------------------------------------------------ */

static uint32_t sum16(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (len % 2)
		sum += (uint32_t)data[len - 1] << 8;
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

struct segment {
	unsigned flags;
	uint32_t seq, ack;
	const uint8_t *data;
	size_t len;
};

static void make_headers(const struct zpcap_flow *flow, int from, const struct segment *segment,
			 uint8_t *at)
{
	uint8_t *tcp = at + IP_SIZE;
	uint32_t sum;

	memset(at, 0, HEADERS);
	at[0] = 0x45; /* version 4, five words */
	put16(at + 2, (uint32_t)(HEADERS + segment->len));
	put16(at + 6, 0x4000); /* not to be fragmented */
	at[8] = TIME_TO_LIVE;
	at[9] = IP_TCP;
	put32(at + 12, flow->address[from]);
	put32(at + 16, flow->address[!from]);
	put16(at + 10, fold(sum16(0, at, IP_SIZE)));

	put16(tcp, flow->port[from]);
	put16(tcp + 2, flow->port[!from]);
	put32(tcp + 4, segment->seq);
	put32(tcp + 8, segment->flags & ACK ? segment->ack : 0);
	tcp[12] = 5 << 4; /* words */
	tcp[13] = (uint8_t)segment->flags;
	put16(tcp + 14, 0xffff); /* window */
	/* The pseudo header: addresses, protocol, length. */
	sum = sum16(0, at + 12, 8) + IP_TCP + (uint32_t)(TCP_SIZE + segment->len);
	sum = sum16(sum16(sum, tcp, TCP_SIZE), segment->data, segment->len);
	put16(tcp + 16, fold(sum));
}

/* A segment of side `from`, as side `at` sees it. */
static void write_segment(const struct zpcap_flow *flow, int at, int from, int64_t now,
			  const struct segment *segment)
{
	struct zpcap *pcap = flow->file[at];
	const uint32_t size = (uint32_t)(HEADERS + segment->len);
	const uint32_t head[4] = {(uint32_t)(now / NS_PER_S), (uint32_t)(now % NS_PER_S), size,
				  size};
	uint8_t headers[HEADERS];

	if (!pcap)
		return;
	make_headers(flow, from, segment, headers);
	write_words(pcap, head, G_N_ELEMENTS(head));
	fwrite(headers, 1, HEADERS, pcap->file);
	if (segment->len > 0)
		fwrite(segment->data, 1, segment->len, pcap->file);
}

/* ---- what happens ------------------------------------------------------------------- */

/* The three segments that open it, as one side sees them. */
static void write_opening(const struct zpcap_flow *flow, int at, int64_t now)
{
	write_segment(flow, at, 0, now, &(struct segment){.flags = SYN});
	write_segment(flow, at, 1, now, &(struct segment){.flags = SYN | ACK, .ack = 1});
	write_segment(flow, at, 0, now, &(struct segment){.flags = ACK, .seq = 1, .ack = 1});
}

void zpcap_called(struct zpcap_flow *flow, int64_t now)
{
	write_opening(flow, 0, now);
	for (int i = 0; i < 2; i++)
		flow->sent[i] = flow->arrived[i] = 1;
}

void zpcap_opened(struct zpcap_flow *flow, int64_t now)
{
	if (!flow->opened)
		write_opening(flow, 1, now);
	flow->opened = true;
}

void zpcap_sent(struct zpcap_flow *flow, int from, int64_t now, const uint8_t *data, size_t len)
{
	while (len > 0) {
		const size_t n = MIN(len, MAX_SEGMENT);

		write_segment(flow, from, from, now,
			      &(struct segment){PSH | ACK, flow->sent[from], flow->arrived[!from],
						data, n});
		flow->sent[from] += (uint32_t)n;
		data += n;
		len -= n;
	}
}

void zpcap_arrived(struct zpcap_flow *flow, int from, int64_t now, const uint8_t *data, size_t len)
{
	zpcap_opened(flow, now);
	while (len > 0) {
		const size_t n = MIN(len, MAX_SEGMENT);

		write_segment(flow, !from, from, now,
			      &(struct segment){PSH | ACK, flow->arrived[from],
						flow->arrived[!from], data, n});
		flow->arrived[from] += (uint32_t)n;
		data += n;
		len -= n;
	}
}

static unsigned end_flags(bool reset)
{
	return (reset ? RST : FIN) | ACK;
}

void zpcap_end_sent(struct zpcap_flow *flow, int from, int64_t now, bool reset)
{
	write_segment(flow, from, from, now,
		      &(struct segment){.flags = end_flags(reset),
					.seq = flow->sent[from],
					.ack = flow->arrived[!from]});
	flow->sent[from] += !reset;
}

void zpcap_end_arrived(struct zpcap_flow *flow, int from, int64_t now, bool reset)
{
	write_segment(flow, !from, from, now,
		      &(struct segment){.flags = end_flags(reset),
					.seq = flow->arrived[from],
					.ack = flow->arrived[!from]});
	flow->arrived[from] += !reset;
}
