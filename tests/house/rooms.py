#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks from the sources that no include goes upward: each room includes only itself and the rooms that RULES allow.

    tests/house/rooms.py [ROOT]          checks the tree; every violation is one line: file:line, the include, the rule
    tests/house/rooms.py --self-test     plants upward includes in a copy of the tree and expects each to be refused
"""

import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ["base", "copy", "gl", "plan", "context", "ring", "transfer", "texture"]
CORE = "public"  # include/pmb without the headers below
DATA = "public/data"  # plain data: pmb/tune/profile.hpp and transfer_plan.hpp
CONTEXT = "public/context"  # context.hpp, which takes a transfer plan and returns a profile; and pmb.hpp
TUNE = "public/tune"
HEADLESS = "public/headless"
TBB = "public/tbb"
CUDA = "public/cuda"
C = "public/c"  # pmb.h
PUBLIC = [CORE, DATA, CONTEXT, TUNE, HEADLESS, TBB, CUDA, C]

# Room: the rooms that it may include besides itself, lowest first. A room that is not here includes whatever it likes.
RULES = {
    CORE: [],
    DATA: [CORE],
    CONTEXT: [CORE, DATA],
    TUNE: [CORE, DATA],
    HEADLESS: [CORE, CONTEXT],
    TBB: [CORE],
    CUDA: [CORE, CONTEXT],
    C: [CORE],
    "base": [CORE],
    "copy": [CORE, "base"],
    "gl": [CORE, CONTEXT, "base"],
    "plan": [CORE, DATA, "base"],
    "context": [CORE, DATA, CONTEXT, "base", "gl", "plan"],
    "ring layout": [CORE, "base"],
    "ring": [CORE, CONTEXT, "ring layout", "base", "copy", "gl", "plan", "context"],
    "transfer": [CORE, DATA, CONTEXT, "ring layout", *LIBRARY[:6]],
    "texture": [CORE, DATA, CONTEXT, "ring layout", *LIBRARY[:7]],
    "frames": [CORE, DATA, CONTEXT, "ring layout", *LIBRARY],
    "tune": [CORE, DATA, CONTEXT, TUNE, "ring layout", *LIBRARY],
    "headless": [CORE, CONTEXT, HEADLESS, "base"],
    "tbb": [CORE, TBB, "base"],
    "cuda library": [],
    "cuda": [CORE, DATA, CONTEXT, CUDA, "ring layout", "cuda library", *LIBRARY[:6]],
    "capi": [CORE, DATA, CONTEXT, TUNE, HEADLESS, CUDA, C],
    "tools/common": PUBLIC,
    "tools/info": [*PUBLIC, "tools/common"],
    "tools/stream": [*PUBLIC, "tools/common"],
    "tools/bench": [*PUBLIC, "tools/common", "cuda library"],
    "tools/tune": [*PUBLIC, "tools/common"],
    "tools/verify": [*PUBLIC, "tools/common"],
    "tools": [*PUBLIC, "tools/common", "tools/info", "tools/stream", "tools/bench", "tools/tune", "tools/verify"],
    "examples": PUBLIC,
    "python": PUBLIC,
    "fortran": [C],
}

# Rooms whose code sees OpenGL. Elsewhere, and in every public header, an include of a GL or EGL header is refused.
SEES_GL = ["gl", "context", "ring", "transfer", "texture", "frames", "tune", "headless", "cuda", "tools/common", "tools/info", "tools/stream",
           "tools/bench", "tools/tune", "tools/verify", "tools", "examples"]
GL_HEADER = re.compile(r"(glad|GL|GLES\d|EGL|KHR)/|gl/")

PUBLIC_ROOMS = {"pmb/tune/profile.hpp": DATA, "pmb/tune/transfer_plan.hpp": DATA, "pmb/context.hpp": CONTEXT,
                "pmb/pmb.hpp": CONTEXT, "pmb/headless.hpp": HEADLESS, "pmb/tbb.hpp": TBB, "pmb/cuda.hpp": CUDA, "pmb.h": C}
INCLUDE = re.compile(r'\s*#\s*include\s*["<]([^">]+)[">]')
SUFFIXES = {".hpp", ".cpp", ".h", ".c", ".def"}


def room_of(path):
    """The room of a file, by its path below the root; nothing for files that no rule is about."""
    name, parts = path.as_posix(), path.parts
    if name.startswith("include/"):
        header = name.removeprefix("include/")
        return PUBLIC_ROOMS.get(header, TUNE if header.startswith("pmb/tune/") else CORE)
    if parts[0] == "src":
        carved = {"src/ring/ring_layout.": "ring layout", "src/cuda/cuda_library.": "cuda library"}
        return next((room for start, room in carved.items() if name.startswith(start)), parts[1])
    if parts[0] == "tools":
        return f"tools/{parts[2]}" if len(parts) > 3 else "tools"
    return parts[0] if parts[0] in ("examples", "python", "fortran") else None


def resolve(root, path, included):
    """The file of the tree that an include names, or nothing for headers from elsewhere."""
    for folder in (path.parent, root / "include", root / "src", root / "tools" / "pmb"):
        file = folder / included
        if file.is_file():
            return file.resolve().relative_to(root)
    return None


def complaint(room, included, target):
    """Why a file of `room` may not include `included`, which is `target` in this tree; nothing if it may."""
    if target is None:
        return f"{room} sees no GL header" if GL_HEADER.match(included) and room not in SEES_GL else None
    lower = room_of(target)
    if lower == room or lower in RULES[room]:
        return None
    return f"{room} may include {', '.join(RULES[room]) or 'nothing but itself'}; this is {lower or 'no room of the library'}"


def violations(root):
    root, found = root.resolve(), []
    for top in ("include", "src", "tools", "examples", "python", "fortran"):
        for path in sorted((root / top).rglob("*")):
            below = path.relative_to(root)
            if path.suffix not in SUFFIXES:
                continue
            room = room_of(below)
            if room not in RULES:
                found.append(f"{below}:1: the room {room} has no rule in tests/house/rooms.py")
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                include = INCLUDE.match(line)
                why = include and complaint(room, include[1], resolve(root, path, include[1]))
                if why:
                    found.append(f"{below}:{number}: #include {include[1]}: {why}")
    return found


def self_test():
    """A planted include of each kind is refused by file, line and rule; nothing else is."""
    planted = [("src/base/fail.hpp", "gl/gl_table.hpp"), ("src/base/fail.hpp", "glad/gl.h"), ("src/gl/gl_table.hpp", "ring/ring_control.hpp"),
               ("src/ring/ring_layout.cpp", "context/mapping.hpp"), ("src/ring/upload_ring.cpp", "transfer/transfer_rings.hpp"),
               ("src/headless/headless.cpp", "context/mapping.hpp"), ("src/cuda/cuda_library.hpp", "cuda/cuda_driver.hpp"),
               ("tools/pmb/bench/cuda/cuda_driver.hpp", "../../../../src/cuda/cuda_driver.hpp"), ("include/pmb/upload_ring.hpp", "glad/gl.h"),
               ("include/pmb/upload_ring.hpp", "pmb/tune/calibrate.hpp"), ("include/pmb/timeline.hpp", "pmb/headless.hpp"),
               ("include/pmb.h", "pmb/context.hpp"), ("src/capi/status.cpp", "base/fail.hpp"),
               ("tools/pmb/info/info.cpp", "stream/stream_options.hpp"), ("tools/pmb/common/failure.hpp", "info/info_report.hpp"),
               ("tools/pmb/stream/y4m.cpp", "../../../src/base/fail.hpp"), ("examples/hello.cpp", "../src/base/fail.hpp"), ("python/src/context.hpp", "ring/ring_control.hpp"),
               ("fortran/array_bytes.c", "pmb/context.hpp")]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for top in ("include", "src", "tools", "examples", "python", "fortran"):
            shutil.copytree(ROOT / top, root / top)
        before = violations(root)
        for file, include in planted:
            original = (root / file).read_text()
            (root / file).write_text(f'#include "{include}"\n{original}')
            expected = f"{file}:1: #include {include}: "
            # The planted line moves the others by one: their numbers do not count here.
            new = [line for line in violations(root) if line.startswith(expected)]
            (root / file).write_text(original)
            if len(new) != 1:
                print(f"not refused: {include} in {file}")
                wrong += 1
        if violations(root) != before:
            print("the copy was not restored")
            wrong += 1
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    found = violations(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
