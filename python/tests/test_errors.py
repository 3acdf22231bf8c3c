# SPDX-License-Identifier: MIT
"""Errors are exceptions with the sentence of the library."""

import re
import threading

import pmb
import pmb.errors
import pytest
from support import TREE


def cpp_statuses():
    text = (TREE / "include/pmb/result.hpp").read_text()
    body = text[text.index("enum class Status"):]
    return {name: int(number) for name, number in re.findall(r"(\w+) = (-?\d+),", body[:body.index("};")])}


def test_each_status_has_a_class():
    statuses = cpp_statuses()
    assert {status.name: status.value for status in pmb.Status} == statuses
    assert set(pmb.errors.CLASSES) == set(statuses.values()) - {0}
    for kind in pmb.errors.CLASSES.values():
        assert kind.status.name == re.sub(r"(?<!^)([A-Z])", r"_\1", kind.__name__).lower()


def test_an_error_has_status_id_numbers_and_sentence(context):
    ring = pmb.UploadRing(context, 4096)
    with pytest.raises(pmb.TooLarge) as caught:
        ring.acquire(1 << 20)
    error = caught.value
    assert isinstance(error, pmb.Error)
    assert (error.status, error.id, error.numbers[:2]) == (pmb.Status.too_large, "exceeds_ring", (1 << 20, 4096))
    assert "create a larger ring" in str(error)


def test_numbers_name_the_object(context):
    with pytest.raises(pmb.Error) as caught:
        pmb.upload(context, 12345, 0, b"abc")
    assert caught.value.id == "not_a_buffer"
    assert caught.value.numbers[0] == 12345


def test_not_now_is_an_exception_or_none(context):
    ring = pmb.UploadRing(context, 4096)
    whole = ring.acquire(4096)
    with pytest.raises(pmb.WouldBlock) as caught:
        ring.acquire(4096)
    assert caught.value.id == "ring_full_unpublished"
    assert ring.try_acquire(4096) is None
    ring.publish(whole)
    readback = pmb.ReadbackRing(context, 4096)
    pending = readback.request(whole.buffer, 0, 16)
    assert pending.try_view() is None
    with pytest.raises(pmb.WouldBlock) as caught:
        pending.wait()
    assert caught.value.id == "never_marked"


def test_a_wait_that_runs_out_names_the_whole_timeout(context):
    ticket = context.timeline.mark()
    done = []

    def wait():
        # The context's thread does not poll, so this ends by its timeout.
        with pytest.raises(pmb.TimedOut) as caught:
            ticket.wait(0.12)
        done.append(caught.value.numbers[0])

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert done == [120_000_000]


def test_a_stale_handle_is_an_error(context):
    ring = pmb.UploadRing(context, 4096)
    slice = ring.acquire(64)
    ring.publish(slice)
    ring.retire(context.timeline.mark())
    with pytest.raises(pmb.StaleHandle):
        ring.retire(slice, context.timeline.mark())
    other = pmb.UploadRing(context, 4096)
    with pytest.raises(pmb.StaleHandle):
        ring.publish(other.acquire(64))
    other.close()
    with pytest.raises(pmb.StaleHandle):
        other.acquire(64)


def test_none_is_no_object(context):
    ring, layout, pixels = pmb.UploadRing(context, 4096), pmb.TexelLayout.rgba8, pmb.PixelRectangle(1, 1)
    for call in (lambda: pmb.UploadRing(None, 64), lambda: pmb.ReadbackRing(None, 64), lambda: pmb.BlockPool(None, 64, 1),
                 lambda: pmb.MappedBuffer(None, 64), lambda: pmb.MappedBuffer.adopt_memory(None, bytearray(4096)),
                 lambda: pmb.FrameGrabber(None), lambda: pmb.TextureFeeder(None, 64), lambda: pmb.download_async(None, 1, 0, 1),
                 lambda: pmb.Cuda(None), lambda: pmb.CudaBuffer(None, 1), lambda: ring.publish_all([None]),
                 lambda: ring.publish(None), lambda: pmb.read_pixels(context, pixels, layout, None)):
        with pytest.raises(TypeError):
            call()
