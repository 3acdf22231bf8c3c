# SPDX-License-Identifier: MIT
"""The stubs say what the module has, everything public has a description, and mypy accepts both and two examples."""

import ast
import inspect
import re
import subprocess
import sys

import pmb
import pmb._pmb
import pytest
from support import TREE

STUBS = TREE / "python/pmb/_pmb.pyi"
SPECIAL = ("__init__", "__enter__", "__exit__", "__str__", "__eq__", "__array__", "__cuda_array_interface__", "__dlpack__",
           "__dlpack_device__")


def arguments(definition):
    """Names, kinds and defaults of a function definition, without self."""
    given = definition.args
    names = [name.arg for name in given.args if name.arg != "self"]
    defaults = [ast.unparse(value) for value in [*given.defaults, *(value for value in given.kw_defaults if value)]]
    return names, [name.arg for name in given.kwonlyargs], defaults


def in_stubs():
    """Every public name of the stubs: a function's signatures, or "property" or "value"."""
    found = {}

    def visit(body, prefix):
        for node in body:
            if isinstance(node, ast.ClassDef):
                found[prefix + node.name] = "class"
                visit(node.body, prefix + node.name + ".")
            elif isinstance(node, ast.FunctionDef):
                decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
                if "property" in decorators:
                    found[prefix + node.name] = "property"
                else:
                    found.setdefault(prefix + node.name, []).append(arguments(node))
            elif isinstance(node, ast.AnnAssign):
                found[prefix + node.target.id] = "value"

    visit(ast.parse(STUBS.read_text()).body, "")
    # Classes have __buffer__ from Python 3.12 on.
    return {name: kind for name, kind in found.items() if not name.endswith("__buffer__") and name not in ("__version__", "Buffer")}


def signatures(function):
    """The signatures that pybind11 writes into the first lines of a description."""
    lines = function.__doc__.splitlines()
    if "Overloaded function." in lines:
        texts = [line.split(". ", 1)[1] for line in lines if re.match(rf"\d+\. {function.__name__}\(", line)]
    else:
        texts = lines[:1]
    return [arguments(ast.parse(f"def {text}: ...").body[0]) for text in texts]


def in_module():
    found = {}
    for name, value in vars(pmb._pmb).items():
        if name.startswith("_"):
            continue
        if not inspect.isclass(value):
            found[name] = signatures(value)
            continue
        found[name] = "class"
        for part, member in vars(value).items():
            if part.startswith("_") and part not in SPECIAL:
                continue
            if isinstance(member, property):
                found[f"{name}.{part}"] = "property"
            elif isinstance(member, value):
                found[f"{name}.{part}"] = "value"
            elif hasattr(value, "__members__"):
                if part in value.__members__:
                    found[f"{name}.{part}"] = "value"
            elif re.match(rf"{part}\(|Overloaded", getattr(value, part).__doc__ or "", re.M):
                found[f"{name}.{part}"] = signatures(getattr(value, part))
    return found


def test_the_stubs_match_the_module():
    stubs, module = in_stubs(), in_module()
    # pybind11 gives each enumeration these.
    for name in list(stubs):
        if stubs[name] == "property" and re.fullmatch(r"(Access|Model|Path|LogLevel)\.(name|value)", name):
            module[name] = "property"
    assert stubs.keys() == module.keys()
    assert {name: kind for name, kind in stubs.items() if kind != module[name]} == {}


def test_everything_public_has_a_description():
    missing = []
    for name, value in vars(pmb).items():
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if not (value.__doc__ or "").strip():
            missing.append(name)
        for part, member in vars(value).items() if inspect.isclass(value) and value.__module__ == "pmb" else ():
            # A signature alone is no description.
            text = (getattr(member, "__doc__", None) or "").partition("\n\n")[2 if callable(getattr(value, part)) else 0]
            if not part.startswith("_") and not hasattr(value, "__members__") and not text.strip():
                missing.append(f"{name}.{part}")
    assert missing == []


def test_mypy_accepts_the_stubs_and_examples(tmp_path):
    pytest.importorskip("mypy")
    # Types of numpy take mypy most of a minute and say nothing about pmb.
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\nignore_missing_imports = True\n"
                                       "[mypy-numpy.*]\nfollow_imports = skip\nfollow_imports_for_stubs = True\n")
    run = subprocess.run([sys.executable, "-m", "mypy", f"--config-file={tmp_path / 'mypy.ini'}", "--cache-dir=/dev/null", STUBS,
                          TREE / "python/pmb/errors.py", TREE / "examples/python/hello.py", TREE / "examples/python/tensors.py"],
                         capture_output=True, text=True, cwd=TREE, env={"MYPYPATH": str(TREE / "python"), "PATH": "/usr/bin"})
    assert run.returncode == 0, run.stdout
