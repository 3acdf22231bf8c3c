# SPDX-License-Identifier: MIT
"""A user's first program: bytes go to the GPU through one ring and return through another."""

import pmb

SENT = bytes([1, 2, 3, 4])

with pmb.Context.headless() as context:
    up = pmb.UploadRing(context, 4096)
    down = pmb.ReadbackRing(context, 4096)
    with up.acquire(len(SENT)) as slice:
        slice.copy_from(SENT)
    pending = down.request(slice.buffer, slice.offset_bytes, len(SENT))
    up.retire(context.timeline.mark())
    with pending.wait(timeout=60) as view:
        returned = bytes(view)
if returned != SENT:
    raise SystemExit("other bytes returned")
print(f"the bytes returned through pmb {pmb.__version__}")
