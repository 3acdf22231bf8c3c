# SPDX-License-Identifier: MIT
"""Frames per second from a framebuffer to a tensor of PyTorch on the GPU, by pmb and by glReadPixels.

    PYTHONPATH=build/release/python python3 bench/frames_to_torch.py [--seconds S] [--burst FRAMES] >results.json

Needs PyTorch with CUDA and numpy. A table goes to stderr. Methods take turns, in bursts. Every byte of every frame is verified on
the GPU, by the same kernels for all methods. They read each byte of the tensor once, so that is part of every time.
"""

import argparse
import ctypes
import datetime
import json
import platform
import statistics
import sys
import time

import numpy
import pmb
import torch

WIDTH, HEIGHT = 1920, 1080
SIZE = WIDTH * HEIGHT * 4
GL = ctypes.CDLL("libOpenGL.so.0")
GL.glReadPixels.argtypes = [ctypes.c_int] * 4 + [ctypes.c_uint] * 2 + [ctypes.c_void_p]
GL.glClearColor.argtypes = [ctypes.c_float] * 4
GL.glBufferData.argtypes = [ctypes.c_uint, ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_uint]
COLOR_BUFFER_BIT, SCISSOR_TEST, PIXEL_PACK_BUFFER, DYNAMIC_COPY = 0x4000, 0x0C11, 0x88EB, 0x88EA
FRAMEBUFFER, COLOR_ATTACHMENT0, RENDERBUFFER, RGBA8 = 0x8D40, 0x8CE0, 0x8D41, 0x8058
RGBA, UNSIGNED_BYTE = 0x1908, 0x1401


def new_name(generate):
    name = ctypes.c_uint()
    generate(1, ctypes.byref(name))
    return name.value


def bind_target():
    GL.glBindFramebuffer(FRAMEBUFFER, new_name(GL.glGenFramebuffers))
    target = new_name(GL.glGenRenderbuffers)
    GL.glBindRenderbuffer(RENDERBUFFER, target)
    GL.glRenderbufferStorage(RENDERBUFFER, RGBA8, WIDTH, HEIGHT)
    GL.glFramebufferRenderbuffer(FRAMEBUFFER, COLOR_ATTACHMENT0, RENDERBUFFER, target)


def colors(number):
    """Of the lower and the upper half of a frame."""
    return [(number % 256, number // 256 % 256, 1, 255), (number % 253, number // 253 % 256, 2, 255)]


def draw(number):
    for row, color in zip((0, HEIGHT // 2), colors(number)):
        GL.glScissor(0, row, WIDTH, HEIGHT // 2)
        GL.glClearColor(*(component / 255 for component in color))
        GL.glClear(COLOR_BUFFER_BIT)


class Check:
    """Counts wrong bytes on the GPU, without waiting for it."""

    def __init__(self):
        self.wrong = torch.zeros((), dtype=torch.int64, device="cuda")
        self.frames = 0

    def expect(self, numbers):
        self.first = numbers[0]
        self.expected = torch.tensor([colors(number) for number in numbers], dtype=torch.uint8).cuda().view(-1, 2, 1, 1, 4)

    def __call__(self, pixels, number):
        self.wrong += (pixels.view(2, HEIGHT // 2, WIDTH, 4) != self.expected[number - self.first]).sum()
        self.frames += 1


def read_pixels(target):
    GL.glReadPixels(0, 0, WIDTH, HEIGHT, RGBA, UNSIGNED_BYTE, target)


def stream():
    return torch.cuda.current_stream().cuda_stream


class ReadPixels:
    """glReadPixels into numpy, and a copy to the GPU: what programs do today."""

    name = "glReadPixels, torch.from_numpy().cuda()"

    def __init__(self, context, cuda):
        self.pixels = numpy.empty((HEIGHT, WIDTH, 4), "u1")

    def run(self, numbers, check):
        for number in numbers:
            draw(number)
            read_pixels(self.pixels.ctypes.data)
            check(torch.from_numpy(self.pixels).cuda(), number)


class ReadPixelsPinned:
    """The same into pinned memory, so that the copy to the GPU is as fast as the bus."""

    name = "glReadPixels into pinned memory, .cuda()"

    def __init__(self, context, cuda):
        self.pixels = torch.empty((HEIGHT, WIDTH, 4), dtype=torch.uint8, pin_memory=True)

    def run(self, numbers, check):
        for number in numbers:
            draw(number)
            read_pixels(self.pixels.data_ptr())
            check(self.pixels.cuda(), number)


class Grabber:
    """Mapped memory, which GL writes, the CPU can read, and the kernels read in place."""

    name = "pmb.FrameGrabber, torch.from_dlpack"
    LATENCY = 2

    def __init__(self, context, cuda):
        self.cuda = cuda
        self.grabber = pmb.FrameGrabber(context, bottom_up=True, frames=6)

    def run(self, numbers, check):
        self.first = numbers[0] - self.grabber.stats().grabbed
        for number in numbers:
            draw(number)
            self.grabber.grab(pmb.PixelRectangle(WIDTH, HEIGHT))
            self.take(self.LATENCY, check)
        self.take(0, check)

    def take(self, latency, check):
        while frame := self.grabber.next(latency):
            with frame:
                check(torch.from_dlpack(self.cuda.array(frame)), self.first + frame.number)
            self.cuda.order(stream())


class Vram:
    """A buffer in VRAM, for frames that the CPU does not need."""

    name = "pmb.CudaBuffer, torch.from_dlpack"

    def __init__(self, context, cuda):
        self.name_of_buffer = new_name(GL.glGenBuffers)
        GL.glBindBuffer(PIXEL_PACK_BUFFER, self.name_of_buffer)
        GL.glBufferData(PIXEL_PACK_BUFFER, SIZE, None, DYNAMIC_COPY)
        GL.glBindBuffer(PIXEL_PACK_BUFFER, 0)
        self.buffer = pmb.CudaBuffer(cuda, self.name_of_buffer)

    def run(self, numbers, check):
        for number in numbers:
            draw(number)
            GL.glBindBuffer(PIXEL_PACK_BUFFER, self.name_of_buffer)
            read_pixels(None)
            GL.glBindBuffer(PIXEL_PACK_BUFFER, 0)
            with self.buffer.map(stream()) as array:
                check(torch.from_dlpack(array), number)


def measure(methods, seconds, burst):
    """Seconds a frame of each burst, and the check, of each method."""
    times, checks = {method: [] for method in methods}, {method: Check() for method in methods}
    first, end = 0, time.monotonic() + seconds
    while len(times[methods[0]]) < 3 or time.monotonic() < end:
        for method in methods:
            numbers = range(first, first + burst)
            checks[method].expect(numbers)
            torch.cuda.synchronize()
            start = time.perf_counter()
            method.run(numbers, checks[method])
            torch.cuda.synchronize()
            times[method].append((time.perf_counter() - start) / burst)
            first += burst
    # The first burst pins memory and compiles kernels.
    return {method: (samples[1:], checks[method]) for method, samples in times.items()}


def entry(method, samples, check):
    first_quartile, middle, third_quartile = statistics.quantiles(samples, n=4, method="inclusive")
    print(f"{method.name:45}{1e6 * middle:9.0f} us{1 / middle:8.0f} frames/s", file=sys.stderr)
    return {"name": f"frames_to_torch/1080p RGBA8/{method.name}", "iterations": len(samples), "size_bytes": SIZE,
            "real_time": middle * 1e9, "spread": (third_quartile - first_quartile) / 2 * 1e9, "time_unit": "ns",
            "frames_per_s": 1 / middle, "frames_verified": check.frames, "wrong_bytes": int(check.wrong)}


def about(context, cuda):
    now, driver = datetime.datetime.now(datetime.timezone.utc), context.driver
    return {"date": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "executable": "frames_to_torch.py", "machine": platform.machine(),
            "driver": f"{driver.renderer}, {driver.version}", "orders_on_gpu": cuda.orders_on_gpu,
            "software": f"Python {platform.python_version()}, PyTorch {torch.__version__}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--burst", type=int, default=60)
    arguments = parser.parse_args()
    device = torch.cuda.current_device()
    with pmb.Context.headless(cuda_device=device) as context:
        cuda = pmb.Cuda(context, device)
        bind_target()
        GL.glEnable(SCISSOR_TEST)
        methods = [kind(context, cuda) for kind in (ReadPixels, ReadPixelsPinned, Grabber, Vram)]
        measured = measure(methods, arguments.seconds, arguments.burst)
        entries = [entry(method, samples, check) for method, (samples, check) in measured.items()]
        json.dump({"context": about(context, cuda), "benchmarks": entries}, sys.stdout, indent=1)
    print()
    wrong = sum(entry["wrong_bytes"] for entry in entries)
    if wrong:
        sys.exit(f"{wrong} bytes are wrong")


if __name__ == "__main__":
    main()
