#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Wireshark dissector shows in all captures what the core's decoder reads in them: the same
messages in the same packets, in the same order in each stream, with the same fields."""
import glob
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

TOP, BUILD = os.environ["top_srcdir"], os.environ["top_builddir"]
ZCLND = os.path.join(BUILD, "zclnd")
TSHARK = os.environ.get("TSHARK") or "tshark"
LUA = os.path.join(TOP, "trace", "zclnd.lua")
TEXTS = ("kind", "ctype", "src_nid", "dest_nid", "lnet_type")
NUMBERS = ("version", "acceptor_version", "src_pid", "dest_pid", "incarnation", "nips", "csum",
           "req_cookie", "ack_cookie", "payload_length", "match_bits", "portal", "offset",
           "sink_length", "mlength")


def tshark(*args):
    return subprocess.run([TSHARK, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def dissected(capture):
    """[(stream, sender, frame), fields] of each message that the dissector shows."""
    out = tshark("-n", "-X", "lua_script:" + LUA, "-r", capture, "-o", "tcp.check_checksum:FALSE",
                 "-o", "ip.check_checksum:FALSE", "-Y", "zclnd", "-T", "pdml")
    found = []
    for packet in ElementTree.fromstring(out.stdout):
        fields = {f.get("name"): f.get("show") for f in packet.iter("field")}
        place = (int(fields["tcp.stream"]), fields["ip.src"] + ":" + fields["tcp.srcport"],
                 int(fields["frame.number"]))
        for item in packet.iter():
            own = {f.get("name")[len("zclnd."):]: f.get("show") for f in item
                   if (f.get("name") or "").startswith("zclnd.")}
            if "error" in own:
                found.append((place, own))
            if "kind" in own:
                found.append((place, own))
    return found


def decoded(capture):
    """The same as the core has it."""
    out = subprocess.run([ZCLND, "trace", "--format", "json", capture], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=False, env={**os.environ, "ZCLND_TSHARK": TSHARK}).stdout
    found = []
    for line in map(json.loads, out.splitlines()[1:]):
        data = dict(line["data"], kind=line["name"].partition(":")[2])
        if data["kind"] not in ("reset", "close"):
            found.append(((data["stream"], data["from"], data["frame"]), data))
    return found


def number(value):
    return int(str(value or 0).removeprefix("v"), 0)


def differs(shown, read):
    for name in TEXTS:
        if shown.get(name) != read.get(name) and (name in read or name == "kind"):
            yield "%s is %s, shown as %s" % (name, read.get(name), shown.get(name))
    for name in NUMBERS:
        if number(shown.get(name)) != number(read.get(name)):
            yield "%s is %s, shown as %s" % (name, read.get(name), shown.get(name))


def problems(capture):
    shown, read = dissected(capture), decoded(capture)
    if not read:
        yield "nothing was decoded"
    # A stream that was captured from its middle on has no HELLO: neither of the two reads it.
    streams = {place[0] for place, _ in read}
    shown = [(place, own) for place, own in shown if place[0] in streams or "error" not in own]
    # Of one packet, streams come in the order of their numbers.
    for (place, fields), (place_read, data) in zip(sorted(shown, key=lambda m: m[0][2]), read):
        if place != place_read:
            yield "%s is at %s, shown at %s" % (data["kind"], place_read, place)
        for why in differs(fields, data):
            yield "packet %d, %s: %s" % (place_read[2], data["kind"], why)
    if len(shown) != len(read):
        yield "%d messages, %d shown" % (len(read), len(shown))


def main():
    try:
        version = tshark("--version").stdout
    except OSError:
        skip("tshark is not installed")
    if "with Lua" not in " ".join(version.split()):
        skip("this tshark has no Lua")
    captures = sorted(glob.glob(os.path.join(TOP, "tests", "captures", "*.pcap")))
    print("1..%d" % (len(captures) + 1))
    acks = set()
    for i, capture in enumerate(captures, 1):
        bad = list(problems(capture))
        print("%sok %d - %s" % ("not " if bad else "", i, os.path.basename(capture)), flush=True)
        for why in bad[:10]:
            print("# " + why)
        if "v3" in capture:
            acks |= {own["acks"] for _, own in dissected(capture) if "acks" in own}
    good = "keepalive" in acks and any(", " in text for text in acks)
    print("%sok %d - V3's NOOPs are described" % ("" if good else "not ", len(captures) + 1))
    if not good:
        print("# %s" % sorted(acks))


if __name__ == "__main__":
    sys.exit(main())
