# SPDX-License-Identifier: MIT
"""A loop around FrameGrabber."""

from typing import Callable, Iterable, Iterator, Tuple, Union

from pmb._pmb import Context, Frame, FrameGrabber, PixelRectangle, TexelLayout

__all__ = ["grab"]

Size = Tuple[int, int]


def grab(context: Context, size: Union[Size, Callable[[], Size]], draws: Iterable[object], *, latency: int = 2,
         layout: TexelLayout = TexelLayout.rgb8, bottom_up: bool = False) -> Iterator[Frame]:
    """Yields every rendered frame, in order: `for frame in pmb.grab(context, (640, 480), draws): pipe.write(frame)`.

    Each step of `draws` draws one frame into the current framebuffer: a generator that yields after each frame, or
    map(draw, range(600)). The frames come `latency` steps later, so that nothing waits; after the last step come the rest.
    `size` is (width, height), or a function that returns it, such as that of a window.

    A frame is valid until the next one. An array of it keeps its pixels as long as it exists, but keep one at most, and copy
    others: they use up the memory of the grabber.
    """
    with FrameGrabber(context, layout=layout, bottom_up=bottom_up, frames=latency + 3) as grabber:
        for _ in draws:
            grabber.grab(PixelRectangle(*(size() if callable(size) else size)))
            yield from _arrived(grabber, latency)
        yield from _arrived(grabber, 0)


def _arrived(grabber: FrameGrabber, latency: int) -> Iterator[Frame]:
    while frame := grabber.next(latency):
        with frame:
            yield frame
