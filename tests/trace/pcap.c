/* SPDX-License-Identifier: MIT */
#include "tests/trace/pcap.h"

#include <string.h>

#define IP_HEADER	20
#define TCP_HEADER	20
#define PASSIVE_PORT	5000
#define FIRST_SEQUENCE	1000
#define START_SECONDS	1700000000
#define MS_PER_S	1000
#define US_PER_MS	1000
#define SNAPSHOT_LENGTH 65535
#define PPP_IPV4	0x0021

enum { FLAG_SYN = 0x02, FLAG_PSH = 0x08, FLAG_ACK = 0x10 };

static void put_le(GByteArray *to, uint32_t v, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const uint8_t byte = (uint8_t)(v >> 8 * i);

		g_byte_array_append(to, &byte, 1);
	}
}

static void put_be(GByteArray *to, uint32_t v, size_t size)
{
	for (size_t i = size; i > 0; i--) {
		const uint8_t byte = (uint8_t)(v >> 8 * (i - 1));

		g_byte_array_append(to, &byte, 1);
	}
}

void pcap_init(struct pcap *pcap, enum pcap_link link)
{
	pcap->bytes = g_byte_array_new();
	pcap->link = link;
	pcap->packets = 0;
	put_le(pcap->bytes, 0xa1b2c3d4, 4);
	put_le(pcap->bytes, 2, 2);
	put_le(pcap->bytes, 4, 2);
	put_le(pcap->bytes, 0, 4);
	put_le(pcap->bytes, 0, 4);
	put_le(pcap->bytes, SNAPSHOT_LENGTH, 4);
	put_le(pcap->bytes, link, 4);
}

void pcap_save(struct pcap *pcap, const char *path)
{
	GError *error = NULL;

	if (!g_file_set_contents(path, (const char *)pcap->bytes->data, pcap->bytes->len, &error))
		g_error("%s", error->message);
	g_byte_array_unref(pcap->bytes);
}

void pcap_shorten(struct pcap *pcap, uint32_t len)
{
	const size_t captured_at = 8, packet_header = 16;
	const uint32_t captured = (uint32_t)(pcap->bytes->len - pcap->last - packet_header) - len;

	for (size_t i = 0; i < 4; i++)
		pcap->bytes->data[pcap->last + captured_at + i] = (uint8_t)(captured >> 8 * i);
	g_byte_array_set_size(pcap->bytes, pcap->bytes->len - len);
}

static void put_ip(GByteArray *to, unsigned int side, size_t len)
{
	put_be(to, 0x4500, 2);
	put_be(to, (uint32_t)(IP_HEADER + TCP_HEADER + len), 2);
	put_be(to, 0, 4);
	put_be(to, 0x4006, 2); /* TTL 64, TCP */
	put_be(to, 0, 2);      /* no checksum: as with offload */
	put_be(to, 0x0a000001 + side, 4);
	put_be(to, 0x0a000002 - side, 4);
}

static void segment(struct pcap_tcp *tcp, unsigned int side, uint32_t sequence, unsigned int flags,
		    const void *data, size_t len)
{
	struct pcap *pcap = tcp->pcap;
	GByteArray *to = pcap->bytes;
	const size_t link = pcap->link == PCAP_PPP ? 2 : 0;
	const uint32_t size = (uint32_t)(link + IP_HEADER + TCP_HEADER + len);

	pcap->last = to->len;
	put_le(to, START_SECONDS + pcap->packets / MS_PER_S, 4);
	put_le(to, pcap->packets % MS_PER_S * US_PER_MS, 4);
	put_le(to, size, 4);
	put_le(to, size, 4);
	if (pcap->link == PCAP_PPP)
		put_be(to, PPP_IPV4, 2);
	put_ip(to, side, len);
	put_be(to, side == 0 ? tcp->port : PASSIVE_PORT, 2);
	put_be(to, side == 0 ? PASSIVE_PORT : tcp->port, 2);
	put_be(to, sequence, 4);
	put_be(to, flags & FLAG_ACK ? tcp->next[!side] : 0, 4);
	put_be(to, 0x5000 | flags, 2);
	put_be(to, 65535, 2);
	put_be(to, 0, 4);
	g_byte_array_append(to, data, (guint)len);
	pcap->packets++;
}

void pcap_connect(struct pcap_tcp *tcp, struct pcap *pcap, uint16_t port)
{
	tcp->pcap = pcap;
	tcp->port = port;
	tcp->next[0] = tcp->next[1] = FIRST_SEQUENCE;
	segment(tcp, 0, tcp->next[0]++, FLAG_SYN, "", 0);
	segment(tcp, 1, tcp->next[1]++, FLAG_SYN | FLAG_ACK, "", 0);
	pcap_ack(tcp, 0);
}

void pcap_send(struct pcap_tcp *tcp, unsigned int side, const void *data, size_t len)
{
	segment(tcp, side, tcp->next[side], FLAG_PSH | FLAG_ACK, data, len);
	tcp->next[side] += (uint32_t)len;
}

void pcap_send_at(struct pcap_tcp *tcp, unsigned int side, uint32_t offset, const void *data,
		  size_t len)
{
	segment(tcp, side, FIRST_SEQUENCE + 1 + offset, FLAG_PSH | FLAG_ACK, data, len);
}

void pcap_skip(struct pcap_tcp *tcp, unsigned int side, size_t len)
{
	tcp->next[side] += (uint32_t)len;
}

void pcap_ack(struct pcap_tcp *tcp, unsigned int side)
{
	segment(tcp, side, tcp->next[side], FLAG_ACK, "", 0);
}
