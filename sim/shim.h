/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_SHIM_H
#define ZSIM_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A simulated IPv4 network and its TCP, in C: ns-3 behind it, no ns-3 type in sight.
 *
 * Hosts, one IPv4 address each, hang on point-to-point links off one router. Their TCP behaves as
 * Linux's does wherever a connection race looks at it: refusals, resets, closes with unread data,
 * half-open connections after a crash, timeouts.
 *
 * Rules. Times are int64 nanoseconds since the start of the simulation; addresses and ports are in
 * host byte order. Every callback runs from an event of its own: no function of this header ever
 * calls one before it returns, and callbacks come in the order in which their causes happened. Any
 * function may be called from a callback, except zsim_run_until and zsim_free. One simulation
 * lives at a time in a process, on one thread; any number may follow each other. The same calls
 * with the same configuration give the same events and pcaps, byte for byte, in the first
 * simulation of a process and in the thousandth.
 */
typedef struct zsim zsim;
typedef struct zsim_host zsim_host;
typedef struct zsim_event zsim_event;
typedef struct zsim_listener zsim_listener;
typedef struct zsim_tcp zsim_tcp;

/* ------------------------------------------------------------------ simulation and time */

/* A 0 stands for the default, in seed too (0 and 1 are different seeds all the same). */
struct zsim_config {
	uint64_t seed;	     /* of all that is random: losses, jitter */
	uint32_t mtu;	     /* IP bytes a packet, 576..65535; 1500. A segment is mtu - 52 */
	uint32_t sndbuf;     /* bytes a socket, 4096..2^28; 256 KiB. Above 1 MiB ns-3 gets slow */
	uint32_t rcvbuf;     /* bytes a socket, 4096..2^28; 256 KiB */
	uint32_t syn_tries;  /* SYNs sent before TIMEDOUT, at 0, 1, 3.. s, 1..16; 7, as Linux: 127 s
			      */
	uint32_t data_tries; /* retransmissions and probes before TIMEDOUT, 1..100; 15 */
};

/*
 * NULL with errno EINVAL when config (may be NULL: all defaults) is out of range, EBUSY while
 * another simulation lives. Free with zsim_free.
 */
zsim *zsim_new(const struct zsim_config *config);

/*
 * Frees the simulation with all hosts, listeners, connections and events; none of their pointers
 * may be used after. Nothing is called back. sim may be NULL.
 */
void zsim_free(zsim *sim);

/* Nanoseconds since the start. */
int64_t zsim_now(const zsim *sim);

/*
 * Calls fn(arg) at when_ns, after what was already due then; a time gone by means now. The event
 * is the caller's to cancel until it is called; then it is gone. Never NULL.
 */
zsim_event *zsim_at(zsim *sim, int64_t when_ns, void (*fn)(void *arg), void *arg);

/* Takes back an event that has not been called. event may be NULL. */
void zsim_cancel(zsim_event *event);

enum zsim_end {
	ZSIM_TIME,    /* when_ns reached, and more would happen after it */
	ZSIM_IDLE,    /* nothing is left that could happen */
	ZSIM_STOPPED, /* by zsim_stop */
};
#define ZSIM_FOREVER INT64_MAX

/*
 * Runs all that happens up to and at when_ns. After ZSIM_TIME the time is when_ns; after ZSIM_IDLE
 * and ZSIM_STOPPED it is that of the last thing that happened. A time gone by runs nothing.
 */
enum zsim_end zsim_run_until(zsim *sim, int64_t when_ns);

/* Makes zsim_run_until return after the present callback. */
void zsim_stop(zsim *sim);

/* ------------------------------------------------------------------ hosts and links */

/*
 * A host's link to the router, the same both ways. The path between two hosts takes the sum of
 * their latencies, and bytes are clocked out twice: by the sender at its bandwidth, by the router
 * at the receiver's. On the wire a packet is its IP bytes and 2 of framing.
 */
struct zsim_link {
	int64_t latency_ns;	/* one way, host to router, 0.. */
	int64_t jitter_ns;	/* up to so much more, drawn for each packet; none overtakes, 0.. */
	uint64_t bandwidth_bps; /* bits/s, 1.. */
	double loss;		/* of each packet, each way, 0..1 */
	uint32_t queue_packets; /* waiting in the router for this host; 0: 1000. The host's own
				   queue has no limit: a real host's sockets wait instead */
};

/*
 * Adds a host. NULL with errno EINVAL for an address that cannot be a host's (0/8, 127/8, 224/3)
 * or a link out of range, EEXIST when the address is taken. The simulation owns the host.
 */
zsim_host *zsim_host_add(zsim *sim, uint32_t ipv4, const struct zsim_link *link);

/* The address of the host. */
uint32_t zsim_host_ipv4(const zsim_host *host);

/*
 * Changes the link for packets from now on; those on the wire keep their time, so that a shorter
 * latency lets later ones overtake them. 0, or -1 with errno EINVAL.
 */
int zsim_host_set_link(zsim_host *host, const struct zsim_link *link);

/* While cut, every packet that arrives over the host's link, at either end, is lost. */
void zsim_host_partition(zsim_host *host, bool cut);

/*
 * While cut, every packet between the two hosts is lost: those that arrive at either of them with
 * the other's address as source.
 */
void zsim_path_partition(zsim_host *a, zsim_host *b, bool cut);

/* Of the packets that arrive at `to` from the other host, the number'th (from 1) is lost, once. */
void zsim_path_lose(zsim_host *from, zsim_host *to, uint32_t number);

/*
 * The host loses its power and comes back at once: its listeners close, its connections vanish
 * without a packet and without a callback; their handles stay to be destroyed. Peers learn of it
 * as in real life: a reset when they next send, or when the host connects from the same port.
 */
void zsim_host_crash(zsim_host *host);

/* Since the start; bytes are IP bytes. */
struct zsim_counters {
	uint64_t sent_packets, sent_bytes;	   /* put on the wire by the host */
	uint64_t received_packets, received_bytes; /* arrived at the host */
	uint64_t dropped_packets, dropped_bytes;   /* on its link: loss, partition, full queue */
};

void zsim_host_counters(const zsim_host *host, struct zsim_counters *counters);

/*
 * Writes what the host sends and receives to a pcap file at path, complete after zsim_free: link
 * type 101 (raw IPv4), nanosecond timestamps, true checksums. To be called before the first
 * zsim_run_until and before any connect, for checksums are switched on for all or none. 0, or -1
 * with errno EBUSY (too late), EEXIST (the host has one) or why the file cannot be written.
 */
int zsim_pcap(zsim *sim, zsim_host *host, const char *path);

/* ------------------------------------------------------------------ TCP */

enum zsim_reason {
	ZSIM_EOF,      /* the peer sends no more; this side still may */
	ZSIM_RESET,    /* ECONNRESET */
	ZSIM_REFUSED,  /* ECONNREFUSED: nobody listens there */
	ZSIM_TIMEDOUT, /* ETIMEDOUT: tries exhausted */
	ZSIM_LOCAL,    /* zsim_tcp_close is done: all sent bytes were acknowledged, or a RST went */
};

/* "eof", "reset", "refused", "timedout", "local". */
const char *zsim_reason_name(enum zsim_reason reason);

/*
 * What happens to a connection. Each may be NULL.
 *
 * readable and writable tell of a change, as edge-triggered epoll does: readable when bytes have
 * arrived (read until zsim_tcp_recv gives 0), writable when a send was cut short and a third of
 * the buffer is free again. connected implies writable.
 *
 * closed with ZSIM_EOF comes at most once, after the last readable; any other reason comes at most
 * once and is the last callback. Bytes that came before an end can still be read after it, also
 * before a reset: drain them before acting on it.
 */
struct zsim_tcp_ops {
	void (*connected)(zsim_tcp *tcp, void *user);
	void (*readable)(zsim_tcp *tcp, void *user);
	void (*writable)(zsim_tcp *tcp, void *user);
	void (*closed)(zsim_tcp *tcp, enum zsim_reason reason, void *user);
};

/* A connection was accepted. The callee owns tcp; it sets ops and user before it returns. */
typedef void (*zsim_accept_fn)(zsim_tcp *tcp, void *user);

/* Accepts connections to port, 1..65535. NULL with errno EINVAL or EADDRINUSE. */
zsim_listener *zsim_listen(zsim_host *host, uint16_t port, zsim_accept_fn accept, void *user);

/* Stops listening and frees the listener; what was not given to accept yet is reset. NULL: none. */
void zsim_listener_close(zsim_listener *listener);

/*
 * Connects from src_port (0: the next one from 49152 up) to a host; the SYN leaves now. ops are
 * copied and may be NULL. NULL with errno EADDRINUSE (src_port is taken, also by a connection in
 * TIME_WAIT, for 2 s), EADDRNOTAVAIL (no port left) or EINVAL (dst_port 0, the host itself).
 */
zsim_tcp *zsim_connect(zsim_host *host, uint16_t src_port, uint32_t dst_ipv4, uint16_t dst_port,
		       const struct zsim_tcp_ops *ops, void *user);

/*
 * Queues bytes and sends what windows allow, at once. Returns how many were taken, which may be
 * fewer than asked: 0 is "would block" (also before connected); writable follows. -1 with errno
 * EPIPE after a shutdown, close, abort or an end other than EOF. n is 1..1024; the bytes are
 * copied.
 */
ssize_t zsim_tcp_send(zsim_tcp *tcp, const struct iovec *iov, int n);

/* Takes up to size bytes; 0: none now, and after an end none ever. */
ssize_t zsim_tcp_recv(zsim_tcp *tcp, void *buf, size_t size);

/* Bytes that zsim_tcp_recv has to give; those that zsim_tcp_send would take. */
size_t zsim_tcp_unread(const zsim_tcp *tcp);
size_t zsim_tcp_space(const zsim_tcp *tcp);

/*
 * No more sends: the FIN leaves when all that was sent is acknowledged, so one round trip later
 * than Linux's when data is under way. Reading goes on.
 */
void zsim_tcp_shutdown(zsim_tcp *tcp);

/*
 * Closes as close(2) does: what was sent still arrives, then a FIN; but with unread bytes here, or
 * bytes that come later, a RST goes instead, and what is not on the wire is lost. From now on only
 * closed is called: LOCAL when all is done, RESET or TIMEDOUT when the connection died before.
 */
void zsim_tcp_close(zsim_tcp *tcp);

/* RST now (nothing is sent when not yet connected); no callback comes after. */
void zsim_tcp_abort(zsim_tcp *tcp);

/* Frees the handle; a connection that is still open is closed first, as zsim_tcp_close. */
void zsim_tcp_destroy(zsim_tcp *tcp);

/* Host byte order; also valid after an end. */
uint32_t zsim_tcp_local_ipv4(const zsim_tcp *tcp);
uint16_t zsim_tcp_local_port(const zsim_tcp *tcp);
uint32_t zsim_tcp_peer_ipv4(const zsim_tcp *tcp);
uint16_t zsim_tcp_peer_port(const zsim_tcp *tcp);

/* ops are copied; NULL: none. */
void zsim_tcp_set_ops(zsim_tcp *tcp, const struct zsim_tcp_ops *ops, void *user);
void zsim_tcp_set_user(zsim_tcp *tcp, void *user);
void *zsim_tcp_user(const zsim_tcp *tcp);

#ifdef __cplusplus
}
#endif

#endif
