#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants one fault after the other in a copy of the library and shows which unit tests see it.

    tests/mutation/run_mutations.py [--only WORD] [--build FOLDER] [--jobs N]

Each fault of mutations.txt is a textual change of one source file. The copy is built in one folder, so that only what a
fault touches is compiled again. A fault that no test sees has survived: the exit status is then 1. It is 2 if a fault's
text is no longer found in the sources, if a planted fault does not compile, or if the tests fail without any fault.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPIED = ("CMakeLists.txt", "cmake", "include", "src", "tests")
# A fault may make a test wait for ever or take all memory; the suite itself needs a few seconds.
TIME_LIMIT_S = 300


def read_faults(path):
    """Blocks of `== name`, `file: path`, `-- old`, text, `-- new`, text, closed by the next block."""
    faults = []
    for block in re.split(r"^== ", path.read_text(), flags=re.MULTILINE)[1:]:
        head, old, new = re.split(r"^-- (?:old|new)\n", block, flags=re.MULTILINE)
        name, file = head.strip().split("\n", 1)
        faults.append({"name": name, "file": file.removeprefix("file:").strip(), "old": old.rstrip("\n"),
                       "new": new.rstrip("\n")})
    return faults


def copy_tree(target):
    # With new times: objects of the last run may hold its last fault, and are younger than the sources.
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, dirs_exist_ok=True, copy_function=shutil.copy)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)


def configure(tree, build):
    launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
    subprocess.run(["cmake", "-G", "Ninja", "-S", tree, "-B", build, "-DCMAKE_BUILD_TYPE=None",
                    "-DPMB_BUILD_TOOLS=OFF", "-DPMB_BUILD_HEADLESS=OFF", "-DPMB_BUILD_BENCH=OFF", "-DPMB_TEST_SETS=unit",
                    *(launcher if shutil.which("ccache") else [])],
                   check=True, stdout=subprocess.DEVNULL)


def build(folder, jobs):
    """The compiler's complaints, or nothing."""
    done = subprocess.run(["ninja", "-C", folder, f"-j{jobs}", "pmb_unit"], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout[-3000:] + done.stderr[-1000:]


def failing_tests(folder):
    """Names of the tests that fail; a crash or a hang is charged to the test that was running."""
    command = [str(folder / "bin" / "pmb_unit"), "--gtest_brief=0", "--gtest_color=no", "--gtest_filter=-StrictGl*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, errors="replace")
        output, ended = done.stdout, done.returncode in (0, 1)
        how = "crash"
    except subprocess.TimeoutExpired as late:
        output, ended, how = (late.stdout or b"").decode(errors="replace"), False, "hang"
    failed = list(dict.fromkeys(re.findall(r"^\[  FAILED  \] ([\w/.]+).*\(\d+ ms\)$", output, flags=re.MULTILINE)))
    if not ended:
        started = re.findall(r"^\[ RUN      \] (\S+)", output, flags=re.MULTILINE)
        failed.append(f"{started[-1] if started else '?'} ({how})")
    return failed


def plant(tree, fault):
    """Changes the copy; answers what undoes it, or nothing if the text is not there exactly once."""
    path = tree / fault["file"]
    original = path.read_text()
    if original.count(fault["old"]) != 1:
        return None
    path.write_text(original.replace(fault["old"], fault["new"]))
    return lambda: path.write_text(original)


def short_names(tests, most=3):
    subjects = list(dict.fromkeys(re.sub(r"^\w+/|/\w+$", "", name) for name in tests))
    return ", ".join(subjects[:most]) + (f" … ({len(subjects)} in all)" if len(subjects) > most else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="plant only faults whose name contains this")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "mutations", help="folder of copy and build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    faults = [fault for fault in read_faults(pathlib.Path(__file__).with_name("mutations.txt"))
              if arguments.only in fault["name"]]
    tree, folder = arguments.build / "tree", arguments.build / "build"
    shutil.rmtree(tree, ignore_errors=True)
    copy_tree(tree)
    configure(tree, folder)

    complaints = build(folder, arguments.jobs)
    already = [] if complaints else failing_tests(folder)
    if complaints or already:
        print(complaints or "these tests fail without any fault: " + ", ".join(already), file=sys.stderr)
        return 2

    width = max(len(fault["name"]) for fault in faults)
    print(f"{'fault':{width}}  failing  tests that see it")
    survived, broken = [], []
    for fault in faults:
        undo = plant(tree, fault)
        if undo is None:
            broken.append(fault["name"])
            print(f"{fault['name']:{width}}  the text to change is not in {fault['file']} exactly once", flush=True)
            continue
        complaints = build(folder, arguments.jobs)
        tests = [] if complaints else failing_tests(folder)
        undo()
        if complaints:
            broken.append(fault["name"])
            print(f"{fault['name']:{width}}  does not compile:\n{complaints}", flush=True)
            continue
        if not tests:
            survived.append(fault["name"])
        print(f"{fault['name']:{width}}  {len(tests):7}  {short_names(tests) or 'SURVIVED'}", flush=True)
    print(f"{len(faults)} faults, {len(survived)} survived, {len(broken)} could not be planted")
    return 2 if broken else 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
