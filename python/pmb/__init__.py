# SPDX-License-Identifier: MIT
"""Persistent mapped buffers for OpenGL: streams bytes to and from the GPU through memory that both share.

    with pmb.Context.headless() as context, pmb.UploadRing(context, 8 << 20) as ring:
        with ring.acquire(1024) as slice:        # memory that CPU and GPU share
            numpy.asarray(slice)[:] = 7          # write in place; the end of the block publishes
        ...                                      # issue the commands that read slice.buffer at slice.offset_bytes
        ring.retire(context.timeline.mark())     # reusable once the GPU has passed this point
"""

from pmb._pmb import *
from pmb._pmb import __version__ as __version__
from pmb.errors import *
from pmb.frames import *
