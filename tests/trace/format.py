#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traces are what zclnd-trace(5) says: the page names every event and field of the core, every line
of real traces conforms to the page, and what is read and written again is the same."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

TOP, BUILD = os.environ["top_srcdir"], os.environ["top_builddir"]
RACE = os.path.join(BUILD, "tests", "scenarios", "zrace-mem")
ZCLND = os.path.join(BUILD, "zclnd")
TSHARK = os.environ.get("TSHARK") or "tshark"
RUN = {"case": str, "seed": int, "vary": str, "shift": int}
HEADER = {"format": str, "version": int, "title": str, "program": str, "time_unit": str,
          "reference_time": str, "file": str, "vantage_points": list, **RUN}

MANY = 150000 # bytes of a trace
SCRIPTS = ("a", "c", "c-abort", "partition", "restart-messages", "ring", "self-connect", "typed",
           "upgrade")
LOOKED_AT = ("nego-active3-passive2-ping.pcap",)

count = 0


def check(good, title, *why):
    global count
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, title), flush=True)
    if not good:
        for line in why[:20]:
            print("# %s" % str(line)[:300])


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


# ---- what the page says ----

def plain(text):
    return text.replace("\\-", "-")


def section(page, title):
    return page.split(".SH %s\n" % title)[1].split("\n.SH ")[0]


def tags(text):
    """What stands at the head of each .TP: names in .B and .BR lines."""
    found = []
    for line in re.findall(r"^\.TP\n(\.BR? .*)\n", text, re.M):
        found += [w for w in line.split()[1:] if re.fullmatch("[a-z_-]+", w)]
    return found


def page_events(page):
    found = {}
    for part in section(page, "EVENTS OF THE PROTOCOL").split(".SS Category ")[1:]:
        category = part.split("\n", 1)[0]
        for name in tags(part):
            found[name] = category
    return found


def wire_fields(page):
    return set(tags(section(page, "EVENTS OF A CAPTURE")))


# ---- a trace against the page ----

def typed(members, types):
    for name, value in members.items():
        if name not in types:
            yield "%s is not documented" % name
        elif not isinstance(value, types[name]) or isinstance(value, bool):
            yield "%s: %r" % (name, value)


def wrong_header(line):
    yield from typed(line, HEADER)
    if line.get("version") != 1 or line.get("time_unit") != "ns":
        yield "version or time_unit"
    for point in line.get("vantage_points", [{}]):
        if set(point) - {"name", "nid"} or "name" not in point:
            yield "vantage point %r" % point


NUMBERS = {"length", "cookie", "ack", "delay", "conn"}


def wrong_data(kind, name, data, page):
    if kind == "wire":
        known = page["wire"]
    elif kind == "script":
        known = {"unit"} if name == "held" else {"action"}
    else:
        known = page["fields"]
        for field, value in data.items():
            if field in known and isinstance(value, int) != (field in NUMBERS):
                yield "%s: %r" % (field, value)
    for field in set(data) - known - {"peer"}:
        yield "%s of %s is not documented" % (field, name)


def wrong_event(line, page):
    yield from typed(line, {"time": int, "name": str, "vantage_point": str, "data": dict, **RUN})
    kind, _, name = line.get("name", "").partition(":")
    if kind in ("wire", "script"):
        names = {"wire": ("accept_request", "hello", "noop", "lnet", "reset", "close"),
                 "script": ("held", "action")}[kind]
        if name not in names:
            yield "name %s" % line.get("name")
    elif page["events"].get(name) != kind:
        yield "name %s" % line.get("name")
    if "vantage_point" not in line and line.get("name") != "script:action":
        yield "no vantage_point"
    yield from wrong_data(kind, name, line.get("data", {}), page)


def wrong_lines(text, page):
    found, seen, last = [], set(), None
    for number, raw in enumerate(text.splitlines(), 1):
        line = json.loads(raw)
        if "format" in line:
            problems, last = wrong_header(line), None
        elif number == 1:
            problems = ["no header"]
        else:
            problems = list(wrong_event(line, page))
            if last is not None and line["time"] < last:
                problems.append("time goes back")
            last = line["time"]
            seen.add(line["name"].partition(":")[2])
        found += ["%d: %s" % (number, why) for why in problems]
    return found, seen


# ---- running ----

def zclnd(*args):
    return subprocess.run([ZCLND, "trace", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, env={**os.environ, "ZCLND_TSHARK": TSHARK})


def check_races(folder, page):
    seen = set()
    for name in SCRIPTS:
        script = os.path.join(TOP, "scenarios", name + ".race")
        path = os.path.join(folder, os.path.basename(script) + ".jsonl")
        subprocess.run([RACE, "--quiet", "--trace", path, script], stdout=subprocess.DEVNULL,
                       check=False)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if len(text) > MANY: # many runs of many nodes: they are alike
            text = text[:text.rindex("\n", 0, MANY) + 1]
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        wrong, names = wrong_lines(text, page)
        seen |= names
        again = zclnd("--json", path)
        if again.stdout != text:
            wrong.append("it is not the same again: " + again.stderr)
        check(not wrong, "trace of " + os.path.basename(script), *wrong)
    missing = {"connect", "refuse", "fallback", "retry", "up", "sent", "received", "cookie",
               "acked", "released", "held", "action"} - seen
    check(not missing, "the traces have events of all kinds", missing)


def check_captures(page):
    captures = sorted(glob.glob(os.path.join(TOP, "tests", "captures", "*.pcap")))
    found, fields = [], set()
    with tempfile.TemporaryDirectory() as folder:
        for capture in captures:
            path = os.path.join(folder, "x.jsonl")
            zclnd("-o", path, capture)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            found += ["%s:%s" % (capture, why) for why in wrong_lines(text, page)[0]]
            for line in text.splitlines()[1:]:
                fields |= set(json.loads(line)["data"])
            if zclnd("-f", "json", path).stdout != text:
                found.append("%s: not the same again" % capture)
            if os.path.basename(capture) not in LOOKED_AT:
                continue
            for form in ("ladder", "svg", "text"):
                if zclnd("-f", form, path).stdout != zclnd("-f", form, capture).stdout:
                    found.append("%s: %s of its JSON is not the same" % (capture, form))
    check(captures and not found, "captures", *found)
    unseen = page["wire"] - fields - {"ips", "dest_incarnation"}
    check(not unseen, "the page has no field that captures do not have", unseen)


GOOD = '{"format":"zclnd-trace","version":1,"vantage_points":[{"name":"a"},{"name":"b"}]}\n'
EVENT = '{"time":1,"name":"connectivity:up","vantage_point":"a","data":{"peer":"b"}}\n'


def check_bad(folder):
    path = os.path.join(folder, "bad.jsonl")
    for text, what in (
            (EVENT, ":1: expected a header"),
            (GOOD.replace('"version":1', '"version":2'), ":1: this version"),
            (GOOD + "{", ":2: "),
            (GOOD + "[1]\n", ":2: expected a JSON object"),
            (GOOD + EVENT.replace('"time":1', '"time":"1"'), ":2: expected an event"),
            (GOOD + EVENT + EVENT.replace('"data":{', '"data":{"conn":-1,'), ":3: data.conn"),
            (GOOD + '{"time":1,"name":"wire:hello","vantage_point":"a","data":{"peer":"b"}}',
             ":2: data.stream: missing"),
            ("{", ":1: ")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        out = zclnd(path)
        check(out.returncode == 2 and out.stderr.startswith(path + what) and not out.stdout,
              "wrong: " + what, out.stderr)
    with open(path, "w", encoding="utf-8") as file:
        file.write(GOOD + EVENT.replace(":up", ":of-tomorrow") + EVENT.replace("{", '{"x":[1],', 1))
    out = zclnd("-f", "text", path)
    check(out.returncode == 0 and out.stdout.count("\n") == 1, "what is not known is passed over",
          out.stderr, out.stdout)


def check_choice(folder):
    path = os.path.join(folder, "choice.jsonl")
    subprocess.run([RACE, "--quiet", "--trace", path, os.path.join(TOP, "scenarios", "c.race")],
                   stdout=subprocess.DEVNULL, check=False)
    ladder = zclnd("--ascii", path).stdout
    check(ladder.count(" case ") == 2 and "shifted" not in ladder, "a ladder for each case", ladder)
    one = zclnd("--ascii", "--case", "old-higher", path).stdout
    check(one.count("\n") > 10 and one in ladder, "--case", one)
    for args, what in ((("-f", "svg"), "choose with --case: new-higher, old-higher"),
                       (("--case", "none"), "no case is called none"),
                       (("--peer", "nobody"), "no peer is called nobody")):
        out = zclnd(*args, path)
        check(out.returncode == 2 and what in out.stderr, what, out.stderr)
    ring = os.path.join(folder, "ring.race.jsonl")
    out = zclnd("--peer", "10.0.0.5@tcp", "-f", "json", ring).stdout
    parts = {frozenset((line["vantage_point"], line["data"]["peer"]))
             for line in map(json.loads, out.splitlines())
             if "vantage_point" in line and "peer" in line["data"]}
    check(parts and all("mid" in p for p in parts), "--peer, by NID", parts)


def check_many(folder):
    """Bulk traffic: bounded, and it says what is left out."""
    path = os.path.join(folder, "many.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(GOOD)
        for i in range(4000):
            for name, who, other, field in (
                    ("transport:sent", "a", "b", '"lnet-type":"PUT","length":65536,"cookie":%d'),
                    ("transport:received", "b", "a", '"lnet-type":"PUT","length":65536,"cookie":%d'),
                    ("zc:noop-sent", "b", "a", '"cookie":%d'),
                    ("zc:noop-received", "a", "b", '"cookie":%d')):
                file.write('{"time":%d,"name":"%s","vantage_point":"%s","data":{"peer":"%s",'
                           '"conn":1,"version":"v2",%s}}\n'
                           % (i * 1000000, name, who, other, field % (i + 2)))
    ladder = zclnd("--ascii", path).stdout
    check(len(ladder.splitlines()) < 60 and "more messages: 399" in ladder and "PUT" in ladder and
          "cookie 2 " in ladder and "cookie 4001 " in ladder, "repeats are left out", ladder)
    everything = zclnd("--ascii", "--all", path).stdout
    check(len(everything.splitlines()) > 8000, "--all leaves nothing out")
    svg = os.path.join(folder, "many.svg")
    zclnd("-o", svg, path)
    check(os.path.getsize(svg) < 100000 and "more messages: 399" in open(svg, encoding="utf-8").read(),
          "a diagram of it is bounded, too", os.path.getsize(svg))


def main():
    man = plain(read("doc", "zclnd-trace.5"))
    page = {"events": page_events(man), "fields": set(tags(section(man, "FIELDS"))),
            "wire": wire_fields(man)}
    core = read("core", "event.c")
    events = set(re.findall(r'\[ZCL_EV_\w+\] = "([a-z-]+)"', core))
    fields = set(re.findall(r'\[F_\w+\] = "([a-z-]+)"', core))
    header = set(tags(section(man, "HEADER")))
    with_tshark = subprocess.run(["sh", "-c", "command -v '%s'" % TSHARK], check=False,
                                 stdout=subprocess.DEVNULL).returncode == 0
    print("1..%d" % (3 + len(SCRIPTS) + 1 + 2 + 9 + 6 + 3))
    check(events and events == set(page["events"]), "the page names the core's events",
          events ^ set(page["events"]))
    check(fields and fields == page["fields"], "and their fields", fields ^ page["fields"])
    check(header == set(HEADER), "and the header's members", header ^ set(HEADER))
    with tempfile.TemporaryDirectory() as folder:
        check_races(folder, page)
        if with_tshark:
            check_captures(page)
        else:
            for what in ("captures", "the page has no field that captures do not have"):
                check(True, what + " # SKIP tshark is not installed")
        check_bad(folder)
        check_choice(folder)
        check_many(folder)


if __name__ == "__main__":
    sys.exit(main())
