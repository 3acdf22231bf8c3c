#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that every C++ block of README.md and docs/*.md stands, line for line, in one of docs/snippets, and that links
between the documents lead somewhere. A block may leave indentation off. Usage: check_documents.py ROOT"""
import pathlib
import re
import sys


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def contains(whole, part):
    return any(whole[i : i + len(part)] == part for i in range(len(whole) - len(part) + 1))


def main():
    root = pathlib.Path(sys.argv[1])
    snippets = [lines_of(path.read_text()) for path in sorted((root / "docs/snippets").glob("*.?pp"))]
    documents = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("*.md"))]
    wrong = 0
    for document in documents:
        text = document.read_text()
        for block in re.finditer(r"^```cpp\n(.*?)^```", text, re.S | re.M):
            if not any(contains(snippet, lines_of(block.group(1))) for snippet in snippets):
                line = text[: block.start()].count("\n") + 1
                print(f"{document}:{line}: this C++ block stands in no file of docs/snippets")
                wrong += 1
        for link in re.finditer(r"\]\((?!https?:|#)([^)#\s]+)", text):
            if not (document.parent / link.group(1)).exists():
                line = text[: link.start()].count("\n") + 1
                print(f"{document}:{line}: {link.group(1)} does not exist")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
