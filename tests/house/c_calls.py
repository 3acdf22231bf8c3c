#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that tests call what pmb.h declares: tests/capi/every_call.c every function, tests/unit/capi_misuse_test.cpp every
function that takes a pointer.

    tests/house/c_calls.py               checks the tree; every function that is not called is one line
    tests/house/c_calls.py --self-test   leaves out each call in turn and expects it to be missed
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOTYPE = re.compile(r"^PMB_API [^;(]*?\b(pmb_\w+)\(([^;]*)\);", re.M | re.S)


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.S)


def declared(header):
    """Each function with its parameters."""
    return dict(PROTOTYPE.findall(header))


def missing(functions, text):
    words = set(re.findall(r"\bpmb_\w+(?=\s*[(,)])", text))
    return [name for name in functions if name not in words]


def main():
    header = without_comments((ROOT / "include" / "pmb.h").read_text())
    functions = declared(header)
    if len(functions) != header.count("PMB_API "):
        print("include/pmb.h has a prototype that this script does not read")
        return 1
    wanted = {"tests/capi/every_call.c": list(functions),
              "tests/unit/capi_misuse_test.cpp": [name for name, parameters in functions.items() if "*" in parameters]}
    wrong = 0
    for file, names in wanted.items():
        text = without_comments((ROOT / file).read_text())
        if sys.argv[1:] == ["--self-test"]:
            for name in names:
                if missing(names, re.sub(rf"\b{name}\b", "left_out", text)) != [name]:
                    print(f"{file}: {name} was left out, and not missed")
                    wrong += 1
        else:
            for name in missing(names, text):
                print(f"{file}:1: {name} of include/pmb.h is not called")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
