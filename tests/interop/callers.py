# SPDX-License-Identifier: MIT
"""Nodes that call zclnd peer, and what they say and are told."""
import itertools
import struct

import ksock
from harness import equal, host
from ksock import CONTROL, Hello
from node import Node

ADDRESSES = itertools.cycle(range(10, 250))


def caller(best=2, **options):
    """A node that has an address of its own, so that no test meets another's peer."""
    return Node(host(next(ADDRESSES)), best, **options)


def hello(node, peer, **fields):
    return Hello(**{"version": 2, "src_nid": node.nid, "ctype": CONTROL,
                    "incarnation": node.incarnation, "dst_nid": peer.nid, **fields}).pack()


def ping_info(nid):
    """What the wire notes say that a ping is answered with, of the machine's own byte order."""
    return struct.pack("=IIII", 0x70696e67, 3, 12345, 2) + \
        struct.pack("=Q8x", 9 << 48) + struct.pack("=QII", nid, 0x15aac0de, 0)


def check_ping(node, conn, peer, sink_length=0xf78):
    get = node.get_ping(peer.nid, sink_length)
    conn.send_message(get)
    reply = conn.message()
    equal((reply.type, reply.src, reply.dst, reply.handle, reply.req, reply.ack),
          (ksock.REPLY, peer.nid, node.nid, get.handle, 0, 0))
    expected = ping_info(peer.nid)
    # What stands beside 0@lo is no status.
    got = reply.payload[:24] + expected[24:32][:max(len(reply.payload) - 24, 0)] + \
        reply.payload[32:]
    equal(got.hex(), expected[:sink_length].hex(), "ping")
