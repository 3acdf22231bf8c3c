# SPDX-License-Identifier: MIT
"""Rendered frames, and textures fed by a budget."""

import gc
import os
import threading

import numpy
import pmb
import pytest
from support import GL_RGBA, GL_TEXTURE_2D, GL_UNSIGNED_BYTE, publish

moderngl = pytest.importorskip("moderngl")

SIZE = (40, 24)


@pytest.fixture
def gl():
    made = moderngl.create_context(standalone=True, backend="egl")
    yield made
    made.release()


@pytest.fixture
def context(gl):
    with pmb.Context.from_current() as made:
        yield made


@pytest.fixture
def draw(gl):
    """Draws frame `number`: the lower half has its number, the upper half 200 less its number."""
    target = gl.simple_framebuffer(SIZE, components=4)
    target.use()
    width, height = SIZE

    def draw(number):
        target.clear(number / 255, 0, 0, 1, viewport=(0, 0, width, height // 2))
        target.clear((200 - number) / 255, 0, 0, 1, viewport=(0, height // 2, width, height // 2))

    return draw


def is_frame(array, number):
    """From the top down."""
    half = SIZE[1] // 2
    return bool((array[:half, :, 0] == 200 - number).all() and (array[half:, :, 0] == number).all())


def test_frames_arrive_in_order_and_none_is_lost(context, draw):
    seen = 0
    for frame in pmb.grab(context, SIZE, map(draw, range(100))):
        assert frame.number == seen and (frame.width, frame.height) == SIZE
        image = numpy.asarray(frame)
        assert image.shape == (24, 40, 3) and image.dtype == numpy.uint8 and not image.flags.writeable
        assert is_frame(image, seen)
        seen += 1
    assert seen == 100


@pytest.mark.parametrize("latency", [0, 1, 5])
def test_drawing_is_ahead_by_the_latency(context, draw, latency):
    drawn = []

    def draws():
        for number in range(20):
            draw(number)
            drawn.append(number)
            yield

    for frame in pmb.grab(context, SIZE, draws(), latency=latency):
        assert frame.number >= drawn[-1] - latency
        assert is_frame(numpy.asarray(frame), frame.number)
    assert len(drawn) == 20


def test_a_pipe_takes_frames(context, draw):
    reading, writing = os.pipe()
    received = bytearray()

    def read():
        with open(reading, "rb") as pipe:
            received.extend(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    with open(writing, "wb") as pipe:
        for frame in pmb.grab(context, SIZE, map(draw, range(30)), layout=pmb.TexelLayout.rgba8):
            pipe.write(frame)
    reader.join()
    frames = numpy.frombuffer(received, "u1").reshape(30, 24, 40, 4)
    assert all(is_frame(frame, number) for number, frame in enumerate(frames))


def test_a_window_may_change_its_size(context, draw):
    sizes = iter([(40, 24), (8, 24), (40, 3), (40, 24)])
    shapes = [numpy.asarray(frame).shape for frame in pmb.grab(context, lambda: next(sizes), map(draw, range(4)))]
    assert shapes == [(24, 40, 3), (24, 8, 3), (3, 40, 3), (24, 40, 3)]


@pytest.mark.parametrize("layout, dtype, shape", [
    ("r8", "u1", (24, 40)), ("rgb8", "u1", (24, 40, 3)), ("rgba8", "u1", (24, 40, 4)), ("bgra8", "u1", (24, 40, 4)),
    ("rgba16f", "f2", (24, 40, 4)), ("rgba32f", "f4", (24, 40, 4)),
])
def test_each_layout_has_its_shape(context, draw, layout, dtype, shape):
    draw(50)
    grabber = pmb.FrameGrabber(context, layout=getattr(pmb.TexelLayout, layout), bottom_up=True)
    grabber.grab(pmb.PixelRectangle(*SIZE))
    frame = grabber.next(0)
    image = numpy.asarray(frame)
    assert image.shape == shape and image.dtype == dtype
    red = image[0, 0] if image.ndim == 2 else image[0, 0, 2 if layout == "bgra8" else 0]
    assert abs(float(red) * (255 if dtype != "u1" else 1) - 50) < 0.1
    assert memoryview(frame).nbytes == frame.size_bytes == image.nbytes


def test_a_frame_with_gaps_is_bytes(context, draw):
    draw(1)
    layout = pmb.TexelLayout(GL_RGBA, GL_UNSIGNED_BYTE, row_stride_bytes=256)
    grabber = pmb.FrameGrabber(context, layout=layout)
    grabber.grab(pmb.PixelRectangle(*SIZE))
    frame = numpy.asarray(grabber.next(0))
    assert frame.shape == (23 * 256 + 160,) and frame[0] == 199


def test_a_released_frame_raises_and_an_array_keeps_its_pixels(context, draw):
    grabber = pmb.FrameGrabber(context, frames=2)
    draw(7)
    grabber.grab(pmb.PixelRectangle(*SIZE))
    with grabber.next(0) as frame:
        array = numpy.asarray(frame)
    for use in memoryview, numpy.asarray, lambda released: released.size_bytes:
        with pytest.raises(BufferError):
            use(frame)
    for number in range(10):
        draw(number)
        grabber.grab(pmb.PixelRectangle(*SIZE))
        with grabber.next(0) as other:
            assert is_frame(numpy.asarray(other), number)
        del other
    assert is_frame(array, 7) and grabber.stats().held == 1
    del array, frame
    gc.collect()
    assert grabber.stats().held == 0


def test_arrays_that_are_kept_use_up_the_memory(context, draw):
    kept = []
    with pytest.raises(pmb.TimedOut) as caught:
        grabber = pmb.FrameGrabber(context, frames=3, timeout=0.01)
        for number in range(10):
            draw(number)
            grabber.grab(pmb.PixelRectangle(*SIZE))
            kept.append(numpy.asarray(grabber.next(0)))
    assert caught.value.id == "frames_not_released"
    assert [is_frame(array, number) for number, array in enumerate(kept)] == [True] * 3
    assert not grabber.try_grab(pmb.PixelRectangle(*SIZE))
    assert grabber.stats().dropped == 2 and grabber.stats().held == 3


def test_an_array_outlives_grabber_and_context(context, draw):
    before = context.mapped_bytes
    draw(9)
    grabber = pmb.FrameGrabber(context)
    grabber.grab(pmb.PixelRectangle(*SIZE))
    frame = grabber.next(0)
    array = numpy.asarray(frame)
    grabber.close()
    with pytest.raises(BufferError):
        memoryview(frame)
    assert is_frame(array, 9) and context.mapped_bytes > before
    del array, frame
    assert context.mapped_bytes == before


def test_an_unfinished_loop_ends_its_grabber(context, draw):
    for frame in pmb.grab(context, SIZE, map(draw, range(1000))):
        if frame.number == 3:
            mapped = context.mapped_bytes
            break
    del frame
    gc.collect()
    assert mapped - context.mapped_bytes >= 5 * 40 * 24 * 3


def test_a_frame_is_released_on_another_thread(context, draw):
    grabber = pmb.FrameGrabber(context, frames=1)
    for number in range(10):
        draw(number)
        grabber.grab(pmb.PixelRectangle(*SIZE))
        frame = grabber.next(0)
        thread = threading.Thread(target=lambda: (numpy.asarray(frame), frame.release()))
        thread.start()
        thread.join()
    assert grabber.stats().dropped == 0


def test_a_texture_is_a_source(gl, context):
    texture = gl.texture(SIZE, 4, bytes(range(160)) * 24)
    grabber = pmb.FrameGrabber(context)
    source = pmb.TextureRegion(texture.glo, GL_TEXTURE_2D, *SIZE)
    grabber.grab(source)
    assert grabber.try_grab(source)
    assert bytes(grabber.next(0)) == bytes(grabber.next(0)) == bytes(range(160)) * 24
    assert grabber.next(0) is None


def test_textures_are_fed_by_a_budget(gl, context):
    textures = [gl.texture(SIZE, 4, bytes(160 * 24)) for _ in range(3)]
    regions = [pmb.TextureRegion(texture.glo, GL_TEXTURE_2D, *SIZE) for texture in textures]
    pixels = numpy.random.randint(0, 256, 160 * 24, "u1")
    ring, pool = pmb.UploadRing(context, 8192), pmb.BlockPool(context, 160 * 24, 1)
    slice = publish(ring, pixels.tobytes())
    block = pool.acquire()
    numpy.asarray(block)[:] = pixels
    pool.publish(block)
    feeder = pmb.TextureFeeder(context, 1000)
    assert [feeder.queue(region, pmb.TexelLayout.rgba8, source)
            for region, source in zip(regions, (pixels.copy(), slice, block))] == [0, 1, 2]
    fed = []
    while feeder.queued_bytes:
        fed.append(feeder.feed())
        feeder.ticket.wait()
    assert max(fed) == 960 and sum(fed) == 3 * 160 * 24 and feeder.is_fed(2)
    ring.retire(slice, feeder.ticket)
    pool.retire(block, feeder.ticket)
    for texture in textures:
        assert texture.read() == pixels.tobytes()
    assert feeder.feed() == 0


def test_a_feeder_keeps_its_sources(gl, context):
    texture = gl.texture(SIZE, 4)
    feeder = pmb.TextureFeeder(context, 1000)
    source = bytearray(b"\5" * 160 * 24)
    feeder.queue(pmb.TextureRegion(texture.glo, GL_TEXTURE_2D, *SIZE), pmb.TexelLayout.rgba8, source)
    with pytest.raises(BufferError):
        source.clear()
    while feeder.queued_bytes:
        feeder.feed()
    source.clear()
    assert texture.read() == b"\5" * 160 * 24
