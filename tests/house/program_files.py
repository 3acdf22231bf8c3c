#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the manual page and the bash completion of the pmb program with its --help.

    tests/house/program_files.py PROGRAM FOLDER     FOLDER has pmb.1 and completion.bash
"""

import pathlib
import re
import subprocess
import sys

COMPLETE = 'source "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); _pmb; printf "%s\\n" "${COMPREPLY[@]}"'


def options(text):
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", text, re.M)) - {"--help"}


def main(program, folder):
    folder = pathlib.Path(folder)
    page = (folder / "pmb.1").read_text().replace("\\-", "-")
    sections = dict(re.findall(r"^\.SH (\w+)\n(.*?)(?=^\.SH|\Z)", page, re.M | re.S))
    faults = []
    for subcommand in ("info", "stream", "bench", "tune", "verify"):
        run = subprocess.run([program, subcommand, "--help"], capture_output=True, text=True, check=True)
        listed = options(run.stdout)
        described = set(re.findall(r"^\\fB.*(--[a-z-]+)\\fR", sections[subcommand.upper()], re.M))
        faults += [f"pmb.1: {subcommand}: {option} is not described" for option in sorted(listed - described)]
        faults += [f"pmb.1: {subcommand}: there is no {option}" for option in sorted(described - listed)]
        words = [program, subcommand, "--"]
        run = subprocess.run(["bash", "-c", COMPLETE, "bash", folder / "completion.bash", *words], capture_output=True, text=True)
        completed = set(run.stdout.split()) - {"--help"}
        if completed != listed or not listed:
            faults.append(f"completion.bash: {subcommand}: {sorted(completed ^ listed)} {run.stderr}")
    print("\n".join(faults) or "every option is described and completed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
