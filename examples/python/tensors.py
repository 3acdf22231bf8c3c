# SPDX-License-Identifier: MIT
"""Gives rendered frames to PyTorch without a copy: its kernels read the memory that OpenGL wrote.

Needs Debian's python3-moderngl, and PyTorch with CUDA.
"""

import moderngl
import pmb
import torch

WIDTH, HEIGHT, FRAMES = 640, 360, 200


def main() -> None:
    gl = moderngl.create_context(standalone=True, backend="egl")
    target = gl.simple_framebuffer((WIDTH, HEIGHT), components=4)
    target.use()

    def draw(number: int) -> None:
        target.clear(number / 255, 0.2, 0, 1)

    sums = torch.zeros(FRAMES, dtype=torch.int64, device="cuda")
    with pmb.Context.from_current() as context:
        cuda = pmb.Cuda(context, torch.cuda.current_device())
        draws = map(draw, range(FRAMES))
        for frame in pmb.grab(context, (WIDTH, HEIGHT), draws, layout=pmb.TexelLayout.rgba8):
            pixels = torch.from_dlpack(cuda.array(frame))
            sums[frame.number] = pixels.sum(dtype=torch.int64)
            del pixels
            # Frames to come are copied after these kernels.
            cuda.order(torch.cuda.current_stream().cuda_stream)
    wrong = [number for number, total in enumerate(sums.tolist()) if total != WIDTH * HEIGHT * (number + 51 + 255)]
    if wrong:
        raise SystemExit(f"frames {wrong} are wrong")
    print(f"{FRAMES} frames became tensors")


if __name__ == "__main__":
    main()
