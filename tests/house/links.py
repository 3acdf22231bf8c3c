#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every name in a document or a comment exists, and that documents show only compiled code.

    tests/house/links.py [ROOT]          checks the tree; every broken reference is one line: file:line and the reason
    tests/house/links.py --self-test     plants broken references in a copy of the tree and expects each to be found

Documents (README.md, CONTRIBUTING.md, CHANGELOG.md, docs/, tests/**/README.md): linked files and headings; in backticks
the names of files, tests and code. C++, C and Fortran blocks must occur, line for line, in one of examples/ (indentation may differ).
Messages of reports (PMB-81 …) must have the sentence of errors.def.
The changelog may name what is gone.
Comments of sources: names of files and tests, and rows of docs/spec.md, which are written docs/spec.md, row "name".
"""

import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOPS = ("include", "src", "tools", "tests", "bench", "examples", "python", "fortran", "docs", "cmake")
CPP = {".hpp", ".cpp", ".h", ".c", ".def", ".comp"}
FORTRAN = {".f90"}
HASH = {".py", ".sh", ".cmake", ".txt", ""}
EXTENSIONS = "hpp|cpp|def|comp|md|py|sh|cmake|txt|json|html|js"

# Words in backticks that are no names of this tree.
FOREIGN = re.compile(
    r"gl[A-Z]\w*|egl[A-Z]\w*|(?!PMB_\w)_?[A-Z][A-Z0-9]*(_\w*)*"  # OpenGL and EGL; flags and extensions in capitals
    r"|GL_\w+|EGL_\w+|[iu]?vec\d|std|mem\w+|\w+_t"  # GLSL and the C++ library
    r"|UpperCamel|snake_case|kCamel|trailing_|bufSize"  # naming styles; a parameter of the GL specification
    r"|add_subdirectory|[\w-]+\.so(\.\d+)?")  # CMake; libraries
TEST_NAME = re.compile(r"(?<![\w./])([A-Z]\w+\.[A-Z]\w{8,})\b")
CODE_LIKE = re.compile(r"\w*[a-z0-9]_\w+|[A-Z]\w*[a-z]\w*[A-Z]\w*|\w+_|\w+(?=\(\))")


class Tree:
    """What exists: files, headings, tests, rows of docs/spec.md, words of the code."""

    def __init__(self, root):
        self.root = root
        self.sources = sorted(path for top in TOPS for path in (root / top).rglob("*")
                              if path.is_file() and "__pycache__" not in path.parts)
        self.sources += [path for path in (root / "CMakeLists.txt", root / "CMakePresets.json", root / "run") if path.exists()]
        self.documents = [path for path in sorted(root.glob("*.md")) + self.sources if path.suffix == ".md"]
        self.names = {path.relative_to(root).as_posix() for path in [*self.sources, *self.documents]}
        self.texts = {path: path.read_text(errors="replace") for path in {*self.sources, *self.documents}
                      if path.suffix in CPP | FORTRAN | HASH | {".md", ".html", ".js"} or path.name == "CMakePresets.json"}
        self.code = {path: without_comments(path, text) for path, text in self.texts.items()
                     if path.suffix != ".md" and path.parent != root / "tests" / "house" and "results" not in path.parts}
        self.words = {path: set(re.findall(r"\w+", text)) for path, text in self.code.items()}
        self.all_words = set().union(*self.words.values())
        self.components = {f"pmb::{name}" for text in self.texts.values() for name in re.findall(r"^ *pmb_component\((\w+)", text, re.M)}
        self.tests = self.all_tests()
        self.examples = [lines_of(self.texts[path]) for path in self.sources
                         if path.parent.name in ("examples", "c", "fortran", "misuse") and path.is_relative_to(root / "examples")
                         and path.suffix in CPP | FORTRAN]
        errors = self.texts.get(root / "include" / "pmb" / "errors.def", "")
        self.messages = {f"PMB-{number} {name}": re.sub(r"\\{[^}]*\\}", "[0-9]+", re.escape(sentence)) for number, name, sentence
                         in re.findall(r'^PMB_ERROR\((\d+), (\w+), .*?"((?:[^"\\]|\\.)*)"\)$', errors, re.M)}
        spec = self.texts.get(root / "docs" / "spec.md", "")
        self.rows = {row.strip() for row in re.findall(r"^\| ([^|]+?) \|", spec, re.M)} - {"row"}

    def all_tests(self):
        # A parameterised test is named by its suite alone: TEST_P(Suite, Name).
        tests = {f"{suite}.{name}" for path, text in self.texts.items() if path.name.endswith("_test.cpp")
                 for suite, name in re.findall(r"\b(?:TEST(?:_F|_P)?|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+)", text)}
        # Tests that are not C++ are named where ctest learns of them.
        for path in (self.root / "tests" / "CMakeLists.txt", self.root / "examples" / "CMakeLists.txt"):
            tests.update(re.findall(r"\b[A-Z]\w+\.[A-Z]\w{8,}", self.texts.get(path, "")))
        tests.update(re.findall(r"add_test\((\w+\.\w+)", self.texts.get(self.root / "run", "")))
        return tests

    def has_file(self, name):
        """A path from the root, or the end of one: `upload_ring.hpp`, `ring/upload_ring.cpp`."""
        name = name.removeprefix("./").rstrip("/")
        return (self.root / name).exists() or any(("/" + known).endswith("/" + name) for known in self.names)

    def has_test(self, name):
        return name in self.tests

    def has_code(self, name):
        """A word of the code. `Type::member` needs a file that defines Type and has the member."""
        if name in self.components:
            return True
        parts = [part for part in name.split("::") if part]
        if any(not FOREIGN.fullmatch(part) and part not in self.all_words for part in parts):
            return False
        if len(parts) < 2 or FOREIGN.fullmatch(parts[-2]):
            return True
        defines = re.compile(rf"\b(?:class|struct|enum|namespace)\s+(?:PMB_API\s+)?(?:\w+::)*{parts[-2]}\b")
        return any(parts[-1] in words and parts[-2] in words and defines.search(self.code[path])
                   for path, words in self.words.items())


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def contains(whole, part):
    return any(whole[i : i + len(part)] == part for i in range(len(whole) - len(part) + 1))


def without_comments(path, text):
    if path.suffix in FORTRAN:
        return re.sub(r"^\s*!.*$", "", text, flags=re.M)
    if path.suffix not in CPP:
        return text
    return re.sub(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', lambda found: found[1] or " ", text, flags=re.S)


def heading_anchors(text):
    """Anchors as GitHub makes them from headings."""
    text, anchors = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), set()
    for heading in re.findall(r"^#+\s+(.*?)\s*#*$", text, re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        unique, number = anchor, 0
        while unique in anchors:
            number += 1
            unique = f"{anchor}-{number}"
        anchors.add(unique)
    return anchors


def blocks(tree, text):
    """C++, C and Fortran blocks that no example has."""
    for block in re.finditer(r"^```(?:cpp|c|fortran)\n(.*?)^```", text, re.S | re.M):
        if not any(contains(example, lines_of(block[1])) for example in tree.examples):
            yield block.start(), "this block is in no file of examples/"


def messages(tree, text):
    """Messages of reports with a sentence that pmb does not have."""
    for line in re.finditer(r"^(PMB-\d+ \w+): (.*) \(buffer .*\)$", text, re.M):
        if not re.fullmatch(tree.messages.get(line[1], ""), line[2]):
            yield line.start(), f"errors.def has another sentence for {line[1]}"


def links(tree, document, text):
    for link in re.finditer(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        target = document.parent / link[1] if link[1] else document
        if not target.exists():
            yield link.start(), f"{link[1]} does not exist"
        elif link[2] and link[2] not in heading_anchors(target.read_text()):
            yield link.start(), f"{link[1] or 'this document'} has no heading #{link[2]}"


def quoted(tree, text):
    """Names in backticks."""
    for quote in re.finditer(r"`([^`\n]+)`", text):
        word = quote[1]
        if re.fullmatch(r"(?:[a-z]+\.)?[A-Z]\w+\.[A-Z]\w{8,}", word):
            test = ".".join(word.split(".")[-2:])
            if not tree.has_test(test):
                yield quote.start(), f"there is no test {test}"
        elif re.fullmatch(rf"[\w./-]+\.(?:{EXTENSIONS})", word) or re.fullmatch(rf"(?:{'|'.join(TOPS)})/[\w./-]*", word):
            if not word.startswith("build/") and not tree.has_file(word):
                yield quote.start(), f"there is no file {word}"
        else:
            for name in names_in(word):
                if not tree.has_code(name):
                    yield quote.start(), f"no code is called {name}"


def names_in(quote):
    """The words of quoted code that must exist: names with `::`, `_`, inner capitals or a call's brackets."""
    if quote.startswith(("./run", "build/", "--", "~", "$", "/")) or re.search(r"^\w+ --|\.\w+ -", quote):
        return
    for name in re.findall(r"\w+(?:::\w+)+|\w+(?=\(\))|\w+", quote):
        if "::" in name or (CODE_LIKE.fullmatch(name) and not FOREIGN.fullmatch(name)):
            yield name
    yield from re.findall(r"\w+(?=\(\))", quote)


def check_document(tree, path):
    text = tree.texts[path]
    yield from blocks(tree, text)
    yield from messages(tree, text)
    # Code may look like links; the numbers of the lines stay.
    prose = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.S | re.M)
    offset_of = line_starts(text)
    names = quoted(tree, prose) if path.name != "CHANGELOG.md" else []
    for at, why in [*links(tree, path, prose), *names]:
        yield offset_of[prose[:at].count("\n")], why


def line_starts(text):
    return [0, *(found.end() for found in re.finditer(r"\n", text))]


def comments(path, text):
    """Each run of comment lines as (position of its first line, its words)."""
    mark = r"//[/!]*<?|/?\*+/?" if path.suffix in CPP else r"!" if path.suffix in FORTRAN else r"#"
    only = re.compile(rf"\s*(?:{mark})(?=\s|$)(.*)")
    trailing = re.compile(r'^(?:[^"\n]|"(?:\\.|[^"\\\n])*")*?\s//[/!]*<?\s(.*)')
    at, first, run = 0, 0, []
    for line in [*text.split("\n"), ""]:
        found = only.match(line)
        if not found and run:
            yield first, " ".join(run)
            run = []
        if found:
            first = first if run else at
            run.append(found[1].strip())
        elif path.suffix in CPP and (found := trailing.match(line)):
            yield at, found[1]
        at += len(line) + 1


def check_source(tree, path):
    for at, words in comments(path, tree.texts[path]):
        for number in re.findall(r"\b(?:Scenario|Contract) \d+\w?", words):
            yield at, f"{number} is no reference: write docs/spec.md, row \"name\", or leave it out"
        for row in re.findall(r'docs/spec\.md, row "([^"]*)"', words):
            if row not in tree.rows:
                yield at, f"docs/spec.md has no row \"{row}\""
        for name in re.findall(rf"(?<![\w./*<>{{}}-])((?:[\w-]+/)*[\w-]{{2,}}\.(?:hpp|cpp|def|md|py|cmake))\b(?![\w(])", words):
            if not tree.has_file(name):
                yield at, f"there is no file {name}"
        for name in TEST_NAME.findall(words):
            if not tree.has_test(name):
                yield at, f"there is no test {name}"


def broken(root):
    """Every broken reference, as file:line: reason."""
    tree, found = Tree(root.resolve()), []
    for path, text in sorted(tree.texts.items()):
        own = path.parent.name == "house" and path.parent.parent.name == "tests"
        if path.suffix == ".md":
            wrong = check_document(tree, path)
        elif path.suffix in CPP | FORTRAN | HASH and not own and "third_party" not in path.parts:
            wrong = check_source(tree, path)
        else:
            continue
        for at, why in wrong:
            found.append(f"{path.relative_to(tree.root)}:{text.count(chr(10), 0, at) + 1}: {why}")
    return found


def self_test():
    """Each planted reference is found, and those beside it that are right are not."""
    planted = [
        ("README.md", "[gone](docs/gone.md)", "docs/gone.md does not exist"),
        ("README.md", "[gone](docs/spec.md#gone)", "docs/spec.md has no heading #gone"),
        ("docs/drivers.md", "`Timeline.IsGoneAltogether`", "there is no test Timeline.IsGoneAltogether"),
        ("docs/drivers.md", "`src/gone.cpp`", "there is no file src/gone.cpp"),
        ("docs/drivers.md", "`UploadRing::gone_long_ago`", "no code is called UploadRing::gone_long_ago"),
        ("docs/drivers.md", "`UploadRing::parallel_for`", "no code is called UploadRing::parallel_for"),
        ("docs/drivers.md", "`gone_long_ago`", "no code is called gone_long_ago"),
        ("docs/drivers.md", "`goneLongAgo()`", "no code is called goneLongAgo"),
        ("docs/drivers.md", "```cpp\nint gone_long_ago();\n```", "this block is in no file of examples/"),
        ("docs/drivers.md", "```fortran\ncall gone_long_ago()\n```", "this block is in no file of examples/"),
        ("docs/drivers.md", "```text\nPMB-25 stale_slice: it is gone (buffer 3, …)\n```", "another sentence for PMB-25 stale_slice"),
        ("fortran/status.f90", "! See docs/gone.md.", "there is no file docs/gone.md"),
        ("src/gl/gl_table.hpp", "// See docs/gone.md.", "there is no file docs/gone.md"),
        ("src/gl/gl_table.hpp", "int gone;  ///< as in gone.hpp", "there is no file gone.hpp"),
        ("src/gl/gl_table.hpp", "// Timeline.IsGoneAltogether shows it.", "there is no test Timeline.IsGoneAltogether"),
        ("src/gl/gl_table.hpp", '// (docs/spec.md,\n// row "gone")', 'docs/spec.md has no row "gone"'),
        ("src/gl/gl_table.hpp", "// Scenario 14: gone.", "Scenario 14 is no reference"),
        ("run", "# See docs/gone.md.", "there is no file docs/gone.md"),
    ]
    right = [("docs/drivers.md", "`UploadRing::acquire` `docs/spec.md` `src/gl` `glFlush` [x](spec.md) `Timeline.AWaitPollsFirst`"),
             ("src/gl/gl_table.hpp", "// gl_table.hpp, docs/spec.md and Timeline.AWaitPollsFirst exist.")]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for name in TOPS:
            shutil.copytree(ROOT / name, root / name)
        for path in (*ROOT.glob("*.md"), ROOT / "run", ROOT / "CMakeLists.txt", ROOT / "CMakePresets.json"):
            shutil.copy(path, root / path.name)
        before = broken(root)
        for file, text in [*((file, text) for file, text, _ in planted), *right]:
            with (root / file).open("a") as end:
                end.write(f"\n\n{text}\n\nint after;\n" if file.endswith("hpp") else f"\n\n{text}\n")
        found = [line for line in broken(root) if line not in before]
        for file, _, why in planted:
            if not any(line.startswith(f"{file}:") and why in line for line in found):
                print(f"not found: {file}: {why}")
                wrong += 1
        if len(found) != len(planted):
            print("found:", *found, sep="\n")
            wrong += 1
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    found = broken(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
