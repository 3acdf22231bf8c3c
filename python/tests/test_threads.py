# SPDX-License-Identifier: MIT
"""Threads: which may call, and that the GIL is free while pmb waits or copies.

No test measures time. A thread that counts can run during a call only if the call releases the GIL, because the interpreter
is told never to take it away.
"""

import signal
import sys
import threading
import time

import numpy
import pmb
import pytest
from support import publish

BYTES = 4 << 20


@pytest.fixture
def counter():
    """A count that another thread advances whenever it has the GIL."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e6)
    count, ends = [0], threading.Event()

    def advance():
        while not ends.is_set():
            count[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=advance)
    thread.start()
    yield count
    ends.set()
    thread.join()
    sys.setswitchinterval(interval)


def copies(context):
    """Calls that copy BYTES, by name."""
    data, target = numpy.ones(BYTES, "u1"), bytearray(BYTES)
    ring, slice = pmb.UploadRing(context, BYTES), None
    source = publish(pmb.UploadRing(context, BYTES), data)
    mapped = pmb.MappedBuffer(context, BYTES, pmb.Access.bidirectional)
    passed = context.timeline.mark()
    passed.wait()
    slice = ring.acquire(BYTES)

    def read_back():
        pmb.download_async(context, source.buffer, source.offset_bytes, BYTES).copy_to(target)

    return {
        "upload": lambda: pmb.upload(context, source.buffer, source.offset_bytes, data),
        "download": lambda: pmb.download(context, source.buffer, source.offset_bytes, target),
        "copy_from": lambda: slice.copy_from(data),
        "fill": lambda: slice.fill(1),
        "copy_to": read_back,
        "write": lambda: mapped.write(0, data),
        "read": lambda: mapped.read(0, target, passed),
    }


@pytest.mark.parametrize("name", ["upload", "download", "copy_from", "fill", "copy_to", "write", "read"])
def test_the_gil_is_free_while_bytes_are_copied(context, counter, name):
    copy = copies(context)[name]
    for _ in range(1000):
        before = counter[0]
        copy()
        if counter[0] != before:
            return
    pytest.fail(f"{name} kept the GIL")


@pytest.mark.parametrize("wait", [lambda ticket: ticket.wait(600), lambda ticket: pmb.wait_any([ticket], 600)])
def test_the_gil_is_free_while_a_ticket_is_waited_for(context, counter, wait):
    ticket, ended = context.timeline.mark(), []
    # Ends only when the context's thread polls, which needs the GIL.
    waiter = threading.Thread(target=lambda: ended.append(wait(ticket)))
    waiter.start()
    while waiter.is_alive():
        context.timeline.poll()
        time.sleep(0)
    assert len(ended) == 1


def test_the_end_of_the_context_ends_a_wait(make_context):
    context, ended = make_context(), []
    ticket = context.timeline.mark()

    def wait():
        try:
            ticket.wait(600)
        except pmb.StaleHandle as error:
            ended.append(error.id)

    waiter = threading.Thread(target=wait)
    waiter.start()
    context.close()
    waiter.join()
    assert ended == ["stale_ticket"]


def test_ctrl_c_ends_a_wait(context):
    context.release_current()
    tickets, marked, interrupted = [], threading.Event(), threading.Event()

    def own():
        context.make_current()
        context.claim_thread()
        tickets.append(context.timeline.mark())
        marked.set()
        interrupted.wait()
        context.release_current()

    def interrupt():
        time.sleep(0.1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threads = [threading.Thread(target=own), threading.Thread(target=interrupt)]
    threads[0].start()
    marked.wait()
    # The thread of the context does not poll, so nothing else ends the wait before its timeout.
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        threads[1].start()
        tickets[0].wait(600)
    assert time.monotonic() - start < 600
    interrupted.set()
    for thread in threads:
        thread.join()
    context.make_current()
    context.claim_thread()


def test_bytes_are_filled_and_read_on_other_threads(context):
    ring = pmb.UploadRing(context, BYTES)
    slice = ring.acquire(BYTES)

    def work():
        numpy.asarray(slice)[: BYTES // 2] = 3
        slice.copy_from(b"\5" * (BYTES // 2), BYTES // 2)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    ring.publish(slice)
    view = pmb.download_async(context, slice.buffer, slice.offset_bytes, BYTES).wait()
    sums = []
    reader = threading.Thread(target=lambda: sums.append(int(numpy.asarray(view).sum())))
    reader.start()
    reader.join()
    assert sums == [4 * BYTES]


def on_another_thread(call):
    """What `call` raises there."""
    raised = []

    def run():
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None


def test_calls_on_another_thread_are_refused(context):
    ring, readback = pmb.UploadRing(context, 4096), pmb.ReadbackRing(context, 4096)
    pool = pmb.BlockPool(context, 64, 1)
    slice, block = ring.acquire(64), pool.acquire()
    for call in (lambda: ring.acquire(64), lambda: ring.try_acquire(64), lambda: ring.publish(slice), lambda: slice.buffer,
                 ring.drain, lambda: readback.request(1, 0, 4), pool.acquire,
                 lambda: pool.publish(block), context.timeline.mark, lambda: pmb.upload(context, 1, 0, b"a"), ring.close,
                 context.close):
        assert getattr(on_another_thread(call), "id", None) == "wrong_thread"
    ring.publish(slice)


def test_a_context_moves_to_another_thread(context):
    ring = pmb.UploadRing(context, 4096)
    context.release_current()

    def work():
        context.make_current()
        context.claim_thread()
        publish(ring, bytes(64))
        ring.retire(context.timeline.mark())
        context.release_current()

    assert on_another_thread(work) is None
    with pytest.raises(pmb.WrongContext):
        ring.acquire(64)
    context.make_current()
    context.claim_thread()
    assert ring.stats().acquired == 1


def test_a_context_waits_on_the_gpu_for_another(make_context):
    first = make_context(options=pmb.Options(share_group=7))
    ring = pmb.UploadRing(first, 4096)
    slice = publish(ring, b"\1" * 64)
    ticket = first.timeline.mark()
    first.timeline.flush()
    second = make_context(share_with=first, options=pmb.Options(share_group=7))
    ticket.wait_on_gpu(second)
    assert pmb.download(second, slice.buffer, slice.offset_bytes, 64) == b"\1" * 64
    with pytest.raises(pmb.Refused) as caught:
        ticket.wait_on_gpu(make_context())
    assert caught.value.id == "other_share_group"
