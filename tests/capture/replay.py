#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records a program with apitrace, replays the trace, and compares the pictures of the replay with those of the run.

    tests/capture/replay.py PROGRAM

PROGRAM writes PPM images to the file that it is given, and inserts a debug message after each. The exit status is 1 if a
picture differs, and 77 without apitrace.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ON_A_DISPLAY = pathlib.Path(__file__).resolve().parents[1] / "package" / "run_neighbour.sh"
PICTURE = re.compile(rb"P6\n(?:#[^\n]*\n)*(\d+) (\d+)\n255\n")


def skip(reason):
    print(f"replay: Skipped\n{reason}\n[  SKIPPED ]")
    sys.exit(77)


def run(*command):
    done = subprocess.run(command, capture_output=True)
    text = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode == 77:
        print(text)
        sys.exit(77)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} returned {done.returncode}:\n{text}")
    return done.stdout


def pictures(data):
    """The pixels of each PPM image in `data`."""
    found = []
    while match := PICTURE.search(data):
        end = match.end() + int(match[1]) * int(match[2]) * 3
        found.append(data[match.end():end])
        data = data[end:]
    return found


def main(program):
    missing = [tool for tool in ("apitrace", "eglretrace") if not shutil.which(tool)]
    if missing:
        skip(f"{' and '.join(missing)} not found; Debian has them in apitrace and apitrace-tracers")
    with tempfile.TemporaryDirectory() as folder:
        trace, images = pathlib.Path(folder, "trace"), pathlib.Path(folder, "images")
        run("apitrace", "trace", "--api=egl", f"--output={trace}", program, images)
        calls = run("apitrace", "dump", "--color=never", trace).decode(errors="replace")
        scenes = re.findall(r'^(\d+) .*\bglDebugMessageInsert\(.*buf = "(.*?)"', calls, re.MULTILINE)
        # eglretrace repeats a call that failed in the run, and ends when it fails again.
        refused = re.findall(r"^(\d+) .*\beglCreateContext\(.* = NULL$", calls, re.MULTILINE)
        replay = run(ON_A_DISPLAY, "eglretrace", "--headless", "--snapshot-prefix=-",
                     f"--snapshot={','.join(number for number, _ in scenes)}", f"--ignore-calls={','.join(refused)}", trace)
        drawn, replayed = pictures(images.read_bytes()), pictures(replay)
    if not scenes or not len(drawn) == len(scenes) == len(replayed):
        sys.exit(f"{len(drawn)} pictures were drawn, {len(scenes)} recorded and {len(replayed)} replayed")
    different = [scene for (_, scene), one, other in zip(scenes, drawn, replayed) if one != other]
    for scene in different:
        print(f"{scene}: the replay draws another picture")
    print(f"{len(scenes) - len(different)} of {len(scenes)} pictures are equal")
    return 1 if different else 0


sys.exit(main(sys.argv[1]))
