/* SPDX-License-Identifier: MIT */
#ifndef ZCLND_H
#define ZCLND_H

/*
 * libzclnd: a peer of Lustre's socklnd protocol in a program of your own, in LNet's terms.
 *
 *   struct zclnd     an instance: one or more loops, each on a thread of its own
 *   struct zclnd_ni  a network interface (NI): one NID, its acceptor, its peers
 *   zclnd_attach     buffers that peers PUT into and GET from, at portal and match bits
 *   zclnd_put, _get, _ping    operations; each that is taken ends in exactly one final event
 *   struct zclnd_eq  a queue of events that any thread waits on; or a callback instead
 *
 * Order: zclnd_new, zclnd_ni_new for each NI, zclnd_start, ..., zclnd_stop, zclnd_free.
 *
 * Threads. Unless a function says otherwise it may be called from any thread, also from inside an
 * event callback, at any time between zclnd_start and zclnd_free. All connections of one peer are
 * on one loop, so the events of one peer come in order; those of different peers may come from
 * different threads at once.
 *
 * Times are nanoseconds, sizes bytes. Memory that is handed in is borrowed until the event that
 * says so; structures are copied. Protocol terms: HLD; "wire notes N": wire.md beside this
 * library's documentation.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZCLND_VERSION_MAJOR 0
#define ZCLND_VERSION_MINOR 1
#define ZCLND_VERSION_PATCH 0
#define ZCLND_VERSION_NUMBER                                                                       \
	(ZCLND_VERSION_MAJOR * 1000000 + ZCLND_VERSION_MINOR * 1000 + ZCLND_VERSION_PATCH)

#if defined(__GNUC__)
#define ZCLND_API __attribute__((visibility("default")))
#else
#define ZCLND_API
#endif

/* "0.1.0": of the library that is running, which may be newer than this header. */
ZCLND_API const char *zclnd_version(void);

/* ---- results ------------------------------------------------------------------------------ */

enum zclnd_err {
	ZCLND_OK = 0,

	/* A peer's bytes: its connection is closed. */
	ZCLND_E_BAD_MAGIC,	      /* neither a known HELLO nor an acceptor request */
	ZCLND_E_BAD_ACCEPTOR_VERSION, /* acceptor request of an unknown version */
	ZCLND_E_WRONG_NID,	      /* acceptor request or HELLO names another NID */
	ZCLND_E_UNKNOWN_VERSION,      /* HELLO of a version that is not spoken here */
	ZCLND_E_BAD_HELLO_TYPE,	      /* V1 HELLO whose LNet type is not HELLO */
	ZCLND_E_TOO_MANY_IPS,	      /* HELLO lists more addresses than allowed */
	ZCLND_E_ZERO_IP,	      /* HELLO lists the address 0.0.0.0 */
	ZCLND_E_ANY_NID,	      /* HELLO from the NID that means any */
	ZCLND_E_BAD_CTYPE,	      /* connection type out of range, or not the inverse of ours */
	ZCLND_E_BAD_KSM_TYPE,	      /* message that is neither NOOP nor LNET */
	ZCLND_E_BAD_CHECKSUM,	      /* message whose checksum is wrong */
	ZCLND_E_BAD_LNET_TYPE,	      /* LNet header of an unknown type */
	ZCLND_E_PAYLOAD_TOO_LONG,     /* payload above ZCLND_MTU */
	ZCLND_E_BAD_COOKIE,	      /* ZC-ACK for a cookie that is not outstanding */
	ZCLND_E_BAD_SRC_NID,	      /* message from another node than the HELLO's */
	ZCLND_E_BAD_DEST_NID,	      /* message for another node */

	/* The connection or the peer. */
	ZCLND_E_EOF,	     /* closed by the other side */
	ZCLND_E_RESET,	     /* reset by the other side */
	ZCLND_E_REFUSED,     /* nobody listens */
	ZCLND_E_UNREACHABLE, /* no route, or no attempt succeeded */
	ZCLND_E_TIMEDOUT,    /* no progress within its deadline */
	ZCLND_E_IO,	     /* the system failed in another way */
	ZCLND_E_RACE,	     /* lost the connection race */
	ZCLND_E_VERSION,     /* no version in common */
	ZCLND_E_FICKLE,	     /* the peer names another version at each call */
	ZCLND_E_STALE,	     /* the peer restarted */
	ZCLND_E_DUPLICATE,   /* the connection exists already */
	ZCLND_E_SHUTDOWN,    /* this side is stopping, or was not started */
	ZCLND_E_ABORTED,     /* ended by request of this side */

	/* The caller. */
	ZCLND_E_INVALID,   /* an argument out of its range, or a call at the wrong time */
	ZCLND_E_LIMIT,	   /* a limit is reached: try again after an event */
	ZCLND_E_NO_MATCH,  /* no buffer attached at portal and match bits */
	ZCLND_E_NOT_FOUND, /* no such peer or buffer */
	ZCLND_E_SYNTAX,	   /* text that does not parse */

	ZCLND_ERR_LAST /* one past the last; grows with the library */
};

/* A stable name ("timedout"). Never NULL; "unknown" out of range. */
ZCLND_API const char *zclnd_err_name(enum zclnd_err err);
/* One English clause without a full stop. Never NULL. */
ZCLND_API const char *zclnd_strerror(enum zclnd_err err);

#define ZCLND_ERROR_TEXT 256
/* Why something could not be set up, with what was asked for and the remedy. */
struct zclnd_error {
	enum zclnd_err err;
	char text[ZCLND_ERROR_TEXT];
};

/* ---- NIDs and addresses -------------------------------------------------------------------- */

/* A node's name: net << 32 | IPv4 address, both as host-order integers (wire notes 2). */
typedef uint64_t zclnd_nid;

#define ZCLND_NID_ANY	 (~(zclnd_nid)0)
#define ZCLND_NID_LO	 ((zclnd_nid)9 << 48) /* 0@lo, as it stands in answers to pings */
#define ZCLND_NID_STRLEN 40		      /* enough for every NID as text, with the NUL */

/* addr: IPv4, host order; number: of @tcpN. */
ZCLND_API zclnd_nid zclnd_nid_tcp(uint32_t addr, uint16_t number);
ZCLND_API uint32_t zclnd_nid_addr(zclnd_nid nid);
ZCLND_API uint16_t zclnd_nid_number(zclnd_nid nid);
/* "10.0.0.9@tcp3"; ZCLND_E_SYNTAX (also for what is no TCP NID) leaves *nid alone. */
ZCLND_API enum zclnd_err zclnd_nid_parse(const char *text, zclnd_nid *nid);
/* Always terminated within size (ZCLND_NID_STRLEN is enough); returns buf. */
ZCLND_API char *zclnd_nid_format(zclnd_nid nid, char *buf, size_t size);
/* The first IPv4 address of an interface that is up and not loopback, @tcp; else 127.0.0.1@tcp. */
ZCLND_API zclnd_nid zclnd_nid_default(void);

#define ZCLND_PORT	  988 /* where deployed nodes listen (wire notes 1) */
#define ZCLND_ADDR_STRLEN 32  /* enough for "255.255.255.255:65535", with the NUL */
/* "ADDR:PORT"; "ADDR" leaves *addr's port, ":PORT" its address. ZCLND_E_SYNTAX. */
ZCLND_API enum zclnd_err zclnd_addr_parse(const char *text, struct sockaddr_in *addr);
ZCLND_API char *zclnd_addr_format(const struct sockaddr_in *addr, char *buf, size_t size);

/* ---- an instance --------------------------------------------------------------------------- */

struct zclnd;
struct zclnd_ni;
struct zclnd_eq;

#define ZCLND_MAX_THREADS 64

struct zclnd_options {
	unsigned threads;  /* loops, 1 (default) .. ZCLND_MAX_THREADS */
	int64_t busy_poll; /* ns for which an idle loop looks again before it sleeps; 0 (default) */
};

ZCLND_API void zclnd_options_init(struct zclnd_options *options);

/* options may be NULL: defaults. NULL with *error (may be NULL). */
ZCLND_API struct zclnd *zclnd_new(const struct zclnd_options *options, struct zclnd_error *error);
/* Starts the threads: NIs listen and call from now on. Once. Signals are blocked on them. */
ZCLND_API enum zclnd_err zclnd_start(struct zclnd *z, struct zclnd_error *error);
/*
 * Ends in order: listeners close, then connections; what is under way ends with ZCLND_E_SHUTDOWN,
 * attached buffers with their UNLINK event. Returns when all events were delivered and the threads
 * are gone; inside an event callback it only begins this and returns at once. Twice: nothing.
 */
ZCLND_API void zclnd_stop(struct zclnd *z);
/* Stops, and frees the instance with its NIs (NULL: nothing). Not from an event callback. */
ZCLND_API void zclnd_free(struct zclnd *z);

/* ---- events -------------------------------------------------------------------------------- */

enum zclnd_event_kind {
	ZCLND_EV_SEND,	 /* a PUT's memory is its owner's again: the kernel let go of it and, where
			    the protocol asks for that, the peer has acknowledged it; or it failed */
	ZCLND_EV_ACK,	 /* the target took a PUT: mlength bytes of it */
	ZCLND_EV_REPLY,	 /* a GET or ping is answered or failed: mlength */
	ZCLND_EV_PUT,	 /* a PUT landed in an attached buffer */
	ZCLND_EV_GET,	 /* a GET read from an attached buffer; nothing reads there any more */
	ZCLND_EV_UNLINK, /* an attached buffer is its owner's again, without another operation */
};

struct zclnd_event {
	enum zclnd_event_kind kind;
	enum zclnd_err status;
	bool final;    /* SEND, ACK, REPLY: the submission is over; exactly one says so */
	bool unlinked; /* PUT, GET, UNLINK: the buffer is detached; exactly one says so */
	struct zclnd_ni *ni;
	zclnd_nid peer;
	uint32_t portal;
	uint64_t match_bits;
	uint64_t hdr_data; /* of a PUT */
	size_t offset;	   /* PUT, GET: where in the attached buffer */
	size_t rlength;	   /* bytes that were asked for */
	size_t mlength;	   /* bytes that were moved */
	uint64_t id;	   /* PUT, GET, UNLINK: the attachment */
	void *user;	   /* of the submission or the attachment */
};

/*
 * A queue of events. Final and unlinked events are always kept; of the others, which peers cause,
 * at most `capacity` wait, and what comes beyond is counted and lost. NULL: no descriptor left.
 */
ZCLND_API struct zclnd_eq *zclnd_eq_new(size_t capacity);
/* After zclnd_free of every instance that uses it. NULL: nothing. */
ZCLND_API void zclnd_eq_free(struct zclnd_eq *eq);
/* The next event, without waiting. False: there is none. */
ZCLND_API bool zclnd_eq_poll(struct zclnd_eq *eq, struct zclnd_event *event);
/* Waits for at most timeout ns (negative: for ever). False: none came. */
ZCLND_API bool zclnd_eq_wait(struct zclnd_eq *eq, struct zclnd_event *event, int64_t timeout);
/* Readable while an event waits, for poll and epoll; not to be read or closed. */
ZCLND_API int zclnd_eq_fd(const struct zclnd_eq *eq);
/* Events that were lost so far. */
ZCLND_API uint64_t zclnd_eq_lost(struct zclnd_eq *eq);

/* ---- traces -------------------------------------------------------------------------------- */

/* One protocol event (connect, hello-received, refuse, fallback, ...: see zclnd-race(5)). */
struct zclnd_trace;

ZCLND_API int64_t zclnd_trace_time(const struct zclnd_trace *trace); /* CLOCK_MONOTONIC, ns */
ZCLND_API zclnd_nid zclnd_trace_self(const struct zclnd_trace *trace);
/* ZCLND_NID_ANY while it is unknown. */
ZCLND_API zclnd_nid zclnd_trace_peer(const struct zclnd_trace *trace);
/*
 * The other end of the event's connection, else where its peer is called. False: neither is known
 * (any more). Walks all connections of the peer's loop.
 */
ZCLND_API bool zclnd_trace_remote(const struct zclnd_trace *trace, struct sockaddr_in *addr);
ZCLND_API const char *zclnd_trace_name(const struct zclnd_trace *trace);
/* A field as text; false when no event has such a field. "" when it does not apply. */
ZCLND_API bool zclnd_trace_field(const struct zclnd_trace *trace, const char *field, char *buf,
				 size_t size);
/* The names of all fields, NULL-terminated. */
ZCLND_API const char *const *zclnd_trace_fields(void);

/* ---- network interfaces -------------------------------------------------------------------- */

enum zclnd_accept {
	ZCLND_ACCEPT_ALL,    /* callers from any source port */
	ZCLND_ACCEPT_SECURE, /* only from reserved ports, as deployed nodes do (default) */
};

enum zclnd_way {
	ZCLND_WAY_COPY,	    /* the kernel copies */
	ZCLND_WAY_ZEROCOPY, /* MSG_ZEROCOPY, where the socket has it */
	ZCLND_WAY_SPLICE,   /* pages of registered memory are lent, where a ZC-ACK (V2) will tell
			       that they are free; else the kernel copies */
	ZCLND_WAY_AUTO,	    /* what gains most, from what is observed (default) */
	ZCLND_WAY_LAST
};

/* When a call leaves from a reserved port (1023 down to 512), if that is permitted. */
enum zclnd_reserved {
	ZCLND_RESERVED_AUTO,   /* to port 988, where deployed nodes listen (default) */
	ZCLND_RESERVED_ALWAYS, /* to every port: deployed nodes that listen elsewhere */
	ZCLND_RESERVED_NEVER,
	ZCLND_RESERVED_LAST
};

/* What happens outside of the protocol and is worth a line in a log. */
enum zclnd_note {
	ZCLND_NOTE_UNRESERVED, /* a caller closed by accept=secure */
	ZCLND_NOTE_LIMIT,      /* a caller closed at a limit */
	ZCLND_NOTE_FILES, /* a caller closed, or waiting, for want of descriptors; no address */
	ZCLND_NOTE_NOT_PERMITTED, /* a call leaves from an ordinary port: reserved ones need
				     CAP_NET_BIND_SERVICE */
	ZCLND_NOTE_PORTS_IN_USE,  /* ... since all reserved ones are taken */
};

/* Never NULL; "copy", "zerocopy", "splice", "auto". */
ZCLND_API const char *zclnd_way_name(enum zclnd_way way);
/* ZCLND_E_SYNTAX leaves *way alone. */
ZCLND_API enum zclnd_err zclnd_way_parse(const char *text, enum zclnd_way *way);

struct zclnd_ni_options {
	zclnd_nid nid;
	/* The acceptor. */
	bool listens;
	struct sockaddr_in listen; /* default: the NID's address, ZCLND_PORT; port 0: any. NIs with
				      the same address and port share it. */
	int listen_fd; /* a socket that listens already (socket activation), which the NI
			  takes over; -1 (default): none */
	enum zclnd_accept accept;
	int64_t accept_timeout; /* for a caller to say who it is */
	size_t max_handshakes;	/* callers that have not said yet */
	/* The protocol. */
	unsigned version; /* the best that is spoken, 1 or 2 (default) */
	bool typed;    /* CONTROL, BULK_IN and BULK_OUT per peer (default), else one connection */
	bool checksum; /* send checksums; they are always checked */
	bool zc_requests;     /* ask for ZC-ACKs (default) */
	uint64_t incarnation; /* 0 (default): chosen at zclnd_ni_new from the clock */
	enum zclnd_way way;
	size_t min_bulk;	 /* from here a message prefers a bulk connection */
	size_t zc_min;		 /* from here a payload is sent zero-copy */
	unsigned conns_per_peer; /* typed: BULK_IN and BULK_OUT, so many of each, 1 (default) to 64,
				    are opened, and accepted */
	int64_t min_reconnect, max_reconnect; /* between attempts, doubled at each failure */
	int64_t socket_timeout;		      /* without progress, or for a missing ZC-ACK */
	unsigned keepalive; /* seconds of silence after which TCP asks whether the peer is there
			       (30); 0: never */
	/* Peers. */
	uint16_t peer_port;    /* where those listen that have no address of their own set */
	struct in_addr source; /* where calls come from; 0 (default): the address listened at, else
				  the NID's when this machine has it, else the kernel's choice */
	enum zclnd_reserved reserved;
	bool only_known_peers; /* call only peers of zclnd_peer_set; others are unreachable */
	/* Limits, per loop; at each a submission fails with ZCLND_E_LIMIT. */
	size_t max_peers;    /* beyond, one that is idle is forgotten for a new one */
	size_t max_queued;   /* messages under way per peer */
	size_t max_ops;	     /* PUTs and GETs under way */
	size_t max_attached; /* buffers attached at a time, of the whole NI */
	/*
	 * What waits to be sent to one peer because it asked: REPLYs, LNet ACKs, ZC-ACKs (16384),
	 * and their bytes (1 GiB). A peer that asks for more and does not read is cut off: its
	 * connections are closed with ZCLND_E_LIMIT.
	 */
	size_t max_answers, max_answer_bytes;
	/*
	 * Where events go: on_event on the loop's thread, outside of the protocol, so that it may
	 * submit, attach, detach and stop; it must not wait. Or eq, which outlives the NI. Or
	 * neither.
	 */
	void (*on_event)(void *user, const struct zclnd_event *event);
	struct zclnd_eq *eq;
	/* On the loop's thread from inside the protocol: must not call any function of an instance.
	 */
	void (*trace)(void *user, const struct zclnd_trace *trace);
	bool trace_conns_only; /* it hears of connections, not of each message */
	/* Likewise. addr: of the caller, or of who is called; may be NULL. */
	void (*note)(void *user, enum zclnd_note note, const struct sockaddr_in *addr);
	void *user;	  /* of all callbacks */
	void *trace_user; /* of trace; NULL: user */
};

/* Deployed defaults (wire notes 1). */
ZCLND_API void zclnd_ni_options_init(struct zclnd_ni_options *options, zclnd_nid nid);
/* Before zclnd_start, by one thread. NULL with *error (may be NULL). Lives until zclnd_free. */
ZCLND_API struct zclnd_ni *zclnd_ni_new(struct zclnd *z, const struct zclnd_ni_options *options,
					struct zclnd_error *error);
ZCLND_API zclnd_nid zclnd_ni_nid(const struct zclnd_ni *ni);
ZCLND_API struct zclnd *zclnd_ni_instance(const struct zclnd_ni *ni);
/* Where it listens, with the real port; all zero when it does not. */
ZCLND_API struct sockaddr_in zclnd_ni_address(const struct zclnd_ni *ni);

/* ---- peers --------------------------------------------------------------------------------- */

/* Where a peer listens, instead of its NID's address at peer_port. Also before zclnd_start. */
ZCLND_API enum zclnd_err zclnd_peer_set(struct zclnd_ni *ni, zclnd_nid peer,
					const struct sockaddr_in *addr);
/* Wants the peer's connections and keeps trying; operations do that by themselves. */
ZCLND_API enum zclnd_err zclnd_peer_connect(struct zclnd_ni *ni, zclnd_nid peer);
/* Closes its connections; what waits for them fails with ZCLND_E_ABORTED. */
ZCLND_API enum zclnd_err zclnd_peer_disconnect(struct zclnd_ni *ni, zclnd_nid peer);

struct zclnd_peer_info {
	unsigned version;     /* remembered for calling it; 0: none yet */
	uint64_t incarnation; /* 0: unknown */
	bool connecting;
	size_t conns_up;
	size_t waiting;	    /* messages that wait for a connection */
	size_t zc_requests; /* not acknowledged yet */
};
/*
 * Waits for the peer's loop. ZCLND_E_NOT_FOUND: nothing was ever said to or by it. ZCLND_E_INVALID
 * from an event callback on another loop than the peer's.
 */
ZCLND_API enum zclnd_err zclnd_peer_info(struct zclnd_ni *ni, zclnd_nid peer,
					 struct zclnd_peer_info *info);
/*
 * Which loop, 0 .. threads - 1, the connections and events of a peer are on; the same whichever of
 * both NIDs is which. Needs no instance.
 */
ZCLND_API unsigned zclnd_peer_loop(zclnd_nid self, zclnd_nid peer, unsigned threads);

/* ---- buffers that peers put into and get from ----------------------------------------------- */

#define ZCLND_PORTALS 64
#define ZCLND_MAX_IOV 16
#define ZCLND_MTU     ((size_t)1 << 20) /* most bytes of one PUT or GET */

enum zclnd_md_options {
	ZCLND_MD_PUT = 1 << 0, /* PUTs may land here */
	ZCLND_MD_GET = 1 << 1, /* GETs may read here */
	ZCLND_MD_TRUNCATE =
		1 << 2, /* take the part that fits; else what is longer does not match */
	ZCLND_MD_REMOTE_OFFSET = 1 << 3, /* the peer's offset counts; else each operation starts
					    where the one before ended */
	ZCLND_MD_NO_ACK = 1 << 4,	 /* send no LNet ACK even when the peer wants one */
};

struct zclnd_attach {
	uint32_t portal; /* 0 .. ZCLND_PORTALS - 1 */
	uint64_t match_bits;
	uint64_t ignore_bits;	 /* bits that need not match */
	zclnd_nid peer;		 /* only from this NID; ZCLND_NID_ANY: from all */
	uint32_t options;	 /* enum zclnd_md_options */
	uint32_t threshold;	 /* operations until it is detached by itself; 0: no end */
	const struct iovec *iov; /* the array is copied */
	size_t niov;		 /* <= ZCLND_MAX_IOV; 0: a sink, with ZCLND_MD_TRUNCATE */
	void *user;		 /* comes back in events */
};

/*
 * Buffers are tried in the order in which they were attached. The memory must live until the event
 * that says `unlinked`, of which each attachment that was taken has exactly one. *id (may be NULL)
 * is never 0. Also before zclnd_start. Whatever is said to a peer, or received, after this returned
 * finds the buffer. Any memory will do; what begins where a page does is received into fastest, and
 * a few bytes behind that, as malloc has its large pieces, slowest. ZCLND_E_INVALID, ZCLND_E_LIMIT,
 * ZCLND_E_SHUTDOWN.
 */
ZCLND_API enum zclnd_err zclnd_attach(struct zclnd_ni *ni, const struct zclnd_attach *attach,
				      uint64_t *id);
/*
 * Asks for the end of an attachment: no further operation starts on it, and an event says
 * `unlinked` when those that are in the middle of it are over. One that is already ending, or
 * ended: nothing happens. ZCLND_E_INVALID (an id that was never given).
 */
ZCLND_API enum zclnd_err zclnd_detach(struct zclnd_ni *ni, uint64_t id);
/* On a lazy portal a PUT without a matching buffer waits instead of being dropped. */
ZCLND_API enum zclnd_err zclnd_portal_set_lazy(struct zclnd_ni *ni, uint32_t portal, bool lazy);

/* ---- registered memory ---------------------------------------------------------------------- */

/*
 * Whole pages of which bulk is sent without a copy, by lending them to the kernel (splice), also
 * over loopback; other memory never is, however well it is aligned. Any part of it may be used for
 * any message, by any NI of the process, as other memory may: to send from, to attach, to receive
 * into. When a connection breaks with pages lent, the library puts other ones with the same content
 * in their place before the memory is its owner's again: whoever reads the old ones late does not
 * see what is written next. Functions: any thread, at any time, from before zclnd_new on.
 */
struct zclnd_mem;

/*
 * New memory, zeroed, size above 0. From half a huge page on (1 MiB) it takes whole huge pages
 * where the system has them, and one piece of many messages is cheaper to send from than many
 * pieces. NULL with *error (may be NULL): ZCLND_E_INVALID, ZCLND_E_IO.
 */
ZCLND_API struct zclnd_mem *zclnd_mem_new(size_t size, struct zclnd_error *error);
/*
 * A shared mapping of a regular file: `length` bytes that it has from `offset` on, a multiple of
 * the page size. fd may be closed afterwards. Opened for reading: the memory is read-only, and
 * nobody may write to these bytes of the file until the memory is freed. Opened for reading and
 * writing: so is the memory. Its file system must allow what detaching needs (O_DIRECT; on tmpfs
 * holes, during which other threads read zeros for a moment), else the memory is used but not lent:
 * zclnd_mem_lends tells. Sending what is not in the page cache waits for the disk, and its loop
 * with it. NULL with *error: ZCLND_E_INVALID, ZCLND_E_IO.
 */
ZCLND_API struct zclnd_mem *zclnd_mem_from_fd(int fd, uint64_t offset, size_t length,
					      struct zclnd_error *error);
/*
 * Private anonymous memory of the caller's, in whole pages (addr and length are multiples of the
 * page size), is given over until zclnd_mem_free: the library may put other pages in the place of
 * its own, and what madvise and mlock said of those is lost. NULL with *error: ZCLND_E_INVALID.
 */
ZCLND_API struct zclnd_mem *zclnd_mem_give(void *addr, size_t length, struct zclnd_error *error);
/* Page-aligned; until zclnd_mem_free. */
ZCLND_API void *zclnd_mem_data(const struct zclnd_mem *mem);
ZCLND_API size_t zclnd_mem_size(const struct zclnd_mem *mem);
/* Whether its pages can be lent. */
ZCLND_API bool zclnd_mem_lends(const struct zclnd_mem *mem);
/* When nothing of it is under way or attached. NULL: nothing. */
ZCLND_API void zclnd_mem_free(struct zclnd_mem *mem);

/* ---- operations ----------------------------------------------------------------------------- */

struct zclnd_put {
	zclnd_nid target;
	uint32_t portal;
	uint64_t match_bits;
	uint64_t hdr_data;
	uint32_t offset;	 /* counts at buffers with ZCLND_MD_REMOTE_OFFSET */
	const struct iovec *iov; /* the array is copied; the memory is borrowed until ..._EV_SEND */
	size_t niov;		 /* <= ZCLND_MAX_IOV, together <= ZCLND_MTU bytes */
	bool want_ack;		 /* then ..._EV_ACK comes too; the later is final */
	void *user;		 /* comes back in events */
};

struct zclnd_get {
	zclnd_nid target;
	uint32_t portal;
	uint64_t match_bits;
	uint32_t src_offset;
	const struct iovec *iov; /* the sink: array copied, memory borrowed until ..._EV_REPLY */
	size_t niov;
	void *user;
};

/*
 * Submit. ZCLND_OK: taken, exactly one final event will come, for which the peer may be dead or the
 * instance stopped meanwhile. Anything else: nothing happened, no event comes: ZCLND_E_INVALID,
 * ZCLND_E_LIMIT (try again after an event), ZCLND_E_SHUTDOWN. A limit that is met only on the
 * peer's loop comes as the status of the final event. There is no lock and no allocation on the
 * way; submissions of one thread to one peer go out in their order.
 */
ZCLND_API enum zclnd_err zclnd_put(struct zclnd_ni *ni, const struct zclnd_put *put);
ZCLND_API enum zclnd_err zclnd_get(struct zclnd_ni *ni, const struct zclnd_get *get);

#define ZCLND_PING_MAX_NIS 16
#define ZCLND_NI_UP	   0x15aac0deu
#define ZCLND_NI_DOWN	   0xdeadfaceu

struct zclnd_ping_info {
	uint32_t features;
	uint32_t pid;
	uint32_t nnis; /* entries below; the first is 0@lo, whose status means nothing */
	struct {
		zclnd_nid nid;
		uint32_t status; /* ZCLND_NI_UP, ZCLND_NI_DOWN */
	} ni[ZCLND_PING_MAX_NIS];
};

/*
 * Asks a peer for its NIs (wire notes 8). *info is borrowed until the final event, a REPLY, and
 * filled in when its status is ZCLND_OK.
 */
ZCLND_API enum zclnd_err zclnd_ping(struct zclnd_ni *ni, zclnd_nid target,
				    struct zclnd_ping_info *info, void *user);

/* ---- statistics ----------------------------------------------------------------------------- */

#define ZCLND_STATS_MAX 96

/* Counters of one NI since its start, by number; what each is, its name says. */
struct zclnd_stats {
	size_t n;
	uint64_t value[ZCLND_STATS_MAX];
};

/* Waits for all loops. ZCLND_E_INVALID from an event callback when there is more than one loop. */
ZCLND_API enum zclnd_err zclnd_ni_stats(struct zclnd_ni *ni, struct zclnd_stats *stats);
/* "messages_sent", ...; NULL from the number of counters on. */
ZCLND_API const char *zclnd_stats_name(size_t number);
/* One sentence. NULL from the number of counters on. */
ZCLND_API const char *zclnd_stats_help(size_t number);
/* False for one that says how much there is now, and may fall. */
ZCLND_API bool zclnd_stats_is_counter(size_t number);
/* By name; 0 for a name that is none. */
ZCLND_API uint64_t zclnd_stats_get(const struct zclnd_stats *stats, const char *name);

#ifdef __cplusplus
}
#endif

#endif
