#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs of a benchmark that fail: once is enough, and the reason is told."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "bench"))
sys.path.append(os.path.join(os.environ["top_srcdir"], "tests"))
import hosts  # noqa: E402
import tap  # noqa: E402


class Here:
    """Nowhere: these commands talk to nobody."""

    addr = "nowhere"
    server_prefix = client_prefix = ()


class Shell:
    """Two shell commands; the client leaves a mark whenever it runs."""

    ready = "(ready)"
    settle = 0
    ends = True

    def __init__(self, server, client):
        self.commands = (server, client)

    def server(self, *_):
        return ["sh", "-c", f"echo ready; {self.commands[0]}"]

    def client(self, *_):
        return ["sh", "-c", self.commands[1]]

    def environment(self):
        return {}

    def read(self, text, *_):
        return float(text), "as told"


def reason(server, client):
    try:
        hosts.run(Shell(server, client), Here, 1, 1)
    except hosts.Failed as error:
        return str(error)
    raise AssertionError("it did not fail")


@tap.test("a value is read")
def takes_value():
    value, remark, *cpu = hosts.run(Shell("exec true", "echo 7.5"), Here, 1, 1)
    assert (value, remark) == (7.5, "as told") and min(cpu) >= 0


@tap.test("a run that fails is not tried again")
def fails_once():
    runs, marks = os.pipe()
    os.set_inheritable(marks, True)
    sees = hosts.subprocess.Popen
    hosts.subprocess.Popen = lambda *args, **more: sees(*args, **more, pass_fds=(marks,))
    try:
        text = reason("exec true", f"echo again >&{marks}; echo went wrong; exit 3")
    finally:
        hosts.subprocess.Popen = sees
        os.close(marks)
    assert text.endswith("exit status 3: went wrong"), text
    with os.fdopen(runs) as file:
        assert file.read() == "again\n", "a run that failed was tried again"


@tap.test("what hangs is killed, and said so")
def tells_killed():
    hosts.PATIENCE = 0.5
    text = reason("exec sleep 60", "echo begun; exec sleep 60")
    assert "killed after 0.5 s: begun" in text, text


if __name__ == "__main__":
    tap.run()
