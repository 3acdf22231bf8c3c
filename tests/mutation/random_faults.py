#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants small random faults all over the library, and shows those that no test sees.

    tests/mutation/random_faults.py [--seed S] [--count N] [--list | --diff | --self-test] [the options of run_mutations.py]

A fault swaps an operator, a bound or a boolean, moves a constant by one, drops a negation, a statement or a row of a table,
or replaces a condition. Files are drawn by their lines of code. The seed and the sources decide all faults. Comments,
literals, preprocessor lines, declarations and code of other systems stay as they are.

--list prints the faults as mutations.txt has them, so that a survivor can move to that list or to harmless.txt. --diff
prints them as patches. Without either, each is planted as run_mutations.py does. Faults of harmless.txt are left out.
"""

import argparse
import bisect
import difflib
import random
import re
import sys

import run_mutations
from run_mutations import CannotPlant, ROOT, body_of, closing, masked, planted

SOURCES = ("src/**/*.cpp", "src/**/*.hpp", "include/pmb/**/*.hpp")
# What a Linux build for x86 leaves out: files, and branches of #if.
FOREIGN_FILE = re.compile(r"_windows\.(cpp|hpp)$|/without_\w+\.cpp$")
FOREIGN_BRANCH = re.compile(r"(?<!!)defined\((_WIN32|_M_\w+|__aarch64__)\)|HWY_SCALAR")
NATIVE_BRANCH = re.compile(r"defined\(__x86_64__\)|!defined\(_WIN32\)")
DIRECTIVE = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)")

NO_FUNCTIONS = {"if", "for", "while", "switch", "catch", "return", "sizeof", "constexpr", "decltype", "noexcept", "requires",
                "alignas", "static_assert", "defined", "delete"}
CONDITION = re.compile(r"\b(if|while)\s*(?:constexpr\s*)?(?=\()")
DECLARATION = re.compile(r"\s*(?:const\s+)?(?:auto\b|[\w:]+[\s&*]+\w+\s*=[^=])")
JUMP = re.compile(r"(?:return\b[^;]*|break|continue)$")
EXPRESSION = re.compile(r"(?!(?:return|break|continue|using|delete|else|case|default|static_cast<void>)(?!\w))"
                        r"(?:\+\+|--)?\*?[\w:.>\-\[\]]+(?:\(.*\)[\w.>\-()\[\]]*|\s[-+*/|&^]?=\s.*|\+\+|--)?$", re.DOTALL)
SWAPS = (("comparison", re.compile(r"(?<= )(?:<=?|>=?|[=!]=)(?=\s)")),
         ("arithmetic", re.compile(r"(?<= )(?:[-+*|&]|[-+]=)(?= )")),
         ("logic", re.compile(r"(?<=\s)(?:&&|\|\|)(?=\s)")), ("bound", re.compile(r"\b(?:min|max)(?=\)?\()")),
         ("boolean", re.compile(r"\b(?:true|false)\b")))
SWAPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "/", "|": "&", "&": "|",
           "&&": "||", "||": "&&", "+=": "-=", "-=": "+=", "min": "max", "max": "min", "true": "false", "false": "true"}


# ---- places in the code

def blank(code):
    return re.sub(r"[^\n]", " ", code)


def compiled(text):
    """The text with everything blanked out in which no fault is planted, at the same positions."""
    lines, branches, continued = [], [], False
    for line in masked(text).splitlines(keepends=True):
        if directive := DIRECTIVE.match(line):
            word, condition = directive.groups()
            if word == "endif":
                branches.pop()
            elif word in ("elif", "else"):
                native, _ = branches.pop()
                branches.append((native, native or bool(FOREIGN_BRANCH.search(condition))))
            else:
                branches.append((bool(NATIVE_BRANCH.search(condition)), bool(FOREIGN_BRANCH.search(condition))))
        preprocessor = continued or line.lstrip().startswith("#")
        continued = preprocessor and line.endswith("\\\n")
        lines.append(blank(line) if preprocessor or any(foreign for _, foreign in branches) else line)
    code = "".join(lines)
    for found in re.finditer(r"\bstatic_assert\s*(?=\()", code):
        end = closing(code, found.end()) + 1
        code = code[: found.start()] + blank(code[found.start() : end]) + code[end:]
    return code


def scopes(code):
    """(first, last, name) of each outermost function body, and of each constant and table outside functions."""
    found, end = [], 0
    for match in re.finditer(r"(?:(\w+)::)?(?<![\w~])(\w+)\s*(?=\()", code):
        if match.start() < end or match[2] in NO_FUNCTIONS:
            continue
        body = body_of(code, match.end())
        if body:
            found.append((*body, f"{match[1]}::{match[2]}" if match[1] else match[2]))
            end = body[1]
    bodies = list(found)
    for match in run_mutations.CONSTANT.finditer(code):
        at = match.start()
        is_parameter = code.count("(", 0, at) > code.count(")", 0, at)
        if not is_parameter and not any(first < at < last for first, last, _ in bodies):
            found.append((match.end() - 1, code.index(";", match.end()), match[1]))
    return sorted(found)


def conditions(code, first, last):
    """The conditions of `if` and `while` with their keyword, without declarations before them in the same brackets."""
    for found in CONDITION.finditer(code, first, last):
        begin, end = found.end() + 1, closing(code, found.end())
        begin += code[begin:end].rfind(";") + 1
        if begin < end and not DECLARATION.match(code, begin, end):
            yield found[1], begin, end


def opening(code, at):
    """The position of the round bracket that the one at `at` closes."""
    depth = 0
    for position in range(at, -1, -1):
        depth += (code[position] == ")") - (code[position] == "(")
        if depth == 0:
            return position
    return 0


def is_guarded(before):
    """Whether the statement after `before` is the whole body of an `if`, `else` or loop."""
    if before.endswith(")"):
        return bool(re.search(r"\b(?:if|for|while)\s*(?:constexpr\s*)?$", before[: opening(before, len(before) - 1)]))
    return before.endswith(("else", "]]"))


def statements(code, first, last):
    """Statements that can be dropped: expressions, and jumps that depend on a condition."""
    for found in re.finditer(r"(?<=[;{})\s])[\w+*\-(]", code[first:last]):
        begin = end = first + found.start()
        before = code[:begin].rstrip()
        guarded = is_guarded(before)
        if not guarded and before[-1:] not in ";{}":
            continue
        depth = 0
        while end < last and not (depth == 0 and code[end] in ";}"):
            depth += (code[end] in "({[") - (code[end] in ")}]")
            end += 1
        statement = code[begin:end]
        does_something = EXPRESSION.match(statement) and re.search(r"\(|=|\+\+|--", statement)
        if code[end] == ";" and (does_something or (guarded and JUMP.match(statement))):
            yield begin, end + 1


def places(code, first, last):
    """(kind, begin, end, replacement) of every fault that fits between two positions."""
    body = code[first:last]
    for kind, pattern in SWAPS:
        for found in pattern.finditer(body):
            before = body[: found.start()]
            # template <class T>; auto && and const * in declarations
            if not (before.endswith("template ") or (found[0] in ("&&", "*") and re.search(r"\b(?:auto|const) $", before))):
                yield kind, first + found.start(), first + found.end(), SWAPPED[found[0]]
    for found in re.finditer(r"(?<![=!\w])!(?=[\w(*])", body):
        yield "negation", first + found.start(), first + found.end(), ""
    for found in re.finditer(r"(?<![\w.'])\d+(?![\w.'])", body):
        for new in {int(found[0]) + 1, max(int(found[0]) - 1, 0)} - {int(found[0])}:
            yield "constant", first + found.start(), first + found.end(), str(new)
    if code[first] == "=":
        for found in re.finditer(r"\{[^{}]*\},", body):
            yield "row", first + found.start(), first + found.end(), ""
        return
    for keyword, begin, end in conditions(code, first, last):
        for new in ("true", "false") if keyword == "if" else ("false",):
            yield "condition", begin, end, new
    for begin, end in statements(code, first, last):
        yield "statement", begin, end, ";"


# ---- faults as mutations.txt has them

def anchored(file, text, name, first, last, place):
    """The fault with the shortest anchor that fits this place alone, or nothing if none does."""
    kind, begin, end, new = place
    wanted = text[:begin] + new + text[end:]
    tokens = [found.span() for found in run_mutations.TOKEN.finditer(text, first, last + 1)]
    starts = [start for start, _ in tokens]
    left = bisect.bisect_right(starts, begin) - 1
    right = bisect.bisect_left(starts, end) - 1
    line, column = text.count("\n", 0, begin) + 1, begin - text.rfind("\n", 0, begin)
    for more in range(40):
        low, high = max(left - (more + 1) // 2, 0), min(right + more // 2, len(tokens) - 1)
        begin_old, end_old = min(tokens[low][0], begin), max(tokens[high][1], end)
        old = text[begin_old:end_old]
        if "//" in old or "=>" in old:
            return None
        fault = {"file": file, "function": name, "old": " ".join(old.split()),
                 "new": " ".join((text[begin_old:begin] + new + text[end:end_old]).split())}
        try:
            if planted(text, fault).split() == wanted.split():
                shown = " ".join(text[begin:end].split())
                return fault | {"name": f"{file}:{line}:{column}: {kind} {shown} becomes {new or 'nothing'}"}
        except CannotPlant:
            continue
    return None


def faults_of(file):
    """Every fault of a file by kind, and the lines of its code."""
    text = (ROOT / file).read_text()
    code, kinds = compiled(text), {}
    for first, last, name in scopes(code):
        for place in places(code, first, last):
            kinds.setdefault(place[0], []).append((text, name, first, last, place))
    return kinds, sum(bool(line.strip()) for line in code.splitlines())


def drawn(seed, count):
    """That many different faults."""
    dice, faults, seen = random.Random(seed), [], set(map(effect, run_mutations.read_faults(run_mutations.HARMLESS)))
    files = sorted(str(path.relative_to(ROOT)) for pattern in SOURCES for path in ROOT.glob(pattern))
    found = {file: faults_of(file) for file in files if not FOREIGN_FILE.search(file)}
    found = {file: (kinds, lines) for file, (kinds, lines) in found.items() if kinds}
    while len(faults) < count and found:
        file = dice.choices(list(found), [lines for _, lines in found.values()])[0]
        kinds, lines = found[file]
        kind = dice.choice(sorted(kinds))
        fault = anchored(file, *kinds[kind].pop(dice.randrange(len(kinds[kind]))))
        if not kinds[kind]:
            del kinds[kind]
        if not kinds:
            del found[file]
        if fault and effect(fault) not in seen:
            seen.add(effect(fault))
            faults.append(fault)
    return sorted(faults, key=lambda fault: fault["file"])


# ---- what is printed

def effect(fault):
    """Equal for faults that make the same text of a file, however they are anchored."""
    return fault["file"], "".join(planted((ROOT / fault["file"]).read_text(), fault).split())


def as_list(faults):
    lines, file = [], None
    for fault in faults:
        if fault["file"] != file:
            file = fault["file"]
            lines.append(f"\n== {file}")
        lines += [fault["name"], f"  {fault['function']}: {fault['old']} => {fault['new']}".rstrip()]
    return "\n".join(lines).lstrip()


def as_patches(faults):
    patches = []
    for fault in faults:
        text = (ROOT / fault["file"]).read_text()
        patches += difflib.unified_diff(text.splitlines(True), planted(text, fault).splitlines(True), f"a/{fault['file']}",
                                        f"b/{fault['file']}", n=1)
    return "".join(patches)


def self_test():
    """The faults that fit a small source, and no others."""
    source = """
      // if (a < b) return;
      #define LESS(a, b) ((a) < (b))
      constexpr Row kRows[] = {{7, kOne | kTwo}, {"0"}};
      int early(const Row& row = {});
      template <class T> bool late(T a, std::vector<T>& list) {
        static_assert(sizeof(T) < 8);
        const int size = int(a);
        if (const auto found = find(a); found && a) return true;
        list.push_back("a < b");
        return !list.empty();
      }
    """
    wanted = {("constant", "7", "8"), ("constant", "7", "6"), ("arithmetic", "|", "&"), ("row", "{7, kOne | kTwo},", ""),
              ("logic", "&&", "||"), ("boolean", "true", "false"),
              ("condition", " found && a", "true"), ("condition", " found && a", "false"), ("statement", "return true;", ";"),
              ("statement", 'list.push_back("a < b");', ";"), ("negation", "!", "")}
    code = compiled(source)
    found = {(kind, source[begin:end], new) for first, last, _ in scopes(code)
             for kind, begin, end, new in places(code, first, last)}
    for fault in sorted(found ^ wanted):
        print("missing" if fault in wanted else "unwanted", fault)
    return len(found ^ wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--diff", action="store_true", help="print the faults as patches")
    run_mutations.add_options(parser)
    arguments = parser.parse_args()
    if arguments.self_test:
        return 1 if self_test() else 0
    faults = drawn(arguments.seed, arguments.count)
    if arguments.list or arguments.diff:
        print(as_list(faults) if arguments.list else as_patches(faults))
        return 0
    try:
        rows = run_mutations.run(faults, [fault["name"] for fault in faults], arguments)
    except CannotPlant as reason:
        print(reason, file=sys.stderr)
        return 2
    survivors = {row["name"] for row in rows if row["outcome"] == "survived"}
    print(as_list([fault for fault in faults if fault["name"] in survivors]))
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
