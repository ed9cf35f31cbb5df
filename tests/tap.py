# SPDX-License-Identifier: MIT
"""TAP, for the tests that are Python programs."""
import os
import sys
import traceback


class Skip(Exception):
    pass


TESTS = []


def test(title, *arguments):
    """The function below is a test: it passes when it returns."""
    def add(function):
        TESTS.append((title, function, arguments))
        return function
    return add


def equal(got, expected, what="value"):
    assert got == expected, f"{what}: expected {expected!r}, got {got!r}"


def run():
    """All tests of the program, or those whose titles contain an argument."""
    chosen = [t for t in TESTS if len(sys.argv) < 2 or any(a in t[0] for a in sys.argv[1:])]
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, (title, function, arguments) in enumerate(chosen, 1):
        try:
            function(*arguments)
            print(f"ok {number} - {title}")
        except Skip as why:
            print(f"ok {number} - {title} # SKIP {why}")
        except Exception:
            failed += 1
            print(f"not ok {number} - {title}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}"[:1000])
        sys.stdout.flush()
    # Threads that still wait for a connection end with the process.
    os._exit(1 if failed else 0)
