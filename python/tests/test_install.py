# SPDX-License-Identifier: MIT
"""The installed component works alone, and pyproject.toml builds the same files into a wheel."""

import os
import re
import subprocess
import sys
import tomllib

import pmb
import pytest
from support import TREE

CMAKE = "".join((TREE / name).read_text() for name in ("CMakeLists.txt", "python/CMakeLists.txt"))


def test_the_installed_module_is_complete(tmp_path, context):
    build = os.environ.get("PMB_BUILD_FOLDER")
    if not build:
        pytest.skip("PMB_BUILD_FOLDER does not name the build tree")
    subprocess.run(["cmake", "--install", build, "--component", "python", "--prefix", tmp_path], check=True, capture_output=True)
    folder = tmp_path / "lib/python3/dist-packages"
    installed = {path.name for path in (folder / "pmb").iterdir()}
    assert installed == {path.name for path in (TREE / "python/pmb").iterdir() if path.is_file()} | {
        pmb._pmb.__file__.rpartition("/")[2]}
    program = "import pmb; print(pmb.__file__); pmb.UploadRing(pmb.Context.headless(), 4096)"
    run = subprocess.run([sys.executable, "-B", "-c", program], env={**os.environ, "PYTHONPATH": str(folder)}, cwd=tmp_path,
                         check=True, capture_output=True, text=True)
    assert run.stdout.startswith(str(folder))


def test_the_project_file_names_what_exists():
    project = tomllib.loads((TREE / "pyproject.toml").read_text())
    assert project["project"]["name"] == "pmb" and project["project"]["version"] == pmb.__version__
    assert (TREE / project["project"]["readme"]).is_file()
    settings = project["tool"]["scikit-build"]
    for option in settings["cmake"]["define"]:
        assert re.search(rf"(option|set)\({option} .*", CMAKE)
    assert settings["build"]["targets"] == ["pmb_python"] and "add_module(pmb_python " in CMAKE
    assert settings["install"]["components"] == ["python"] and CMAKE.count("COMPONENT python)") == 2
