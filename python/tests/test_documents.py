# SPDX-License-Identifier: MIT
"""The samples of docs/python.md, docs/frames.md and docs/cuda.md, the description of the package and the examples run."""

import re
import subprocess
import sys

import pmb
import pytest
from support import TREE, run_python

DOCUMENTS = "".join((TREE / "docs" / name).read_text() for name in ("python.md", "frames.md", "cuda.md"))
BLOCKS = re.findall(r"^```python\n(.*?)^```", DOCUMENTS, re.S | re.M)


def skip_without_torch(program):
    if "import torch" in program and not pytest.importorskip("torch").cuda.is_available():
        pytest.skip("no CUDA device here")


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_sample_of_the_document_runs(context, number):
    skip_without_torch(BLOCKS[number])
    run_python(BLOCKS[number])


def test_the_sample_of_the_package_runs(context):
    sample = "\n".join(line[4:] for line in pmb.__doc__.splitlines() if line.startswith("    "))
    run_python("import numpy, pmb\n" + sample)


@pytest.mark.parametrize("example", sorted((TREE / "examples/python").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(context, example):
    pytest.importorskip("moderngl")
    skip_without_torch(example.read_text())
    subprocess.run([sys.executable, "-B", example], check=True)
