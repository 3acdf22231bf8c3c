# SPDX-License-Identifier: MIT
"""What several test files need."""

import pathlib
import subprocess
import sys

import pmb

TREE = pathlib.Path(__file__).resolve().parents[2]
GL_RGBA, GL_UNSIGNED_BYTE, GL_TEXTURE_2D = 0x1908, 0x1401, 0x0DE1


def publish(ring, data):
    """Returns a published slice with these bytes."""
    with ring.acquire(len(data)) as slice:
        slice.copy_from(data)
    return slice


def bytes_on_gpu(context, slice):
    """The bytes of a published slice as the GPU sees them."""
    return bytes(pmb.download(context, slice.buffer, slice.offset_bytes, slice.size_bytes))


def run_python(program):
    """Runs a program in an interpreter of its own, to its very end. Returns what it printed; it must exit with 0."""
    run = subprocess.run([sys.executable, "-B", "-X", "faulthandler", "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout
