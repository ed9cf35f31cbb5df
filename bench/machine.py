# SPDX-License-Identifier: MIT
"""The machine that is measured on: what it is and how it is set up, and the versions of the tools."""

import datetime
import glob
import os
import re
import shutil
import subprocess

SETTINGS = ("net.ipv4.tcp_congestion_control", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
            "net.core.rmem_max", "net.core.wmem_max", "net.core.optmem_max")
VERSIONS = {
    "iperf3": (["iperf3", "--version"], r"iperf (\S+)"),
    "UCX": (["ucx_info", "-v"], r"[Vv]ersion[= ]([0-9.]+)"),
    "qperf": (["qperf", "--version"], r"qperf (\S+)"),
    "libfabric": (["fi_info", "--version"], r"libfabric: (\S+)"),
    "ZeroMQ": (["pkg-config", "--modversion", "libzmq"], r"^([0-9.]+)$"),
}


def text_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return " ".join(file.read().split())
    except OSError:
        return "?"


def cpu_model():
    match = re.search(r"model name\s*: (.*?) [a-z_ ]+\t*:", text_of("/proc/cpuinfo"))
    return match.group(1) if match else "?"


def mitigations():
    """Those that cost something or are missing, by the kernel's names."""
    found = {os.path.basename(path): text_of(path)
             for path in sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*"))}
    return {name: text for name, text in found.items() if text != "Not affected"}


def version(command, pattern):
    """None: not installed."""
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(pattern, done.stdout + done.stderr, re.MULTILINE)
    return match.group(1) if match else None


def describe(zclnd):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu_model(),
        "kernel": os.uname().release,
        "mitigations": mitigations(),
        "settings": {name: text_of("/proc/sys/" + name.replace(".", "/")) for name in SETTINGS},
        "load": text_of("/proc/loadavg").split()[0],
        "versions": {"zclnd": version([zclnd, "--version"], r"zclnd (\S+)"),
                     **{name: version(*how) for name, how in VERSIONS.items()}},
    }


def show(machine):
    print(f"machine: {machine['cores']} cores, {machine['cpu']}, Linux {machine['kernel']}; "
          f"{machine['date']}")
    for name, text in machine["settings"].items():
        print(f"  {name} = {text}")
    for name, text in machine["mitigations"].items():
        print(f"  {name}: {text}")
    versions = (f"{name} {version or 'not found'}" for name, version in machine["versions"].items())
    print(f"  versions: {', '.join(versions)}")
    print(f"  load average {machine['load']}: ratios of a loaded machine are blurred")
