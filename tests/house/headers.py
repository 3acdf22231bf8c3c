#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles all public headers in one program, as C++20 and C++23, with more warnings than pmb's own code has to pass.

    tests/house/headers.py INCLUDE_FOLDER COMPILER…
"""

import pathlib
import subprocess
import sys

WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion -Werror".split()


def main(include, *compilers):
    headers = sorted(path.relative_to(include).as_posix() for path in pathlib.Path(include).rglob("*.hpp"))
    program = "".join(f"#include <{header}>\n" for header in headers)
    failed = False
    for compiler in compilers:
        for standard in ("c++20", "c++2b"):
            command = [compiler, f"-std={standard}", *WARNINGS, "-fsyntax-only", f"-I{include}", "-x", "c++", "-"]
            run = subprocess.run(command, input=program, capture_output=True, text=True)
            print(f"{len(headers)} headers, {compiler}, {standard}: {'warnings' if run.returncode else 'no warning'}")
            print(run.stderr[:4000], end="")
            failed |= run.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
