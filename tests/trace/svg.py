#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Diagrams of all scripts, as the smallest world runs them: valid SVG on its own, an arrow for each
message that was sent, no two labels on each other, the same bytes again."""
import glob
import json
import math
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

TOP, BUILD = os.environ["top_srcdir"], os.environ["top_builddir"]
RACE = os.path.join(BUILD, "tests", "scenarios", "zrace-mem")
SVG = "{http://www.w3.org/2000/svg}"
SENT = ("hello-sent", "sent", "noop-sent")
MANY = 1500  # events: from here on repeats may be left out

count = 0


def check(good, title, *why):
    global count
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, title), flush=True)
    if not good:
        for line in why:
            print("# %s" % line)


# ---- geometry, written a second time ----

def letters(text):
    return sum(6.0 if ord(c) < 128 else 8.0 for c in text)


def box(text):
    """The corners of a label: its width estimated, a letter 8 px up and 2 px down."""
    x, y = float(text.get("x")), float(text.get("y"))
    width = letters(text.text)
    left = {"start": 0, "middle": -width / 2, "end": -width}[text.get("text-anchor", "start")]
    corners = [(x + left, y - 8), (x + left + width, y - 8), (x + left + width, y + 2),
               (x + left, y + 2)]
    turn = text.get("transform")
    if turn is None:
        return corners
    angle, cx, cy = (float(v) for v in turn[len("rotate("):-1].split())
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return [(cx + (px - cx) * c - (py - cy) * s, cy + (px - cx) * s + (py - cy) * c)
            for px, py in corners]


def apart(a, b):
    """Whether an edge of a has all of b at its outer side."""
    for (x1, y1), (x2, y2) in zip(a, a[1:] + a[:1]):
        if all((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) <= 0 for x, y in b):
            return True
    return False


def overlaps(labels):
    boxes = sorted(((min(y for _, y in box(t)), box(t), t.text) for t in labels),
                   key=lambda one: one[0])
    found = []
    for i, (_, a, text) in enumerate(boxes):
        bottom = max(y for _, y in a)
        for top, b, other in boxes[i + 1:]:
            if top > bottom:
                break
            if not apart(a, b) and not apart(b, a):
                found.append("'%s' is on '%s'" % (text, other))
    return found


# ---- one diagram ----

def problems(path, events, nlanes):
    root = ElementTree.parse(path).getroot()
    width, height = float(root.get("width")), float(root.get("height"))
    labels = [t for t in root.iter(SVG + "text") if t.get("class") == "label"]
    arrows = [g for g in root.iter(SVG + "g") if g.get("class", "").startswith("arrow ")]
    lanes = [g for g in root.iter(SVG + "g") if g.get("class") == "lane"]
    found = []
    for wanted in ("title", "desc"):
        if root.find(SVG + wanted) is None or not root.find(SVG + wanted).text:
            found.append("no <%s>" % wanted)
    for element in root.iter():
        if element.tag in (SVG + "script", SVG + "image", SVG + "foreignObject", SVG + "style"):
            found.append("there is a %s" % element.tag)
        for name, value in element.items():
            if "href" in name or ("url(" in value and "url(#zhead-" not in value):
                found.append("it refers to %s" % value)
    # Of two that have the same NID the third cannot say which it was.
    if "duplicate-nid" not in path and any(g.get("class", "").startswith("found ")
                                           for g in root.iter(SVG + "g")):
        found.append("a message arrives that nobody sent")
    if len(lanes) != nlanes:
        found.append("%d lifelines for %d nodes" % (len(lanes), nlanes))
    sent = [e for e in events if e["name"] in SENT]
    if len(events) < MANY and not any(p.get("class") == "elided" for p in root.iter(SVG + "path")):
        if len(arrows) != len(sent):
            found.append("%d arrows for %d messages" % (len(arrows), len(sent)))
        refused = [e for e in sent if e["data"].get("ctype") == "NONE"]
        drawn = [g for g in arrows if g.get("class") == "arrow refusal"]
        if len(refused) != len(drawn):
            found.append("%d refusals, %d drawn" % (len(refused), len(drawn)))
    for text in labels:
        if any(not (0 <= x <= width and 0 <= y <= height) for x, y in box(text)):
            found.append("'%s' is outside" % text.text)
    found += overlaps(labels)
    times = [float(t.get("y")) for t in root.iter(SVG + "text") if t.get("class") == "time"]
    if any(b - a < 10 for a, b in zip(times, times[1:])):
        found.append("times at the axis are on each other")
    return found


def run(*args):
    return subprocess.run([RACE, *args], stdout=subprocess.PIPE, text=True, check=False).stdout


def run_script(script, folder):
    """Diagrams of all cases of a script: (case's name, what is wrong with it)."""
    out = run("--json", "--diagram", folder, script)
    for line in out.splitlines():
        result = json.loads(line)
        if "vary" in result:
            continue
        base = os.path.basename(script)[:-len(".race")]
        name = base + ("-" + result["case"] if "case" in result else "")
        lanes = {e["vantage_point"] for e in result["events"] if "vantage_point" in e}
        path = os.path.join(folder, name + ".svg")
        nlanes = len(ElementTree.parse(path).getroot().findall(".//*[@class='lane']"))
        if nlanes < len(lanes):
            yield name, ["fewer lifelines than nodes"]
        yield name, problems(path, result["events"], nlanes)


def main():
    scripts = sorted(glob.glob(os.path.join(TOP, "scenarios", "*.race")))
    scripts.append(os.path.join(TOP, "tests", "scenarios", "good", "three.race"))
    with tempfile.TemporaryDirectory() as folder:
        print("1..%d" % (len(scripts) + 5))
        for script in scripts:
            bad = ["%s: %s" % (name, why) for name, all_why in run_script(script, folder)
                   for why in all_why[:5]]
            check(not bad, os.path.basename(script), *bad[:20])
        c = os.path.join(TOP, "scenarios", "c.race")
        one, two = os.path.join(folder, "one.svg"), os.path.join(folder, "two.svg")
        for path in (one, two):
            run("--case=new-higher", "--diagram", path, c)
        with open(one, encoding="utf-8") as first, open(two, encoding="utf-8") as second:
            text = first.read()
            check(text == second.read(), "the same again")
        root = ElementTree.fromstring(text)
        held = [p for p in root.iter(SVG + "path") if p.get("class") == "hold"]
        check(len(held) == 2, "both held HELLOs are marked", "%d marks" % len(held))
        words = [t.text for t in root.iter(SVG + "text")]
        check("new calls old, 0.000 ms: refused: version" in words and
              "new calls old, 4.000 ms: UP v1 ANY" in words,
              "the connections are listed, each with its end", *words[-6:])
        check(overlaps([ElementTree.fromstring('<text x="1" y="1">%s</text>' % t) for t in "ab"]) and
              not overlaps([ElementTree.fromstring('<text x="1" y="%d">a</text>' % y)
                            for y in (1, 12)]), "this test sees overlaps")
        out = subprocess.run([RACE, "--diagram", one, c], stderr=subprocess.PIPE, text=True,
                             check=False)
        check(out.returncode == 2 and "several cases" in out.stderr,
              "one file is for one case", out.stderr)


if __name__ == "__main__":
    sys.exit(main())
