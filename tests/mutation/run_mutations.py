#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants one fault after the other in a copy of the library and shows which tests see it.

    tests/mutation/run_mutations.py [--only WORD] [--sets SET,…] [--jobs N] [--all-tests] [--report FILE] [--build FOLDER]
    tests/mutation/run_mutations.py --list | --check | --self-test

mutations.txt lists the faults by file. A fault is two lines: its name, and `function: old => new`. `old` must occur
exactly once in that function; white space does not count, and an empty `new` deletes. `Class::function` tells functions
of one name apart, and a constant's name stands for its value. harmless.txt lists changes that no test can see, and the
reason in place of the name. --check plants every fault of both in memory, without a build.

The copy is built in one folder, so that a fault recompiles only what it touches. A run ends at the first test that
fails, and begins with the test that saw the fault last time; --all-tests counts every test that fails. The exit status
is 1 if a fault survived, and 2 if a fault cannot be planted or compiled, or if the tests fail without any fault.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = pathlib.Path(__file__).with_name("mutations.txt")
HARMLESS = pathlib.Path(__file__).with_name("harmless.txt")
COPIED = ("CMakeLists.txt", "cmake", "examples", "include", "src", "tests", "tools")
# The executable of each folder of tests.
EXECUTABLES = {"unit": "pmb_unit", "threads": "pmb_thread_tests", "gl": "pmb_gl_tests", "tool": "pmb_tool_tests"}
# A fault may make a test wait for ever. A run may take this many times the time of the run without a fault.
PATIENCE = 4
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|\w+|\S')
COMMENT_OR_LITERAL = re.compile(r'//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
SCOPE = re.compile(r"\b(?:class|struct)\s+(?:PMB_API\s+)?(?:alignas\([^)]*\)\s*)?(\w+)\s*(?:final\s*)?(?::[^;{}()]*)?\{")
CONSTANT = re.compile(r"\b(?:constexpr|const)\b[^;(){}=]*?\b(?!noexcept\b|override\b|const\b)(\w+)(?:\[[^\]]*\])?\s*[={]")
CLOSING = {"(": ")", "{": "}"}


class CannotPlant(Exception):
    """A fault whose anchor does not fit the sources, with the reason."""


# ---- the list

def read_faults(path):
    """The faults of a list: `== file`, then for each fault its name and `  function: old => new`. `#` opens a comment."""
    faults, file, name = [], None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            file = line[3:].strip()
        elif not line.startswith("  "):
            name = line.strip()
        else:
            anchor = re.fullmatch(r"  ([\w:~]+): (\S.*?) =>(?: (.*))?", line)
            if not anchor or not file or not name:
                raise CannotPlant(f"{path.name}:{number}: expected `function: old => new` below a name and a file")
            faults.append({"name": name, "file": file, "function": anchor[1], "old": anchor[2], "new": anchor[3] or ""})
            name = None
    return faults


def named_faults():
    """The faults of mutations.txt, of which no two have one name."""
    faults = read_faults(LIST)
    names = [fault["name"] for fault in faults]
    for twice in {name for name in names if names.count(name) > 1}:
        raise CannotPlant(f"{LIST.name}: two faults are called \"{twice}\"")
    return faults


# ---- functions of a source file

def masked(text):
    """The text with comments and literals blanked out, at the same positions."""
    return COMMENT_OR_LITERAL.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def closing(code, opening):
    """The position of the bracket that closes the one at `opening`."""
    depth, left, right = 0, code[opening], CLOSING[code[opening]]
    for at in range(opening, len(code)):
        depth += (code[at] == left) - (code[at] == right)
        if depth == 0:
            return at
    raise CannotPlant("brackets do not match")


def body_of(code, parameters):
    """The braces of the function whose parameter list opens at `parameters`; nothing if this is no definition."""
    at = closing(code, parameters) + 1
    head = re.compile(r"\s*(?:const|noexcept|override|final|try|mutable|requires\b[^{;]*|&&?|\[\[\w+\]\]|->\s*[\w:<>,&* ]+?(?=\s*\{))")
    while found := head.match(code, at):
        at = found.end()
    if initialisers := re.compile(r"\s*:(?!:)").match(code, at):
        at = initialisers.end()
        while member := re.compile(r"\s*[\w:<>]+\s*(?=[({])").match(code, at):
            at = closing(code, member.end()) + 1
            at = re.compile(r"\s*,?").match(code, at).end()
    opening = re.compile(r"\s*\{").match(code, at)
    return (opening.end() - 1, closing(code, opening.end() - 1)) if opening else None


def functions(text, wanted):
    """Where the bodies of the functions called `wanted` lie, or else the values of constants; a class may qualify it."""
    code, found = masked(text), []
    qualifier, _, name = wanted.rpartition("::")
    scopes = [(scope[1], scope.end() - 1, closing(code, scope.end() - 1)) for scope in SCOPE.finditer(code)]
    for match in re.finditer(rf"(?:(\w+)::)?(?<![\w~]){re.escape(name)}\s*(?=\()", code):
        body = body_of(code, match.end())
        if not body:
            continue
        inside = [scope for scope, first, last in scopes if first < match.start() < last]
        if not qualifier or qualifier == match[1] or qualifier in inside[-1:]:
            found.append(body)
    return found or [(match.end() - 1, code.index(";", match.end())) for match in CONSTANT.finditer(code) if match[1] == wanted]


# ---- planting

def planted(text, fault):
    """The text with the fault in it."""
    bodies = functions(text, fault["function"])
    if not bodies:
        raise CannotPlant(f"{fault['file']} defines no function {fault['function']}")
    pattern = re.compile(r"\s*".join(re.escape(token) for token in TOKEN.findall(fault["old"])))
    spans = sorted({found.span() for first, last in bodies for found in pattern.finditer(text, first, last + 1)})
    # A word is matched whole: `size` is not part of `size_bytes`.
    whole = [(first, last) for first, last in spans
             if not (re.match(r"\w\w", text[first - 1 : first + 1]) or re.match(r"\w\w", text[last - 1 : last + 1]))]
    if len(whole) != 1:
        raise CannotPlant(f"{fault['function']} in {fault['file']} has {len(whole)} times: {fault['old']}")
    first, last = whole[0]
    if TOKEN.findall(fault["old"]) == TOKEN.findall(fault["new"]):
        raise CannotPlant("the fault changes nothing")
    return text[:first] + fault["new"] + text[last:]


def plant(tree, fault):
    """Changes the file; returns what undoes it."""
    path = tree / fault["file"]
    if not path.is_file():
        raise CannotPlant(f"there is no {fault['file']}")
    original = path.read_text()
    path.write_text(planted(original, fault))
    return lambda: path.write_text(original)


def check(faults):
    """Names every fault that does not fit the sources; returns how many."""
    wrong = 0
    for fault in faults:
        try:
            path = ROOT / fault["file"]
            planted(path.read_text() if path.is_file() else "", fault)
        except CannotPlant as reason:
            print(f"{fault['name']}: {reason}")
            wrong += 1
    return wrong


def self_test():
    """Anchors that must and must not fit."""
    source = """
      struct Meter { int value() const { return high; } };
      struct Other { int value() const { return low; } };
      // int late() { return 1; }
      Ring::Ring(int size) : size_(size), half_{size / 2} { check(size); }
      int late(int a) { if (ready(a)) { return a  +
          1; } return a; }
      int late(long a) { return twice(a, size_bytes); }
    """
    fits = [("Meter::value", "high", "0"), ("Ring", "check(size)", ""), ("late", "a + 1", "a"), ("late", "return a;", "return 0;"),
            ("late", "twice(a,size_bytes)", "a")]
    fails = [("value", "return", "x"), ("late", "size", "x"), ("late", "return", "x"), ("ready", "a", "x"), ("late", "a+1", "a + 1"),
             ("absent", "a", "b")]
    wrong = 0
    for function, old, new in fits + fails:
        try:
            planted(source, {"file": "source", "function": function, "old": old, "new": new})
            fitted = True
        except CannotPlant:
            fitted = False
        if fitted != ((function, old, new) in fits):
            print(f"{'accepted' if fitted else 'refused'}: {function}: {old} => {new}")
            wrong += 1
    return wrong


# ---- building and running

def copy_tree(target):
    """Makes the copy equal to the tree. Files that are equal keep their times, so the next run does not rebuild them."""
    sources = [path for name in COPIED for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
               if path.is_file() and "__pycache__" not in path.parts]
    for path in sources:
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.is_file() or copy.read_bytes() != path.read_bytes():
            shutil.copy(path, copy)
    known = {target / path.relative_to(ROOT) for path in sources}
    for path in target.rglob("*"):
        if path.is_file() and path not in known:
            path.unlink()


def configure(tree, folder, sets):
    launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
    subprocess.run(["cmake", "-G", "Ninja", "-S", tree, "-B", folder, "-DCMAKE_BUILD_TYPE=None", "-DPMB_BUILD_BENCH=OFF",
                    "-DPMB_BUILD_PYTHON=OFF", "-DPMB_BUILD_FORTRAN=OFF", f"-DPMB_TEST_SETS={';'.join(sets)}",
                    f"-DPMB_BUILD_TOOLS={'ON' if 'tool' in sets else 'OFF'}",
                    *(launcher if shutil.which("ccache") else [])], check=True, stdout=subprocess.DEVNULL)


def build(folder, jobs, executable):
    """The compiler's complaints, or nothing."""
    done = subprocess.run(["ninja", "-C", folder, f"-j{jobs}", executable], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout[-3000:] + done.stderr[-1000:]


def names_of_failures(output, ended, how):
    """Names of the tests that failed; a crash or a hang is charged to the test that was running."""
    failed = list(dict.fromkeys(re.findall(r"^\[  FAILED  \] ([\w/.]+).*\(\d+ ms\)$", output, flags=re.MULTILINE)))
    if not ended:
        started = re.findall(r"^\[ RUN      \] (\S+)", output, flags=re.MULTILINE)
        failed.append(f"{started[-1] if started else '?'} ({how})")
    return failed


def run_tests(folder, executable, shards, all_tests, limit_s, only="*"):
    """The failing tests. They run in `shards` processes; unless all tests are wanted, the first failure ends all."""
    command = [str(folder / "bin" / executable), "--gtest_brief=0", "--gtest_color=no", f"--gtest_filter={only}-StrictGl*"]
    command += [] if all_tests else ["--gtest_fail_fast"]
    logs = [folder / f"shard_{i}.log" for i in range(shards)]
    running = []
    for i, log in enumerate(logs):
        with log.open("w") as output:
            shard = {"GTEST_TOTAL_SHARDS": str(shards), "GTEST_SHARD_INDEX": str(i)}
            running.append(subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, env=os.environ | shard))
    until, ends = time.monotonic() + limit_s, [None] * shards
    while None in ends and time.monotonic() < until and (all_tests or not any(ends)):
        ends = [process.poll() for process in running]
        time.sleep(0.02)
    late = time.monotonic() >= until
    failed = []
    for process, log, end in zip(running, logs, ends):
        if end is None:
            process.kill()
            process.wait()
        if end is None and not late:
            continue  # stopped because another shard had failed
        failed += names_of_failures(log.read_text(errors="replace"), end in (0, 1), "crash" if end is not None else "hang")
    return failed


def seen_by(folder, arguments, limits_s, last):
    """The compiler's complaints, and the tests that see the planted fault, the one of the last run first."""
    seen = []
    for executable, limit_s in limits_s.items():
        complaints = build(folder, arguments.jobs, executable)
        if complaints:
            return complaints, []
        if last and not arguments.all_tests:
            seen = run_tests(folder, executable, 1, False, limit_s, last)
        seen += seen or run_tests(folder, executable, arguments.jobs, arguments.all_tests, limit_s)
        if seen and not arguments.all_tests:
            break
    return "", seen


def without_fault(folder, arguments):
    """How long each executable may run; raises CannotPlant if one fails or does not compile."""
    limits_s = {}
    for executable in (EXECUTABLES[name] for name in arguments.sets):
        complaints = build(folder, arguments.jobs, executable)
        begin = time.monotonic()
        already = [] if complaints else run_tests(folder, executable, arguments.jobs, True, float("inf"))
        if complaints or already:
            raise CannotPlant(complaints or "these tests fail without any fault: " + ", ".join(already))
        limits_s[executable] = max(60, PATIENCE * (time.monotonic() - begin))
    return limits_s


# ---- the report

def subject(test):
    """A test without its parameters."""
    return re.sub(r"^\w+/(?=\w+\.)|/\w+(?=$| )", "", test)


def write_report(path, rows, names):
    """A table as Markdown, and the same as JSON. Rows of earlier runs stay, so that the list can be run in parts."""
    earlier = path.with_suffix(".json")
    known = {row["name"]: row for row in json.loads(earlier.read_text())} if earlier.exists() else {}
    known.update({row["name"]: row for row in rows})
    rows = [known[name] for name in names if name in known]
    killed = sum(row["outcome"] == "killed" for row in rows)
    lines = [f"{len(rows)} faults: {killed} killed, {len(rows) - killed} not.", "", "| file | fault | outcome | seen by |",
             "|---|---|---|---|"]
    for row in rows:
        tests = list(dict.fromkeys(map(subject, row["tests"])))
        more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
        lines.append(f"| {row['file']} | {row['name']} | {row['outcome']} | {', '.join(f'`{t}`' for t in tests[:3])}{more} |")
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")
    path.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")


def try_fault(fault, tree, folder, arguments, limits_s, last):
    """One row of the report: what became of the fault."""
    row = {"file": fault["file"], "name": fault["name"], "tests": []}
    try:
        undo = plant(tree, fault)
    except CannotPlant as reason:
        return row | {"outcome": "not planted", "why": str(reason)}
    complaints, tests = seen_by(folder, arguments, limits_s, last)
    undo()
    if complaints:
        return row | {"outcome": "not compiled", "why": complaints}
    return row | {"outcome": "killed" if tests else "survived", "tests": tests}


def run(faults, names, arguments):
    """One row of the report for each fault, printed as they come."""
    tree, folder, memory = arguments.build / "tree", arguments.build / "build", arguments.build / "last.json"
    copy_tree(tree)
    configure(tree, folder, arguments.sets)
    limits_s = without_fault(folder, arguments)
    last = json.loads(memory.read_text()) if memory.exists() else {}
    width, rows = max(len(fault["name"]) for fault in faults), []
    for fault in faults:
        rows.append(try_fault(fault, tree, folder, arguments, limits_s, last.get(fault["name"])))
        row = rows[-1]
        first = row["tests"][0] if row["tests"] else row.get("why", "")
        more = f" (+{len(row['tests']) - 1})" if len(row["tests"]) > 1 else ""
        print(f"{row['name']:{width}}  {row['outcome']}  {first}{more}", flush=True)
        if row["tests"]:
            last[row["name"]] = first.split(" ")[0]
            memory.write_text(json.dumps(last, indent=1))
        if arguments.report:
            write_report(arguments.report, rows, names)
    count = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in ("killed", "survived")}
    broken = len(rows) - sum(count.values())
    print(f"{len(rows)} faults: {count['killed']} killed, {count['survived']} survived, {broken} not planted or not compiled")
    return rows


def add_options(parser):
    """The options that every script has that plants faults."""
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "mutations", help="folder of the copy and its build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sets", type=lambda names: names.split(","), default=["unit"],
                        help=f"folders of tests, in the order in which they run: {', '.join(EXECUTABLES)}")
    parser.add_argument("--all-tests", action="store_true", help="run every test for every fault")
    parser.add_argument("--report", type=pathlib.Path, help="write the table to FILE.md and FILE.json, which keep the rows of other faults")
    parser.add_argument("--list", action="store_true", help="print the faults")
    parser.add_argument("--self-test", action="store_true", help="only check how faults are found in a small source")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--only", default="", help="only faults whose name or file contains this")
    parser.add_argument("--check", action="store_true", help="only check that every fault fits the sources")
    arguments = parser.parse_args()
    if arguments.self_test:
        return 1 if self_test() else 0
    try:
        listed = named_faults()
        faults = [fault for fault in listed if arguments.only in f"{fault['file']} {fault['name']}"]
        if arguments.list:
            print("\n".join(f"{fault['file']}: {fault['name']}" for fault in faults))
            return 0
        if arguments.check:
            return 2 if check(faults + read_faults(HARMLESS)) else 0
        if not faults:
            raise CannotPlant("no fault has that name")
        outcomes = {row["outcome"] for row in run(faults, [fault["name"] for fault in listed], arguments)}
    except CannotPlant as reason:
        print(reason, file=sys.stderr)
        return 2
    return 2 if outcomes - {"killed", "survived"} else 1 if "survived" in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
