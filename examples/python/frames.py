# SPDX-License-Identifier: MIT
"""Pipes rendered frames to another process, as a recorder does.

Needs Debian's python3-moderngl and python3-numpy.
"""

import subprocess
import sys
from typing import Iterator

import moderngl
import pmb

WIDTH, HEIGHT, FRAMES = 320, 180, 200
# Stands for ffmpeg -f rawvideo -pix_fmt rgb24 …: the first byte of each frame is its number.
ENCODER = f"""
import sys
for number in range({FRAMES}):
    frame = sys.stdin.buffer.read({WIDTH * HEIGHT * 3})
    if len(frame) != {WIDTH * HEIGHT * 3} or frame[0] != number:
        raise SystemExit(f"frame {{number}} is wrong")
"""


def main() -> None:
    gl = moderngl.create_context(standalone=True, backend="egl")
    target = gl.simple_framebuffer((WIDTH, HEIGHT))
    target.use()

    def draws() -> Iterator[None]:
        for number in range(FRAMES):
            target.clear(number / 255, 0.5, 0)
            yield

    encoder = subprocess.Popen([sys.executable, "-c", ENCODER], stdin=subprocess.PIPE)
    assert encoder.stdin
    with pmb.Context.from_current() as context:
        for frame in pmb.grab(context, (WIDTH, HEIGHT), draws(), latency=2):
            encoder.stdin.write(frame)
    encoder.stdin.close()
    if encoder.wait() != 0:
        raise SystemExit("the encoder got wrong frames")
    print(f"piped {FRAMES} frames")


if __name__ == "__main__":
    main()
