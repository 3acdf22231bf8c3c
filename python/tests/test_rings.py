# SPDX-License-Identifier: MIT
"""Upload rings, readback rings and block pools."""

import numpy
import pmb
import pytest
from support import bytes_on_gpu, publish


@pytest.fixture
def ring(context):
    return pmb.UploadRing(context, 4096, label="test")


def test_a_with_block_publishes(context, ring):
    with ring.acquire(64) as slice:
        slice.fill(9)
    assert slice.is_live and slice.size_bytes == 64 and slice.buffer
    assert bytes_on_gpu(context, slice) == b"\t" * 64


def test_a_with_block_cancels_on_an_exception(ring):
    with pytest.raises(KeyError):
        with ring.acquire(64) as slice:
            raise KeyError
    assert not slice.is_live
    assert ring.stats().live_slices == 0


def test_a_slice_published_inside_its_with_block_keeps_its_size(ring):
    with ring.acquire(64) as slice:
        ring.publish(slice, 10)
    assert slice.size_bytes == 10


def test_an_exception_inside_a_with_block_is_not_hidden_by_a_closed_ring(ring):
    with pytest.raises(KeyError):
        with ring.acquire(64):
            ring.close()
            raise KeyError


def test_many_slices_are_published_at_once(context, ring):
    slices = [ring.acquire(64) for _ in range(3)]
    for number, slice in enumerate(slices):
        slice.fill(number)
    ring.publish_all(slices, [64, 32, 1])
    assert [bytes_on_gpu(context, slice) for slice in slices] == [b"\0" * 64, b"\1" * 32, b"\2"]
    with pytest.raises(BufferError):
        memoryview(slices[0])
    with pytest.raises(pmb.InvalidArgument):
        ring.publish_all([ring.acquire(64)], [1, 2])


def test_retired_slices_are_reused(context, ring):
    for number in range(100):
        slice = publish(ring, bytes([number]) * 2048)
        assert bytes_on_gpu(context, slice) == bytes([number]) * 2048
        if number % 3 == 0:
            ring.retire(slice, context.timeline.mark())
        elif number % 3 == 1:
            ring.retire_issued()
        else:
            ring.retire(context.timeline.mark())
    ring.drain()
    assert ring.stats().live_slices == 0 and ring.stats().acquired == 100


def test_a_wait_of_acquire_is_counted_at_its_line(context, ring):
    for _ in range(20):
        publish(ring, bytes(4096))
        ring.retire(context.timeline.mark())
    stats = ring.stats()
    assert stats.waits == sum(stall.waits for stall in stats.stalls)
    assert all(stall.file.endswith("support.py") and stall.line > 0 for stall in stats.stalls)


def test_alignment_is_that_of_the_call_or_of_the_context(context, ring):
    ring.acquire(1)
    assert ring.acquire(48, 48).offset_bytes % 48 == 0
    assert ring.acquire(1).offset_bytes % context.limits.uniform_offset_alignment == 0


def test_readbacks_arrive_in_any_order(context, ring):
    readback = pmb.ReadbackRing(context, 4096)
    slice = publish(ring, bytes(range(256)))
    pendings = [readback.request(slice.buffer, slice.offset_bytes + offset, 64) for offset in (0, 64, 128)]
    context.timeline.mark()
    for pending, first in reversed(list(zip(pendings, (0, 64, 128)))):
        with pending.wait() as view:
            assert bytes(view) == bytes(range(first, first + 64))
            assert pending.try_view() is view
        assert not pending.is_live
        view.release()
    target = numpy.zeros(64, "u1")
    pending = readback.request(slice.buffer, slice.offset_bytes, 64)
    pending_size = pending.size_bytes
    context.timeline.mark()
    pending.ticket.wait()
    pending.copy_to(target)
    assert pending_size == 64 and target.tolist() == list(range(64))
    assert readback.acquire(64).buffer != 0


def test_a_block_goes_up_and_down(context):
    pool = pmb.BlockPool(context, 64, 2)
    with pool.acquire() as block:
        numpy.asarray(block)[:] = 8
    with pytest.raises(BufferError):
        memoryview(block)
    ticket = context.timeline.mark()
    with pool.wait_view(block, ticket) as view:
        assert bytes(view) == b"\10" * 64
    assert not block.is_live and pool.free_count == 2
    with pytest.raises(BufferError):
        memoryview(view)


def test_blocks_are_retired_and_waited_for(context):
    pool = pmb.BlockPool(context, 64, 1, pmb.Access.sequential_write)
    for _ in range(10):
        block = pool.acquire()
        assert pool.try_acquire() is None
        pool.publish(block, 32)
        assert block.size_bytes == 32
        pool.retire(block, context.timeline.mark())
    with pytest.raises(RuntimeError):
        with pool.acquire():
            raise RuntimeError
    pool.release(pool.acquire())


def test_a_block_of_a_read_only_pool_has_no_bytes_to_write(context):
    with pmb.BlockPool(context, 64, 1, pmb.Access.read) as pool:
        with pool.acquire() as block:
            with pytest.raises(BufferError, match="read-only"):
                memoryview(block)
        assert block.is_live
        pool.wait_view(block, context.timeline.mark()).release()


def test_a_mapped_buffer_is_written_and_read(context):
    with pmb.MappedBuffer(context, 64, pmb.Access.bidirectional, label="mapped") as buffer:
        buffer.write(8, b"abcd")
        numpy.asarray(buffer)[0] = 5
        buffer.flush(0, 1)
        assert buffer.label == "mapped" and buffer.plan.access == pmb.Access.bidirectional
        assert pmb.download(context, buffer.buffer, 8, 4) == b"abcd"
        ticket = context.timeline.mark()
        ticket.wait()
        target = bytearray(12)
        buffer.read(0, target, ticket)
        assert target[0] == 5 and target[8:] == b"abcd"
    read_only = pmb.MappedBuffer(context, 64, pmb.Access.read)
    assert memoryview(read_only).readonly and read_only.size_bytes == 64
