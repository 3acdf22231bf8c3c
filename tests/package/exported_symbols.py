#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the symbols that shared libraries export with the declarations of the public headers, in both directions.

    exported_symbols.py PREFIX     reads PREFIX/include and the libraries below PREFIX/lib*

A symbol of a version PMB_PRIVATE… serves pmb's components and may be in no header. Every other symbol must belong to a
class or function that a header marks with PMB_API, and each of those must be exported.
"""

import pathlib
import re
import subprocess
import sys

NAMESPACE = re.compile(r"namespace (\w+(?:::\w+)*) \{")
STRUCT = re.compile(r"struct (\w+) \{")
CLASS = re.compile(r"(?:class|struct) PMB_API (\w+)")
FUNCTION = re.compile(r"PMB_API .*?(operator\(\)|\w+)\(")
EXPORTED = re.compile(r"[0-9a-f]+ (?!A)\w (.*?)(?:@@(\S+))?$")
# The functions of the Fortran module are declared in its source.
FORTRAN = "__gpu_persistent_buffers_MOD_"


def declared(header):
    """The names that a header marks: `pmb::Slice` for a class, `pmb::upload` or `pmb::Error::message` for a function."""
    namespaces, struct = [], []
    # A namespace of one line declares names of classes only, and its end has no comment.
    text = re.sub(r"^namespace \w+ \{\n.*\n\}$|^#.*$", "", header.read_text(), flags=re.M)
    for line in text.splitlines():
        if match := NAMESPACE.match(line):
            namespaces.append(match[1])
        elif line.startswith("}  // namespace"):
            namespaces.pop()
        elif match := STRUCT.match(line):
            struct = [match[1]]
        elif line == "};":
            struct = []
        elif match := CLASS.match(line):
            yield "::".join([*namespaces, match[1]])
        elif match := FUNCTION.search(line):
            yield "::".join([*namespaces, *struct, match[1]])


def exported(library):
    """Each exported symbol, without its parameters and the ABI tag of std::string, and its version."""
    lines = subprocess.run(["nm", "-DC", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    for line in lines.splitlines():
        if match := EXPORTED.match(line):
            yield re.match(r"(?:operator\(\)|[^([])*", match[1])[0], match[2] or "no version"


def main(prefix):
    libraries = list(prefix.glob("lib*/**/libpmb*.so"))
    headers = [*prefix.glob("include/**/*.hpp"), *prefix.glob("include/**/*.h")]
    names = {name for header in headers for name in declared(header)}
    problems, seen = [], set()
    for library in libraries:
        for symbol, version in exported(library):
            declaration = next((name for name in (symbol, symbol.rpartition("::")[0]) if name in names), None)
            seen.add(declaration)
            private = version.startswith("PMB_PRIVATE_")
            if private and declaration:
                problems.append(f"{library.name}: {symbol} has the version {version}, but a header declares it")
            if not private and not declaration and not symbol.startswith(FORTRAN):
                problems.append(f"{library.name}: {symbol} ({version}) is exported, but no header declares it")
    problems += [f"{name} is declared, but no library exports it" for name in sorted(names - seen)]
    print("\n".join(problems) or f"{len(libraries)} libraries export {len(names)} declared names")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
