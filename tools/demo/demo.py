#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo: a video through `pmb stream sobel`, on the persistent and on the traditional path, side by side.

First, both paths are verified: with --verify, pmb also computes every output byte on the CPU and compares. The timed runs
follow without --verify, the paths in turn. Each must write exactly the verified bytes. Finally the same work runs as one
pipeline from file to file. `./run demo` builds pmb and starts this script.
"""

import argparse
import filecmp
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PATHS = {"persistent": "auto", "traditional": "traditional"}
WIDTH, HEIGHT = 1920, 1080
FRAMES = 90  # Three seconds; 267 MiB when decoded, which fits into the page cache of a small machine.
ROUNDS = 5


def fail(text):
    sys.exit(f"demo: {text}")


def step(text):
    print(f"-- {text}", flush=True)


def shown(command):
    return " ".join(str(word) for word in command)


def ffmpeg(*arguments):
    return ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]


def run(command):
    """Runs a command and returns its peak memory in bytes, as the kernel counted it."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        fail(f"this command ended with exit code {process.returncode}:\n  {shown(command)}")
    return usage.ru_maxrss * 1024


def make_clip(clip):
    """Makes a clip of moving soft and hard edges with some noise, using ffmpeg's generators."""
    zoom = (f"mandelbrot=size={WIDTH // 2}x{HEIGHT // 2}:rate=30:maxiter=400:end_pts=120:end_scale=0.02,"
            f"scale={WIDTH}:{HEIGHT}")
    pattern = f"testsrc2=size={WIDTH // 4}x{HEIGHT // 4}:rate=30"
    run(ffmpeg("-f", "lavfi", "-i", zoom, "-f", "lavfi", "-i", pattern, "-filter_complex",
               "[0][1]overlay=x=main_w-overlay_w-40:y=40,noise=alls=4:allf=t,format=yuv420p", "-frames:v", FRAMES,
               "-c:v", "libx264", "-preset", "veryfast", clip))


def decode(clip, target):
    """Returns the command that decodes a clip of any size to 1080p YUV4MPEG2."""
    fit = (f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,"
           f"pad={WIDTH}:{HEIGHT}:(ow-iw)/2:(oh-ih)/2,setsar=1")
    return ffmpeg("-i", clip, "-map", "0:v:0", "-frames:v", FRAMES, "-vf", fit, "-pix_fmt", "yuv420p",
                  "-f", "yuv4mpegpipe", target)


def stream(program, path, source, target, *more):
    """Runs pmb stream; returns its summary and its peak memory."""
    summary = target.with_suffix(".json")
    peak = run([program, "stream", "sobel", "--path", PATHS[path], "--input", source, "--output", target,
                "--json", summary, "--quiet", *more])
    return {**json.loads(summary.read_text()), "peak_bytes": peak}


def verify(program, source, folder):
    results = {}
    for path in PATHS:
        target = folder / f"verified_{path}.y4m"
        summary = stream(program, path, source, target, "--verify")
        if not summary["verified"] or summary["verified_blocks"] != summary["blocks"]:
            fail(f"the {path} path was not verified: see {target.with_suffix('.json')}")
        print(f"   {path}: {summary['verified_blocks']} frames equal to the CPU's, byte for byte", flush=True)
        results[path] = target
    return results


def measure(program, source, folder, verified):
    """Times each path. The paths run in turn, so that a machine that slows down slows both."""
    runs = {path: [] for path in PATHS}
    target = folder / "timed.y4m"
    for _ in range(ROUNDS):
        for path in PATHS:
            target.unlink(missing_ok=True)
            summary = stream(program, path, source, target)
            if not filecmp.cmp(target, verified[path], shallow=False):
                fail(f"a timed run of the {path} path did not write the verified bytes")
            runs[path].append(summary)
            print(f"   {path}: {summary['blocks_per_second']:.1f} frames/s", flush=True)
    target.unlink()
    return runs


def live(program, clip, video):
    """Runs decoder, filter and encoder as one pipeline, with no file in between."""
    print("   ffmpeg -i CLIP -f yuv4mpegpipe - | pmb stream sobel | ffmpeg -f yuv4mpegpipe -i - VIDEO", flush=True)
    commands = [
        decode(clip, "-"),
        [program, "stream", "sobel", "--quiet"],
        ffmpeg("-f", "yuv4mpegpipe", "-i", "pipe:0", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt",
               "yuv420p", video),
    ]
    processes = []
    source = subprocess.DEVNULL
    for command in commands:
        last = command is commands[-1]
        process = subprocess.Popen(command, stdin=source, stdout=None if last else subprocess.PIPE)
        if processes:
            source.close()  # An open copy here would hide from the writer that its reader has ended.
        source = process.stdout
        processes.append(process)
    for process, command in zip(processes, commands):
        if process.wait():
            fail(f"in the pipeline, this command ended with exit code {process.returncode}:\n  {shown(command)}")


def print_table(runs):
    def row(name, text):
        return [name, *(text(runs[path]) for path in PATHS)]

    def rates(each):
        return [summary["blocks_per_second"] for summary in each]

    rows = [
        ["", *(path for path in PATHS)],
        row("frames per second, median", lambda each: f"{statistics.median(rates(each)):.1f}"),
        row("  each run", lambda each: ", ".join(f"{rate:.1f}" for rate in rates(each))),
        row("bytes copied by the CPU per frame", lambda each: f"{each[0]['cpu_bytes_copied_per_block']:,}"),
        row("peak memory of the process", lambda each: f"{max(s['peak_bytes'] for s in each) / 2**20:.0f} MiB"),
        row("path chosen", lambda each: each[0]["path"]),
    ]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(rows[0]))]
    for cells in rows:
        print("  " + cells[0].ljust(widths[0]) + "".join(
            "   " + cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, help="a video; without it one is generated")
    parser.add_argument("--program", type=Path, required=True, help="the pmb program")
    parser.add_argument("--folder", type=Path, required=True, help="folder for all output files")
    options = parser.parse_args()
    program, folder = options.program.resolve(), options.folder
    folder.mkdir(parents=True, exist_ok=True)

    clip = options.clip or folder / "clip.mp4"
    if not options.clip:
        step(f"Making {clip}: {FRAMES} frames of H.264, {WIDTH}x{HEIGHT}")
        make_clip(clip)
    decoded = folder / "decoded.y4m"
    step(f"Decoding {clip}: at most {FRAMES} frames, to {WIDTH}x{HEIGHT}")
    run(decode(clip, decoded))
    step("Verifying every byte of both paths against the CPU")
    verified = verify(program, decoded, folder)
    step("Timing both paths, in turn, without verification")
    runs = measure(program, decoded, folder, verified)
    step("The same from file to file, as one pipeline")
    video, picture = folder / "sobel.mp4", folder / "sobel.png"
    live(program, clip, video)
    run(ffmpeg("-i", verified["persistent"], "-vf", f"select=eq(n\\,{runs['persistent'][0]['blocks'] // 2})",
               "-frames:v", "1", "-update", "1", picture))

    first = runs["persistent"][0]
    print(f"\nSobel on {first['blocks']} frames of {first['width']}x{first['height']}, each {first['block_bytes']:,} "
          f"bytes in and out\nRenderer: {first['renderer']}\n")
    print_table(runs)
    if "llvmpipe" in first["renderer"] or "softpipe" in first["renderer"]:
        print("\nThis renderer runs on the CPU and the filter takes nearly all of its time: these are not figures of a GPU.")
    print(f"\nEvery frame of both paths equals the CPU reference.\nVideo:   {video}\nPicture: {picture}")
    for file in (decoded, *verified.values()):
        file.unlink()


if __name__ == "__main__":
    main()
