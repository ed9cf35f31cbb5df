/* SPDX-License-Identifier: MIT */
#ifndef TEST_SIM_SHIMNET_H
#define TEST_SIM_SHIMNET_H

#include <glib.h>

#include "sim/shim.h"

#define MS	  G_GINT64_CONSTANT(1000000)
#define SEC	  (1000 * MS)
#define ADDR(n)	  (0x0a000000u + (n))
#define PORT	  988
#define GBPS	  G_GUINT64_CONSTANT(1000000000)
#define ACK_BYTES 52 /* IP 20, TCP 20, timestamps 12 */

/* Two hosts; B listens. Each end notes what happens to it as words in a log. */
struct shimnet;

struct shimend {
	struct shimnet *net;
	const char *name;
	zsim_tcp *tcp;
	GByteArray *got;
	size_t to_send, sent; /* of the pattern */
	bool leave_unread;
	bool shutdown_at_once; /* when all is handed to TCP */
	bool destroy_at_end;
	int64_t ended; /* time of the last closed */
};

struct shimnet {
	zsim *sim;
	zsim_host *host[2];
	zsim_listener *listener;
	struct shimend a, b;
	GString *log;
	size_t accepted;
	bool inside; /* a function of the shim that must not call back */
};

/* 1 ms, 1 Gbit/s. */
extern const struct zsim_link shimnet_fast;
/* What an end does: notes, sends what it has to send, reads. The user is its struct shimend. */
extern const struct zsim_tcp_ops shimnet_ops;
/* The same for a listener, whose user is the net: the called end is B. */
void shimnet_on_accept(zsim_tcp *tcp, void *user);

/* Both hosts on such a link; NULL config: the shim's defaults. */
struct shimnet *shimnet_new(const struct zsim_config *config, const struct zsim_link *link);
/* One whose ends are connected (A from port 1023) and quiet, with an empty log. */
struct shimnet *shimnet_connected(void);
void shimnet_free(struct shimnet *net);

/* A calls B; port 0: any. */
void shimnet_dial(struct shimnet *net, uint16_t port);
/* Until nothing is left to happen. */
void shimnet_run(struct shimnet *net);

/* So many more bytes of the pattern, as TCP takes them. */
void shimnet_send(struct shimend *end, size_t size);
void shimnet_pump(struct shimend *end);
/* Reads all that is there. */
void shimnet_drain(struct shimend *end);
/* One more word in the log: "a:readable". */
void shimnet_note(struct shimend *end, const char *word);

void shimnet_expect(struct shimnet *net, const char *log);
/* All bytes that came are the pattern, and so many. */
void shimnet_expect_got(const struct shimend *end, size_t size);
/* No connection is left: the same ports can be used again, both ways. */
void shimnet_expect_reusable(struct shimnet *net);

/* ns for a packet from host to host: clocked out twice. */
int64_t shimnet_one_way(const struct zsim_link *link, uint64_t ip_bytes);
uint64_t shimnet_sent_packets(const zsim_host *host);
uint64_t shimnet_sent_bytes(const zsim_host *host);

#endif
