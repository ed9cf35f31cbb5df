#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A node that behaves as a deployed kernel node of V1, V2 or V3 does, for tests of zclnd against
somebody else's reading of the wire notes. One thread per connection; every wait is bounded.

usage: node.py ADDRESS PORT VERSION      accepts everybody, answers pings, takes PUTs, until killed
"""
import itertools
import os
import select
import socket
import struct
import sys
import threading
import time

import ksock
from ksock import ANY, BULK_IN, BULK_OUT, CONTROL, NONE, Hello, Message

# Seconds until something that should happen is taken not to happen.
PATIENCE = float(os.environ.get("INTEROP_PATIENCE", "30"))


class Closed(Exception):
    """The other side is gone: how is "eof" or "reset"; data: what came of an unfinished read."""

    def __init__(self, how, data=b""):
        super().__init__(f"closed: {how}" + (f" after {data.hex()}" if data else ""))
        self.how, self.data = how, data


class Refused(Exception):
    """A HELLO of type NONE came."""

    def __init__(self, hello, how):
        super().__init__(f"refused by {hello}, then {how}")
        self.hello, self.how = hello, how


class Conn:
    """One TCP connection: exact reads, writes of every cut, messages of its version."""

    def __init__(self, sock, version=2, order="<", with_checksum=False):
        self.sock, self.version, self.order = sock, version, order
        self.with_checksum = with_checksum
        self.peer_order = "<"
        self.ctype = NONE           # this side's view
        self.hello = None           # the peer's
        self.active = False
        self.slow = False           # write byte by byte
        self.served = False         # a thread reads it, and closes it
        self.closed = False         # here
        self.lock = threading.Lock()
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __repr__(self):
        return f"<{'active' if self.active else 'passive'} {ksock.CTYPES[self.ctype]}>"

    def recv(self, n):
        data = bytearray()
        while len(data) < n:
            try:
                part = self.sock.recv(n - len(data))
            except (ConnectionResetError, BrokenPipeError):
                raise Closed("reset", bytes(data)) from None
            if not part:
                raise Closed("eof", bytes(data))
            data += part
        return bytes(data)

    def send(self, data):
        step = 1 if self.slow else max(len(data), 1)
        try:
            with self.lock:
                for at in range(0, len(data), step):
                    self.sock.sendall(data[at:at + step])
        except (ConnectionResetError, BrokenPipeError):
            raise Closed("reset") from None

    def pack(self, *messages):
        return b"".join(ksock.pack_message(m, self.version, self.order, self.with_checksum)
                        for m in messages)

    def send_message(self, *messages):
        """All in one write."""
        self.send(self.pack(*messages))

    def noop(self, ack, req=0):
        self.send_message(Message(req=req, ack=ack))

    def message(self):
        return ksock.read_message(self.recv, self.version, self.peer_order)

    def is_silent(self):
        """Nothing has come that is not read yet."""
        return not select.select([self.sock], [], [], 0)[0]

    def end(self):
        """How the other side closes: "eof" or "reset". Anything else that comes is an error."""
        try:
            data = self.recv(1)
        except Closed as closed:
            return closed.how
        raise AssertionError(f"{data.hex()} came where the end should have come")

    def vanish(self):
        """Gone without a word, as when a host loses its power: needs CAP_NET_ADMIN."""
        tcp_repair = 19
        self.sock.setsockopt(socket.IPPROTO_TCP, tcp_repair, 1)
        self.sock.close()

    def close(self, reset=False):
        """Ends it. A thread that reads closes the socket itself: its number may be another
        connection's as soon as it is free, and the thread would read from that."""
        self.closed = True
        try:
            if reset:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack("ii", 1, 0))
            if self.served or not reset:
                # Wakes a thread that reads; of SHUT_RD the other side sees nothing.
                self.sock.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
        except OSError:
            # Ended already, by the other side or by the thread that reads.
            pass
        if not self.served:
            self.sock.close()


class Node:
    """One NI. `best` is the highest version that it speaks, `refuses` how it answers a higher one:
    "reply" with its own HELLO of type NONE, "abort" without a word, as before 2007."""

    def __init__(self, address, best=2, order="<", with_checksum=False, refuses="reply",
                 incarnation=None, port=0, secure=False):
        self.address, self.nid = address, ksock.nid(address)
        self.best, self.order, self.with_checksum = best, order, with_checksum
        self.refuses, self.secure = refuses, secure
        self.incarnation = incarnation or time.time_ns()
        self.changed = threading.Condition(threading.RLock())
        self.calls = []             # (version, ctype of the caller, what became of it)
        self.sources = []           # ports that callers came from
        self.conns = []             # up
        self.ended = []             # (conn, how)
        self.received = []          # (conn, message) of LNET messages
        self.acks = []              # cookies that came back, in order
        self.errors = []
        self.incarnations = {}      # of peers
        self.versions = {}          # to call peers with
        self.connecting = set()     # NIDs
        self.next_cookie = ksock.FIRST_COOKIE
        self.asked = set()          # cookies of which no ACK has come
        self.handles = itertools.count(1)
        self.closed = False
        self.listener = socket.create_server((address, port), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def where(self):
        return f"{self.address}:{self.port}"

    def text(self):
        return ksock.nid_text(self.nid)

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.changed:
            self.closed = True
            conns = list(self.conns)
        for conn in conns:
            conn.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait(self, what, condition):
        """Until condition() is true, which it must become."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.errors or condition(), PATIENCE):
                raise AssertionError(f"waited in vain for {what}: {self.calls}, {self.acks}")
            if self.errors:
                raise self.errors[0]

    def note(self, where, what):
        with self.changed:
            where.append(what)
            self.changed.notify_all()

    def hello(self, version, ctype, peer):
        return Hello(version, self.nid, ctype, self.incarnation, peer, order=self.order)

    # ---- the active side ------------------------------------------------------------------

    def open(self, where, order=None, port=0):
        """TCP to "ADDR:PORT", from this node's address."""
        address, _, number = where.rpartition(":")
        sock = socket.create_connection((address, int(number)), PATIENCE, (self.address, port))
        conn = Conn(sock, self.best, order or self.order, self.with_checksum)
        conn.active = True
        return conn

    def call(self, peer, where, ctype=CONTROL, version=None, slow=False):
        """One attempt. A Conn that is up, else Refused or Closed."""
        version = version or self.versions.get(peer, self.best)
        conn = self.open(where)
        conn.version, conn.slow = version, slow
        conn.send(ksock.accept_request(peer, self.order) + self.hello(version, ctype, peer).pack())
        conn.hello = ksock.read_hello(conn.recv)
        conn.peer_order = conn.hello.order
        if conn.hello.ctype == NONE:
            how = conn.end()
            conn.close()
            raise Refused(conn.hello, how)
        conn.ctype = ctype
        got = (conn.hello.version, conn.hello.src_nid, conn.hello.ctype)
        if got != (version, peer, ksock.INVERSE[ctype]):
            raise ksock.ProtocolError(f"answer {conn.hello}")
        self.incarnations[peer] = conn.hello.incarnation
        return conn

    def attempt(self, peer, where, ctype):
        """One connection, with the fallbacks of a deployed node."""
        while True:
            version = self.versions.get(peer, self.best)
            try:
                return self.call(peer, where, ctype, version)
            except Refused as refused:
                if refused.hello.version == version:
                    raise
                self.versions[peer] = refused.hello.version
            except Closed:
                if version == 1:
                    raise
                self.versions[peer] = 1

    def connect(self, peer, where, ctypes=(CONTROL, BULK_IN, BULK_OUT)):
        """The set, in order; each is served as it is up. {ctype: Conn}."""
        conns = {}
        with self.changed:
            self.connecting.add(peer)
        try:
            for ctype in ctypes:
                conns[ctype] = self.attempt(peer, where, ctype)
                self.serve(conns[ctype])
        finally:
            with self.changed:
                self.connecting.discard(peer)
        return conns

    def serve(self, conn):
        conn.served = True
        self.note(self.conns, conn)
        threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    # ---- the passive side -----------------------------------------------------------------

    def _accept(self):
        while True:
            try:
                sock, source = self.listener.accept()
            except OSError:
                return
            self.note(self.sources, source[1])
            if self.secure and source[1] > 1023:
                sock.close()
                continue
            threading.Thread(target=self._called, args=(Conn(sock, order=self.order),),
                             daemon=True).start()

    def _called(self, conn):
        try:
            self.answer(conn)
        except Closed:
            conn.close()
        except Exception as error:      # told to whoever waits
            self.note(self.errors, error)
            conn.close(reset=True)

    def refuse_version(self, conn, version):
        # What the caller sent is there and stays unread: our close is a reset.
        conn.sock.recv(1, socket.MSG_PEEK)
        # Noted before the caller can know.
        self.note(self.calls, (version, None, "version"))
        if self.refuses == "reply":
            conn.send(self.hello(self.best, NONE, self.nid).pack())
        conn.sock.close()

    def refuse(self, conn, hello, why):
        self.note(self.calls, (hello.version, hello.ctype, why))
        conn.send(self.hello(hello.version, NONE, hello.src_nid).pack())
        conn.close(reset=True)

    def decide(self, hello):
        """None, or why the caller is refused."""
        peer = hello.src_nid
        if peer in self.connecting and peer < self.nid:
            return "race"
        live = [c for c in self.conns if c.hello.src_nid == peer]
        known = self.incarnations.get(peer)
        self.incarnations[peer] = hello.incarnation
        # One peer, one start of it, one version.
        if live and (known, live[0].version) != (hello.incarnation, hello.version):
            for conn in live:
                conn.close()
            return "stale"
        if any(c.ctype == ksock.INVERSE[hello.ctype] for c in live):
            return "duplicate"
        return None

    def answer(self, conn):
        request = conn.recv(16)
        order = ksock.order_of(request[:4], ksock.ACCEPTOR_MAGIC)
        version, target = struct.unpack(order + "IQ", request[4:])
        if version != 1:
            conn.send(ksock.accept_request(0, self.order))
            conn.close()
            return
        if target != self.nid:
            raise ksock.ProtocolError(f"called as {ksock.nid_text(target)}")
        first = conn.recv(8)
        version, _ = ksock.hello_version(first)
        if version > self.best:
            self.refuse_version(conn, version)
            return
        hello = ksock.read_hello(conn.recv, first)
        with self.changed:
            why = self.decide(hello)
            if self.closed:
                raise Closed("closed here")
        if why:
            self.refuse(conn, hello, why)
            return
        conn.version, conn.hello, conn.peer_order = version, hello, hello.order
        conn.with_checksum = self.with_checksum and version > 1
        conn.ctype = ksock.INVERSE[hello.ctype]
        # In one step: the caller may use the connection as soon as it has the HELLO, and nobody
        # here before.
        with self.changed:
            conn.send(self.hello(version, conn.ctype, hello.src_nid).pack())
            conn.served = True
            self.note(self.calls, (version, hello.ctype, "accepted"))
            self.note(self.conns, conn)
        if self.closed:
            conn.close()
        self._serve(conn)

    # ---- messages -------------------------------------------------------------------------

    def _serve(self, conn):
        how = "error"
        try:
            while True:
                self.handle(conn, conn.message())
        except Closed as closed:
            how = "closed here" if conn.closed else closed.how
        except OSError:
            how = "closed here"
        except Exception as error:      # told to whoever waits
            self.note(self.errors, error)
        conn.sock.close()
        with self.changed:
            self.conns.remove(conn)
        self.note(self.ended, (conn, how))

    def handle(self, conn, message):
        for cookie in message.acked(conn.version):
            with self.changed:
                if cookie not in self.asked:
                    raise ksock.ProtocolError(f"ACK of {cookie}, which nobody waits for")
                self.asked.remove(cookie)
            self.note(self.acks, cookie)
        if message.type is None:
            return
        if message.type == ksock.GET:
            self.answer_get(conn, message)
        if message.type == ksock.PUT:
            self.answer_put(conn, message)
        # Noted when it is handled: whoever waits for it may count on that.
        self.note(self.received, (conn, message))

    def answer_get(self, conn, get):
        if (get.portal, get.match_bits) != (0, ksock.PING_BITS):
            return
        info = ksock.ping_info(self.nid, self.order)[:get.sink_length]
        self.put_on_wire(conn, Message(ksock.REPLY, self.nid, get.src, info, handle=get.handle))

    def answer_put(self, conn, put):
        """LNet ACK and ZC-ACK of a PUT, as a V2 (NOOP on CONTROL) or V3 node gives them."""
        if put.req:
            self.acknowledge(conn, [put.req])
        self.lnet_ack(conn, put)

    def lnet_ack(self, conn, put, cookie=0):
        if put.handle == ksock.NO_HANDLE:
            return
        self.put_on_wire(conn, Message(ksock.ACK, self.nid, put.src, handle=put.handle,
                                       match_bits=put.match_bits, mlength=len(put.payload),
                                       ack=cookie))

    def acknowledge(self, conn, cookies):
        """ZC-ACKs in NOOPs, where a node of this version sends them, in one write."""
        if conn.version == 3:
            noops = [Message(req=a, ack=b) for a, b in ksock.coalesce(cookies)]
            self.sibling(conn, BULK_IN).send_message(*noops)
        else:
            self.sibling(conn, CONTROL).send_message(*[Message(ack=c) for c in cookies])

    def sibling(self, conn, ctype):
        """The connection of this type with the same peer, else conn itself."""
        with self.changed:
            for other in self.conns:
                if (other.hello.src_nid, other.ctype) == (conn.hello.src_nid, ctype):
                    return other
        return conn

    def put_on_wire(self, conn, message):
        """On the connection that suits the message's size, as the wire notes choose it."""
        big = len(message.payload) + (72 if conn.version == 1 else 96) >= 1024
        if conn.ctype != ANY:
            conn = self.sibling(conn, BULK_OUT if big else CONTROL)
        conn.send_message(message)

    def new_handle(self):
        return struct.pack("<QQ", self.incarnation, next(self.handles))

    def get_ping(self, peer, sink_length=0xf78):
        """The GET of a ping, which is also what discovery sends."""
        return Message(ksock.GET, self.nid, peer, handle=self.new_handle(),
                       match_bits=ksock.PING_BITS, sink_length=sink_length)

    def put(self, peer, payload, zero_copy=False, want_ack=True, portal=50, **fields):
        """A PUT; zero_copy gives it the next cookie."""
        message = Message(ksock.PUT, self.nid, peer, payload, portal=portal, **fields)
        if want_ack:
            message.handle = self.new_handle()
        if zero_copy:
            with self.changed:
                message.req = self.next_cookie
                self.next_cookie += 1
                self.asked.add(message.req)
        return message


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    node = Node(sys.argv[1], best=int(sys.argv[3]), port=int(sys.argv[2]))
    print(f"ready: {node.text()} listens at {node.where()}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
