# SPDX-License-Identifier: MIT
"""No order of endings crashes: memory stays mapped as long as an array of it exists, and is freed after the last one."""

import gc
import threading

import numpy
import pmb
import pytest
from support import bytes_on_gpu, publish, run_python

MIB = 1 << 20


@pytest.fixture
def mapped(context):
    """Mapped bytes since the start of the test."""
    before = context.mapped_bytes
    return lambda: context.mapped_bytes - before


def test_an_array_outlives_publish_and_retire(context):
    ring = pmb.UploadRing(context, MIB)
    with ring.acquire(64) as slice:
        array = numpy.asarray(slice)
        array[:] = 1
    assert bytes_on_gpu(context, slice) == b"\1" * 64
    ring.retire(context.timeline.mark())
    array[:] = 2
    assert array.sum() == 128


def test_an_array_keeps_a_closed_ring_mapped(context, mapped):
    ring = pmb.UploadRing(context, MIB)
    array = numpy.asarray(ring.acquire(64))
    ring.close()
    assert mapped() == MIB
    array[:] = 3
    assert array.sum() == 192
    del array
    assert mapped() == 0


def test_an_array_keeps_a_dropped_ring_mapped(context, mapped):
    ring = pmb.UploadRing(context, MIB)
    slice = ring.acquire(64)
    array = numpy.asarray(slice)
    del ring, slice
    gc.collect()
    assert mapped() == MIB
    array[:] = 4
    del array
    assert mapped() == 0


def test_a_ring_without_arrays_is_unmapped_at_once(context, mapped):
    ring = pmb.UploadRing(context, MIB)
    slice = ring.acquire(64)
    ring.close()
    assert mapped() == 0
    assert (slice.buffer, slice.size_bytes, slice.is_live) == (0, 0, False)
    ring.close()


def test_an_array_of_a_view_outlives_release_and_ring(context, mapped):
    upload, ring = pmb.UploadRing(context, MIB), pmb.ReadbackRing(context, MIB)
    slice = publish(upload, b"\7" * 64)
    pending = ring.request(slice.buffer, slice.offset_bytes, 64)
    upload.retire(context.timeline.mark())
    with pending.wait() as view:
        array = numpy.asarray(view)
    ring.close()
    upload.close()
    assert mapped() == MIB
    assert array.sum() == 7 * 64
    del array
    assert mapped() == 0


def test_an_array_outlives_a_pool_and_a_mapped_buffer(context, mapped):
    pool = pmb.BlockPool(context, MIB, 2)
    buffer = pmb.MappedBuffer(context, MIB, pmb.Access.bidirectional)
    arrays = [numpy.asarray(pool.acquire()), numpy.asarray(buffer)]
    pool.close()
    buffer.destroy()
    assert not buffer.is_mapped
    for array in arrays:
        array[:] = 5
    assert mapped() == 3 * MIB
    with pytest.raises(BufferError):
        memoryview(buffer)
    del array, arrays
    assert mapped() == 0


def test_an_array_outlives_its_context(make_context):
    context = make_context()
    slice = pmb.UploadRing(context, MIB).acquire(64)
    array = numpy.asarray(slice)
    context.close()
    array[:] = 6
    assert array.sum() == 384
    assert context.is_closed
    for call in context.timeline.mark, lambda: context.limits, lambda: pmb.UploadRing(context, MIB):
        with pytest.raises(pmb.WrongContext) as caught:
            call()
        assert caught.value.id == "context_gone"


def test_the_last_array_may_end_on_another_thread(make_context):
    closed = make_context()
    arrays = [numpy.asarray(pmb.UploadRing(closed, MIB).acquire(64))]
    closed.close()
    open_ = make_context()
    arrays.append(numpy.asarray(pmb.UploadRing(open_, MIB).acquire(64)))
    before = open_.mapped_bytes

    def end():
        arrays[0][:] = arrays[1][:] = 7
        arrays.clear()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    # The closed context is gone. The ring of the open one ends with the next call on its own thread.
    assert open_.mapped_bytes == before - MIB
    open_.timeline.poll()
    assert open_.mapped_bytes == before - 2 * MIB


def test_a_closed_context_destroys_its_gl_context_after_the_last_array(make_context):
    # GL contexts that nothing keeps are gone: their memory no longer counts.
    watcher = make_context()
    before = watcher.mapped_bytes
    context = make_context()
    array = numpy.asarray(pmb.UploadRing(context, MIB).acquire(64))
    context.close()
    assert watcher.mapped_bytes == before + MIB
    del array
    assert watcher.mapped_bytes == before


def test_objects_dropped_in_any_order_return_their_memory(context):
    ring, readback = pmb.UploadRing(context, 4096), pmb.ReadbackRing(context, 4096)
    pool = pmb.BlockPool(context, 64, 1, pmb.Access.sequential_write)
    source = publish(pmb.UploadRing(context, 4096), bytes(1024))
    for _ in range(100):
        ring.acquire(1024)
        readback.request(source.buffer, source.offset_bytes, 1024)
        readback.request(source.buffer, source.offset_bytes, 1024)
        pool.acquire()
        context.timeline.mark()


def test_growing_storage_is_not_freed_under_an_array(context):
    ring = pmb.UploadRing(context, 4096, max_capacity_bytes=1 << 16)
    with ring.acquire(4096) as first:
        array = numpy.asarray(first)
    second = ring.acquire(8192)
    with pytest.raises(BufferError, match="delete them first"):
        ring.retire(context.timeline.mark())
    with pytest.raises(BufferError):
        ring.retire(first, context.timeline.mark())
    with pytest.raises(BufferError):
        ring.retire_issued()
    filling = numpy.asarray(second)
    with pytest.raises(BufferError):
        ring.cancel(second)
    del array
    ring.retire(context.timeline.mark())
    ring.drain()
    filling[:] = 1
    ring.publish(second)


def test_growing_readbacks_are_not_freed_under_an_array(context):
    source = publish(pmb.UploadRing(context, MIB), bytes(8192))
    ring = pmb.ReadbackRing(context, 4096, max_capacity_bytes=1 << 16)
    first, second = (ring.request(source.buffer, source.offset_bytes, size) for size in (4096, 8192))
    context.timeline.mark()
    view = first.wait()
    array = numpy.asarray(view)
    for call in first.release, view.release, lambda: first.copy_to(bytearray(4096)):
        with pytest.raises(BufferError):
            call()
    second.release()
    ring.drain()
    assert array.sum() == 0
    del array
    view.release()


SETUP = """
import threading, time, numpy, pmb
context = pmb.Context.headless()
ring = pmb.UploadRing(context, 1 << 20)
slice = ring.acquire(64)
array = numpy.asarray(slice)
"""


@pytest.mark.parametrize("ending", [
    "",
    "context.close()",
    "ring.close(); del ring, slice",
    "del context, ring, slice",
    "holder = [array]; holder.append(holder); del array, ring, slice, context",
    "threading.Thread(target=lambda: (time.sleep(0.05), array.fill(1))).start()",
    "ticket = context.timeline.mark(); threading.Thread(target=lambda: ticket.wait(60), daemon=True).start(); time.sleep(0.05)",
    "other = pmb.Context.headless(options=pmb.Options(log=print, validation=print)); pmb.ReadbackRing(other, 4096).acquire(64)",
    "import atexit; atexit.register(lambda: (array.fill(2), context.timeline.mark(), context.close()))",
    "print('end'); raise SystemExit",
])
def test_the_interpreter_ends(context, ending):
    assert "end" in run_python(SETUP + ending + "\nprint('end')").splitlines()
