#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that no result of a public call can be ignored without a warning.

    tests/house/nodiscard.py COMPILER [OPTION…]   compiles unchecked_results.cpp, and reads the public headers
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE / "unchecked_results.cpp"
HEADERS = HERE.parents[1] / "include" / "pmb"
RETURNS_RESULT = re.compile(r"^ *(?:PMB_API )?(?:static )?Result<.*> (?!\w+_slowly)\w+\(")


def lines_that_warn(command: list[str]) -> set[int]:
    compiler = subprocess.run([*command, "-std=c++20", "-fsyntax-only", "-Wall", str(SOURCE)], capture_output=True, text=True)
    if compiler.returncode != 0:
        sys.exit(compiler.stderr)
    return {int(line) for line in re.findall(rf"{SOURCE.name}:(\d+):\d+: warning: .*nodiscard", compiler.stderr)}


def main() -> int:
    marked = {number for number, line in enumerate(SOURCE.read_text().splitlines(), 1) if line.endswith("// warns")}
    warned = lines_that_warn(sys.argv[1:])
    faults = [f"{SOURCE}:{line}: no warning" for line in sorted(marked - warned)]
    faults += [f"{SOURCE}:{line}: a warning of a result that is looked at" for line in sorted(warned - marked)]
    for header in sorted(HEADERS.rglob("*.hpp")):
        for number, line in enumerate(header.read_text().splitlines(), 1):
            if RETURNS_RESULT.match(line):
                faults.append(f"{header}:{number}: returns a Result without [[nodiscard]]")
    print("\n".join(faults))
    return 1 if faults or not marked else 0


if __name__ == "__main__":
    sys.exit(main())
