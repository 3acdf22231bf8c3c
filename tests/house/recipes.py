#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the recipes of vcpkg and Conan without their registries: they parse, every CMake option that they set exists, and
versions agree.

    tests/house/recipes.py TREE
"""

import ast
import json
import pathlib
import re
import sys


def main(tree):
    tree = pathlib.Path(tree)
    port = tree / "packaging/vcpkg"
    texts = [(port / "portfile.cmake").read_text(), (tree / "packaging/conan/conanfile.py").read_text()]
    ast.parse(texts[1])
    manifest = json.loads((port / "vcpkg.json").read_text())
    options = set(re.findall(r"option\((PMB_\w+)", (tree / "CMakeLists.txt").read_text()))
    version = re.search(r'VERSION_STRING "(.*)"', (tree / "include/pmb/version.hpp").read_text())[1]
    changelog = (tree / "packaging/debian/changelog").read_text()

    faults = [f"there is no option {name}" for text in texts for name in re.findall(r"\bPMB_BUILD_\w+", text)
              if name not in options]
    if manifest["version"] != version:
        faults.append(f"vcpkg.json has version {manifest['version']}, the headers have {version}")
    if not changelog.startswith(f"pmb ({version}) "):
        faults.append(f"packaging/debian/changelog does not begin with version {version}")
    features = re.search(r"FEATURES (.*)\)", texts[0])[1].split()[::2]
    if set(features) != set(manifest["features"]):
        faults.append(f"vcpkg.json and portfile.cmake have other features: {features}")
    print("\n".join(faults) or "the recipes agree with the tree")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
