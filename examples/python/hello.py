# SPDX-License-Identifier: MIT
"""Doubles numbers on the GPU: each block goes up by upload() and comes back through a readback ring.

Needs Debian's python3-moderngl and python3-numpy.
"""

import moderngl
import numpy
import pmb

BLOCKS, COUNT = 100, 4096
SHADER = """#version 430
layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer Input { float numbers[]; };
layout(std430, binding = 1) writeonly buffer Output { float doubled[]; };
void main() { doubled[gl_GlobalInvocationID.x] = 2.0 * numbers[gl_GlobalInvocationID.x]; }
"""


def main() -> None:
    gl = moderngl.create_context(standalone=True, backend="egl", require=430)
    double = gl.compute_shader(SHADER)
    numbers, doubled = gl.buffer(reserve=4 * COUNT), gl.buffer(reserve=4 * COUNT)
    numbers.bind_to_storage_buffer(0)
    doubled.bind_to_storage_buffer(1)

    with pmb.Context.from_current() as context:
        readbacks = pmb.ReadbackRing(context, 1 << 20)
        in_flight = []
        for block in range(BLOCKS):
            pmb.upload(context, numbers.glo, 0, numpy.full(COUNT, block, "f4"))
            double.run(COUNT // 64)
            in_flight.append(readbacks.request(doubled.glo, 0, 4 * COUNT))  # a copy on the GPU
            context.timeline.mark()                                         # the block arrives after this point
            if len(in_flight) == 4:
                check(in_flight.pop(0), block - 3)
        for number, pending in enumerate(in_flight):
            check(pending, BLOCKS - len(in_flight) + number)
    print(f"doubled {BLOCKS} blocks of {COUNT} numbers")


def check(pending: pmb.PendingReadback, block: int) -> None:
    with pending.wait() as view:  # the bytes, in place
        if not (numpy.asarray(view).view("f4") == 2.0 * block).all():
            raise SystemExit(f"block {block} is wrong")


if __name__ == "__main__":
    main()
