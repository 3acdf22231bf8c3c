#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames per second by moderngl's fbo.read(), added to the results of bench_frames: the same pictures, bursts and checks.

    bench_frames | python3 bench/frames/moderngl_read.py >results.json          (a table goes to stderr)

fbo.read() is glReadPixels into a new bytes object. It runs after bench_frames, not in turns with its methods. Every byte of an
untimed burst is verified. Of timed frames, the number and a pixel of some rows are verified.
"""
import json
import statistics
import sys
import time

import moderngl

CASES = [("1080p RGBA8", 1920, 1080, 4), ("1080p RGB8", 1920, 1080, 3), ("4K RGBA8", 3840, 2160, 4),
         ("4K RGB8", 3840, 2160, 3)]
PICTURES = 4
CORNER = 8
METHOD = "moderngl fbo.read()"


def number_bytes(number, components):
    """The pixel in the corner, as number_byte() of scene.hpp."""
    return bytes([number & 255, number >> 8 & 255, number >> 16 & 255, 255][:components])


def picture(which, width, height, components):
    """All pixels, bottom up, as picture_byte() of scene.hpp."""
    rows = []
    for y in range(min(256, height)):
        pixels = bytearray(width * components)
        for component in range(components):
            start = y * 5 + component * 67 + which * 29
            period = bytes((x * 3 + start) & 255 for x in range(256))
            pixels[component::components] = (period * (width // 256 + 1))[:width]
        rows.append(bytes(pixels))
    return b"".join(rows[y % 256] for y in range(height))


class Scene:
    def __init__(self, gl, width, height, components):
        self.size, self.components = (width, height), components
        self.expected = [picture(which, width, height, components) for which in range(PICTURES)]
        self.targets = []
        for which in range(PICTURES):
            texture = gl.texture((width, height), 4, picture(which, width, height, 4), alignment=1)
            self.targets.append(gl.framebuffer([texture]))

    def draw(self, number):
        target = self.targets[number % PICTURES]
        target.use()
        target.clear(*(byte / 255 for byte in number_bytes(number, 4)), viewport=(0, 0, CORNER, CORNER))
        return target

    def check(self, number, frame, every_byte):
        row = self.size[0] * self.components
        expected = self.expected[number % PICTURES]
        corner = number_bytes(number, self.components) * CORNER
        if len(frame) != len(expected) or any(
                frame[y * row:y * row + len(corner)] != corner for y in range(CORNER)):
            sys.exit(f"frame {number} has another size or number")
        if every_byte:
            wanted = bytearray(expected)
            for y in range(CORNER):
                wanted[y * row:y * row + len(corner)] = corner
            right = frame == wanted
        else:
            at = range(len(corner) + number % 64, len(frame), 97 * row)
            right = all(frame[i] == expected[i] for i in at)
        if not right:
            sys.exit(f"frame {number} has wrong pixels")


def time_bursts(gl, scene, frames, seconds):
    """Nanoseconds a frame, for each burst."""
    number = 0
    times = []
    end = time.monotonic() + seconds
    while len(times) < 5 or time.monotonic() < end:
        gl.finish()
        start = time.perf_counter_ns()
        for _ in range(frames):
            frame = scene.draw(number).read(components=scene.components, alignment=1)
            scene.check(number, frame, False)
            number += 1
        times.append((time.perf_counter_ns() - start) / frames)
    return times, number


def main():
    results = json.load(sys.stdin)
    gl = moderngl.create_context(standalone=True, backend="egl")
    results["context"]["moderngl"] = f"{moderngl.__version__}, {gl.info['GL_RENDERER']}, {gl.info['GL_VERSION']}"
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    for name, width, height, components in CASES:
        scene = Scene(gl, width, height, components)
        for number in range(16):
            scene.check(number, scene.draw(number).read(components=components, alignment=1), True)
        times, verified = time_bursts(gl, scene, 20 if width > 2000 else 60, seconds)
        first, median, third = statistics.quantiles(times, n=4)
        size = width * height * components
        results["benchmarks"].append({
            "name": f"frames/{name}/{METHOD}", "run_type": "iteration", "iterations": len(times), "size_bytes": size,
            "real_time": median, "spread": (third - first) / 2, "time_unit": "ns", "gb_per_s": size / median,
            "method": METHOD, "case": name, "frames_verified": verified + 16})
        print(f"frames/{name}/{METHOD:40} {median:14.0f} ns  ±{(third - first) / 2:8.0f}", file=sys.stderr)
    json.dump(results, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
