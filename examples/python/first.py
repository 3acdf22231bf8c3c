# SPDX-License-Identifier: MIT
"""The first program of docs/install.md: numbers go into a GL buffer, and come back."""

from array import array

import pmb

numbers = array("f", [1, 2, 3, 4])

with pmb.Context.headless() as context:      # no window; the first GPU, or else the CPU
    ring = pmb.UploadRing(context, 8 << 20)
    with ring.acquire(16) as slice:          # reserve memory that CPU and GPU share; the end of the block publishes
        slice.copy_from(numbers)             # or write in place: slice is a buffer
    back = array("f", pmb.download(context, slice.buffer, slice.offset_bytes, 16))
    ring.retire(context.timeline.mark())     # reusable once the GPU has passed this point
print(back)
assert back == numbers
