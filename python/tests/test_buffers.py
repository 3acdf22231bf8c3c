# SPDX-License-Identifier: MIT
"""Slices, blocks and views are buffers, and parameters take any buffer."""

import array

import numpy
import pmb
import pytest
from support import bytes_on_gpu, publish


@pytest.fixture
def ring(context):
    return pmb.UploadRing(context, 1 << 20)


@pytest.fixture
def view(context, ring):
    """A view of 0, 1, 2, … 255."""
    slice = publish(ring, bytes(range(256)))
    pending = pmb.download_async(context, slice.buffer, slice.offset_bytes, 256)
    return pending.wait()


def test_an_array_of_a_slice_copies_nothing(context, ring):
    with ring.acquire(256) as slice:
        numpy.asarray(slice)[:] = numpy.arange(256)
    assert bytes_on_gpu(context, slice) == bytes(range(256))


def test_a_memoryview_of_a_slice_copies_nothing(context, ring):
    with ring.acquire(16) as slice:
        memoryview(slice).cast("f")[2] = 1.5
    assert array.array("f", bytes_on_gpu(context, slice))[2] == 1.5


def test_a_slice_is_writable_and_a_view_is_not(ring, view):
    assert not memoryview(ring.acquire(16)).readonly
    assert memoryview(view).readonly
    with pytest.raises(ValueError):
        numpy.asarray(view)[0] = 1


def test_a_view_has_the_bytes_of_the_gpu(view):
    assert bytes(view) == bytes(range(256))
    assert numpy.asarray(view, dtype=numpy.int64).sum() == 255 * 128
    assert view.size_bytes == 256


@pytest.mark.parametrize("take", [memoryview, numpy.asarray, numpy.array, bytes, lambda lent: numpy.frombuffer(lent, "u1")])
def test_what_is_no_longer_lent_is_refused(context, ring, view, take):
    published, cancelled = ring.acquire(16), ring.acquire(16)
    ring.publish(published)
    ring.cancel(cancelled)
    view.release()
    for lent in published, cancelled, view:
        with pytest.raises(BufferError):
            take(lent)
    ring.retire(published, context.timeline.mark())
    with pytest.raises(BufferError, match="published"):
        take(published)


def test_a_closed_ring_lends_nothing(ring):
    slice = ring.acquire(16)
    ring.close()
    with pytest.raises(BufferError, match="closed"):
        numpy.asarray(slice)


@pytest.mark.parametrize("source", [b"\1\2\3\4", bytearray(b"\1\2\3\4"), memoryview(b"\1\2\3\4"), array.array("B", [1, 2, 3, 4]),
                                    numpy.array([0x04030201], dtype="<u4"), numpy.array([[1, 2], [3, 4]], dtype="u1")])
def test_any_contiguous_buffer_is_a_source(context, ring, source):
    slice = publish(ring, bytes(4))
    pmb.upload(context, slice.buffer, slice.offset_bytes, source)
    assert bytes_on_gpu(context, slice) == b"\1\2\3\4"


def test_a_buffer_with_gaps_is_refused(context, ring):
    slice = publish(ring, bytes(4))
    with pytest.raises((BufferError, ValueError)):
        pmb.upload(context, slice.buffer, slice.offset_bytes, numpy.zeros(8, "u1")[::2])
    with pytest.raises(TypeError):
        pmb.upload(context, slice.buffer, slice.offset_bytes, 5)


def test_a_download_fills_a_writable_buffer_or_returns_a_bytearray(context, ring):
    slice = publish(ring, bytes(range(8)))
    target = numpy.zeros((2, 4), "u1")
    pmb.download(context, slice.buffer, slice.offset_bytes, target)
    assert target.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    one = numpy.zeros(1, "u1")
    pmb.download(context, slice.buffer, slice.offset_bytes + 5, one)
    assert one[0] == 5
    returned = pmb.download(context, slice.buffer, slice.offset_bytes, 8)
    assert isinstance(returned, bytearray) and returned == bytes(range(8))
    with pytest.raises(BufferError):
        pmb.download(context, slice.buffer, slice.offset_bytes, b"constant")


def test_a_copy_that_does_not_fit_is_refused(ring):
    slice = ring.acquire(16)
    for source, offset in (bytes(17), 0), (bytes(1), 16), (b"", 17), (bytes(8), 2**64 - 4):
        with pytest.raises(pmb.InvalidArgument):
            slice.copy_from(source, offset)
    slice.copy_from(bytes(8), 8)
