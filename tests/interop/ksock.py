# SPDX-License-Identifier: MIT
"""socklnd on the wire, written from the wire notes alone: nothing here knows the core.

Layouts only: bytes to values and back. Integers of the acceptor request, the HELLO of V2 and later
and the ksock header are in the sender's byte order, given as struct's "<" or ">"; V1's HELLO and
the LNet header are little-endian whoever sends.
"""
import dataclasses
import ipaddress
import struct
import zlib

ACCEPTOR_MAGIC = 0xacce7100
MAGIC_V1 = 0xeebc0ded
MAGIC = 0x45726963
PING_MAGIC = 0x70696e67
NOOP, LNET = 0xc0, 0xc1
NONE, ANY, CONTROL, BULK_IN, BULK_OUT = -1, 0, 1, 2, 3
ACK, PUT, GET, REPLY, HELLO = range(5)
KEEPALIVE = 1
FIRST_COOKIE = 2
PID = 12345
NID_ANY = 2**64 - 1
LO = 9 << 48
NI_UP = 0x15aac0de
PING_BITS = 1 << 63
FEATURES = 3
NO_HANDLE = b"\xff" * 16
MTU = 1 << 20
MAX_IPS = 16
CTYPES = {NONE: "NONE", ANY: "ANY", CONTROL: "CONTROL", BULK_IN: "BULK_IN", BULK_OUT: "BULK_OUT"}
INVERSE = {ANY: ANY, CONTROL: CONTROL, BULK_IN: BULK_OUT, BULK_OUT: BULK_IN}


class ProtocolError(Exception):
    """What the other side sent is not what the wire notes allow."""


def nid(address, number=0):
    """NID of ADDRESS@tcpNUMBER."""
    return 2 << 48 | number << 32 | int(ipaddress.IPv4Address(address))


def nid_text(value):
    kind = {2: "tcp", 9: "lo"}[value >> 48]
    number = value >> 32 & 0xffff
    address = "0" if kind == "lo" else str(ipaddress.IPv4Address(value & 0xffffffff))
    return f"{address}@{kind}{number or ''}"


def large_nid(value):
    return struct.pack(">BBH", 0, value >> 48, value >> 32 & 0xffff) + \
        struct.pack(">IIII", value & 0xffffffff, 0, 0, 0)


# ---- acceptor request --------------------------------------------------------------------

def accept_request(target, order="<", version=1, magic=ACCEPTOR_MAGIC):
    return struct.pack(order + "IIQ", magic, version, target)


def order_of(four, *magics):
    """The sender's byte order, from a magic that it sent."""
    for order in "<>":
        if struct.unpack(order + "I", four)[0] in magics:
            return order
    raise ProtocolError(f"no magic: {four.hex()}")


# ---- HELLO -------------------------------------------------------------------------------

@dataclasses.dataclass
class Hello:
    version: int
    src_nid: int
    ctype: int
    incarnation: int
    dst_nid: int = 0
    src_pid: int = PID
    dst_pid: int = 0
    dst_incarnation: int = 0
    ips: tuple = ()
    nips: int = None    # what the header says, when that is to be a lie
    msg_type: int = HELLO   # of V1
    order: str = "<"

    def pack(self):
        nips = len(self.ips) if self.nips is None else self.nips
        if self.version == 1:
            head = struct.pack("<IHHQIIII", MAGIC_V1, 1, 0, self.src_nid, self.dst_pid,
                               self.src_pid, self.msg_type, 4 * nips)
            head += struct.pack("<Qi28x", self.incarnation, self.ctype)
            return head + b"".join(struct.pack("<I", ip) for ip in self.ips)
        order = self.order
        head = struct.pack(order + "II", MAGIC, self.version)
        if self.version == 4:
            head += large_nid(self.src_nid) + large_nid(self.dst_nid)
        else:
            head += struct.pack(order + "QQ", self.src_nid, self.dst_nid)
        head += struct.pack(order + "IIQQiI", self.src_pid, self.dst_pid, self.incarnation,
                            self.dst_incarnation, self.ctype, nips)
        return head + b"".join(struct.pack(order + "I", ip) for ip in self.ips)


def hello_version(first):
    """(version, byte order) from the first 8 bytes of a HELLO."""
    order = order_of(first[:4], MAGIC, MAGIC_V1)
    if struct.unpack(order + "I", first[:4])[0] == MAGIC_V1:
        if struct.unpack("<IHH", first) != (MAGIC_V1, 1, 0):
            raise ProtocolError(f"V1 with a version of its own: {first.hex()}")
        return 1, "<"
    return struct.unpack(order + "I", first[4:])[0], order


def read_hello(recv, first=b""):
    """recv(n) gives exactly n bytes; first: the 8 that were read before, if any."""
    first = first or recv(8)
    version, order = hello_version(first)
    if version == 1:
        src, dst_pid, src_pid, kind, length, incarnation, ctype = struct.unpack(
            "<QIIIIQi28x", recv(64))
        if kind != HELLO or length % 4 or length // 4 > MAX_IPS:
            raise ProtocolError(f"V1 HELLO of type {kind} with {length} bytes of addresses")
        ips = struct.unpack(f"<{length // 4}I", recv(length))
        return Hello(1, src, ctype, incarnation, 0, src_pid, dst_pid, 0, ips)
    if version not in (2, 3):
        raise ProtocolError(f"HELLO of version {version}")
    src, dst, src_pid, dst_pid, incarnation, dst_incarnation, ctype, nips = struct.unpack(
        order + "QQIIQQiI", recv(48))
    if nips > MAX_IPS:
        raise ProtocolError(f"{nips} addresses")
    ips = struct.unpack(f"{order}{nips}I", recv(4 * nips))
    return Hello(version, src, ctype, incarnation, dst, src_pid, dst_pid, dst_incarnation, ips,
                 order=order)


# ---- messages ----------------------------------------------------------------------------

UNIONS = {
    ACK: ("<16sQI", ("handle", "match_bits", "mlength")),
    PUT: ("<16sQQII", ("handle", "match_bits", "hdr_data", "portal", "offset")),
    GET: ("<16sQIII", ("handle", "match_bits", "portal", "offset", "sink_length")),
    REPLY: ("<16s", ("handle",)),
}


@dataclasses.dataclass
class Message:
    """An LNet message, or a NOOP when type is None; cookies as they stand in the ksock header."""
    type: int = None
    src: int = 0
    dst: int = 0
    payload: bytes = b""
    length: int = None      # what the header says, when that is to be a lie
    handle: bytes = NO_HANDLE
    match_bits: int = 0
    hdr_data: int = 0
    portal: int = 0
    offset: int = 0
    sink_length: int = 0
    mlength: int = 0
    req: int = 0
    ack: int = 0
    csum: int = 0
    dst_pid: int = PID

    def pack_lnet(self):
        length = len(self.payload) if self.length is None else self.length
        head = struct.pack("<QQIIII", self.dst, self.src, self.dst_pid, PID, self.type,
                           length)
        layout, names = UNIONS[self.type]
        union = struct.pack(layout, *(getattr(self, name) for name in names))
        return head + union.ljust(40, b"\0")

    def acked(self, version):
        """The cookies that this acknowledges; a keepalive is none."""
        if self.type is None and version == 3:
            cookies = noop_cookies(self.req, self.ack)
        else:
            cookies = [self.ack] if self.ack else []
        return [cookie for cookie in cookies if cookie != KEEPALIVE]


def noop_cookies(first, second):
    """What the two cookies of a V3 NOOP say."""
    if first == 0:
        return [second] if second else []
    if first > second:
        return [first, second]
    if second - first > 4096:
        raise ProtocolError(f"NOOP for the range {first}..{second}")
    return list(range(first, second + 1))


def coalesce(cookies):
    """The cookies of V3 NOOPs, as few as possible, that acknowledge `cookies`, each once."""
    out, rest = [], sorted(cookies)
    while rest:
        run = 1
        while run < len(rest) and rest[run] == rest[0] + run:
            run += 1
        if run > 2:
            out.append((rest[0], rest[run - 1]))
        elif len(rest) > 1:
            run = 2
            out.append((rest[1], rest[0]))
        else:
            out.append((0, rest[0]))
        rest = rest[run:]
    return out


def checksum(data):
    """CRC-32 that starts with all ones and is not inverted at the end."""
    return zlib.crc32(data) ^ 0xffffffff


def pack_message(message, version, order="<", with_checksum=False):
    lnet = b"" if message.type is None else message.pack_lnet()
    if version == 1:
        return lnet + message.payload
    kind = NOOP if message.type is None else LNET
    cookies = struct.pack(order + "QQ", message.req, message.ack)
    rest = cookies + lnet + message.payload
    csum = message.csum
    if with_checksum:
        csum = checksum(struct.pack(order + "II", kind, 0) + rest)
    return struct.pack(order + "II", kind, csum) + rest


def read_message(recv, version, order="<"):
    """The next message; recv(n) gives exactly n bytes. Checks the checksum when there is one."""
    head = b""
    message = Message()
    if version > 1:
        head = recv(24)
        kind, message.csum, message.req, message.ack = struct.unpack(order + "IIQQ", head)
        if kind not in (NOOP, LNET):
            raise ProtocolError(f"ksm_type {kind:#x}")
        head = head[:4] + bytes(4) + head[8:]
    lnet = b""
    if version == 1 or kind == LNET:
        lnet = recv(72)
        message.dst, message.src, dst_pid, src_pid, message.type, length = struct.unpack(
            "<QQIIII", lnet[:32])
        if message.type not in UNIONS or length > MTU or (dst_pid, src_pid) != (PID, PID):
            raise ProtocolError(f"LNet header {lnet.hex()}")
        layout, names = UNIONS[message.type]
        for name, value in zip(names, struct.unpack_from(layout, lnet, 32)):
            setattr(message, name, value)
        message.payload = recv(length)
    if message.csum and message.csum != checksum(head + lnet + message.payload):
        raise ProtocolError("checksum")
    return message


# ---- ping --------------------------------------------------------------------------------

def ping_info(own, order="<"):
    entries = [(LO, NI_UP), (own, NI_UP)]
    info = struct.pack(order + "IIII", PING_MAGIC, FEATURES, PID, len(entries))
    return info + b"".join(struct.pack(order + "QII", *entry, 0) for entry in entries)
