# SPDX-License-Identifier: MIT
"""Memory of the program as a GL buffer."""

import mmap

import numpy
import pmb
import pytest

PAGE = mmap.PAGESIZE


@pytest.fixture
def adopt(context):
    """Adopts memory, or skips where the driver cannot."""
    def adopt_memory(memory, *arguments, **named):
        try:
            return pmb.MappedBuffer.adopt_memory(context, memory, *arguments, **named)
        except pmb.Unsupported as error:
            pytest.skip(str(error))

    return adopt_memory


def test_mapped_memory_is_used_in_place(context, adopt):
    memory = mmap.mmap(-1, 2 * PAGE)
    with adopt(memory, label="frames") as buffer:
        assert (buffer.size_bytes, buffer.label) == (2 * PAGE, "frames")
        memory[100:103] = b"abc"
        assert bytes(pmb.download(context, buffer.buffer, 100, 3)) == b"abc"
        pmb.upload(context, buffer.buffer, PAGE, b"xyz")
        context.timeline.mark().wait(10)
        assert memory[PAGE:PAGE + 3] == b"xyz"
        assert numpy.asarray(buffer)[PAGE] == ord("x")


def test_the_buffer_keeps_the_memory(adopt):
    memory = mmap.mmap(-1, PAGE)
    buffer = adopt(memory)
    with pytest.raises(BufferError):
        memory.close()
    buffer.destroy()
    memory.close()


def test_what_is_not_whole_pages_or_not_writable_is_refused(context, adopt):
    memory = mmap.mmap(-1, 2 * PAGE)
    adopt(memory).destroy()
    with pytest.raises(pmb.InvalidArgument, match="whole pages"):
        adopt(memoryview(memory)[64:])
    with pytest.raises(BufferError):
        pmb.MappedBuffer.adopt_memory(context, bytes(PAGE))
