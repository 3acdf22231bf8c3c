#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every C++ block of README.md and docs/*.md stands, line for line, in one of examples (indentation may be
left off), that links between the documents lead somewhere, and that every test they name exists.
Usage: check_documents.py ROOT"""
import pathlib
import re
import sys


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def contains(whole, part):
    return any(whole[i : i + len(part)] == part for i in range(len(whole) - len(part) + 1))


def main():
    root = pathlib.Path(sys.argv[1])
    snippets = [lines_of(path.read_text()) for path in sorted((root / "examples").glob("*.?pp"))]
    documents = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    # A parameterised test is named by its suite alone: TEST_P(Suite, Name).
    tests = set()
    for path in (root / "tests").rglob("*_test.cpp"):
        tests.update(".".join(pair) for pair in re.findall(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", path.read_text()))
    # Those that are no C++ are named in full where they are registered.
    tests.update(re.findall(r"\b[A-Z]\w+\.[A-Z]\w{8,}", (root / "tests/CMakeLists.txt").read_text()))
    wrong = 0
    for document in documents:
        text = document.read_text()
        for block in re.finditer(r"^```cpp\n(.*?)^```", text, re.S | re.M):
            if not any(contains(snippet, lines_of(block.group(1))) for snippet in snippets):
                line = text[: block.start()].count("\n") + 1
                print(f"{document}:{line}: this C++ block stands in no file of examples")
                wrong += 1
        # Code may look like links; line numbers stay.
        text = re.sub(r"^```.*?^```", lambda block: "\n" * block.group().count("\n"), text, flags=re.S | re.M)
        for link in re.finditer(r"\]\((?!https?:|#)([^)#\s]+)", text):
            if not (document.parent / link.group(1)).exists():
                line = text[: link.start()].count("\n") + 1
                print(f"{document}:{line}: {link.group(1)} does not exist")
                wrong += 1
        for name in re.finditer(r"`([A-Z]\w+\.[A-Z]\w{8,})`", text):
            if name.group(1) not in tests:
                line = text[: name.start()].count("\n") + 1
                print(f"{document}:{line}: there is no test {name.group(1)}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
