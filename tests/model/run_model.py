#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the model of the ring (ring.pml) with Spin, and that the checker finds each fault of the model.

    tests/model/run_model.py [--long]

--long explores more slices, marks and draws, and plants each fault: minutes and gigabytes. Otherwise two are planted. The exit status is 1 if a check has the wrong
result, and 77 without Spin or a C compiler.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).with_name("ring.pml")
# The bounds in which a checker finds each fault; `waits` is found by the property of liveness.
SMALL = {"KEYS": 4, "MARKS": 2, "DRAWS": 1}
FAULTS = {"EARLY": SMALL, "OLD_ALL": SMALL, "EQUAL": SMALL, "WRAP": SMALL, "BATCH": SMALL, "OPEN": SMALL,
          "STALE": {"KEYS": 5, "MARKS": 1, "DRAWS": 1}}
LARGE = [{"KEYS": 4, "MARKS": 2, "DRAWS": 2}, {"KEYS": 5, "MARKS": 2, "DRAWS": 1}]


def explore(bounds, fault=None, waits=False):
    """Returns the number of errors, and of states seen, within the bounds: of safety, or of the waits."""
    macros = [f"-D{name}={value}" for name, value in bounds.items()]
    macros += [f"-DFAULT_{fault}"] if fault else []
    macros += ["-DLIVENESS"] if waits else []
    options = ["-DNFAIR=3"] if waits else ["-DSAFETY", "-DNOCLAIM"]
    # A fault is found early: compiling takes longer than the search.
    options.append("-O0" if fault else "-O2")
    with tempfile.TemporaryDirectory() as folder:
        def run(*command):
            return subprocess.run(command, cwd=folder, check=True, text=True, capture_output=True).stdout

        run("spin", "-a", *macros, str(MODEL))
        run("cc", "-w", *options, "-o", "pan", "pan.c")
        text = run("./pan", "-m200000", *(["-a", "-f"] if waits else []))
    if "max search depth too small" in text:
        raise SystemExit("the search is not complete: raise the depth")
    return int(re.search(r"errors: (\d+)", text)[1]), int(float(re.search(r"([\d.e+]+) states, stored", text)[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="explore larger bounds, and plant each fault")
    arguments = parser.parse_args()
    if not shutil.which("spin") or not shutil.which("cc"):
        print("spin and a C compiler are needed (on Debian: spin gcc)")
        return 77
    wrong = 0

    def check(name, bounds, finds_error, **how):
        nonlocal wrong
        errors, states = explore(bounds, **how)
        good = (errors > 0) == finds_error
        wrong += not good
        result = "found" if errors else "no error"
        print(f"{'ok' if good else 'WRONG':5}  {name:28} {result:9} {states:>10,} states", flush=True)

    for bounds in [SMALL] + (LARGE if arguments.long else []):
        size = " ".join(f"{value} {name.lower()}" for name, value in bounds.items())
        check(f"safety, {size}", bounds, False)
        check(f"waits, {size}", bounds, False, waits=True)
    for fault, bounds in FAULTS.items() if arguments.long else [("EARLY", SMALL)]:
        check(f"fault {fault}", bounds, True, fault=fault)
    check("fault NO_FLUSH, waits", SMALL, True, fault="NO_FLUSH", waits=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
