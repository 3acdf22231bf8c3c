# SPDX-License-Identifier: MIT
"""The exceptions of pmb. Each status has a class; the text is the sentence of the library, with what to do."""

from enum import IntEnum
from typing import ClassVar, Dict, Tuple, Type

__all__ = ["Status", "Error", "WouldBlock", "TimedOut", "Unsupported", "OutOfMemory", "TooLarge", "MapFailed", "DataLost",
           "ContextLost", "FenceFailed", "WaitFailed", "InvalidArgument", "WrongContext", "StaleHandle", "Refused", "GlError"]


class Status(IntEnum):
    """How a call ended. Positive values mean "not now", negative ones are errors."""

    ok = 0
    would_block = 1
    timed_out = 2
    unsupported = -1
    out_of_memory = -2
    too_large = -3
    map_failed = -4
    data_lost = -5
    context_lost = -6
    fence_failed = -7
    wait_failed = -8
    invalid_argument = -9
    wrong_context = -10
    stale_handle = -11
    refused = -12
    gl_error = -13


class Error(Exception):
    """A call of pmb failed. `id` is the permanent name of the failure, such as "ring_full_unretired"."""

    status: ClassVar[Status]
    id: str
    numbers: Tuple[int, int, int]
    gl_call: str
    gl_error: int

    def __init__(self, message: str, id: str, numbers: Tuple[int, int, int] = (0, 0, 0), gl_call: str = "",
                 gl_error: int = 0) -> None:
        super().__init__(message)
        self.id = id
        self.numbers = numbers
        self.gl_call = gl_call
        self.gl_error = gl_error


class WouldBlock(Error):
    """Not now. A call that may wait has waited for as long as that could help."""

    status = Status.would_block


class TimedOut(Error):
    """A bounded wait ran out. Transfers may have moved a part; other calls changed nothing."""

    status = Status.timed_out


class Unsupported(Error):
    """The context or machine lacks something."""

    status = Status.unsupported


class OutOfMemory(Error):
    """The driver or the process has no memory left."""

    status = Status.out_of_memory


class TooLarge(Error):
    """It can never fit."""

    status = Status.too_large


class MapFailed(Error):
    """A mapping call returned null."""

    status = Status.map_failed


class DataLost(Error):
    """The driver lost the contents of a mapped buffer."""

    status = Status.data_lost


class ContextLost(Error):
    """The GL context was reset."""

    status = Status.context_lost


class FenceFailed(Error):
    """GL made no fence."""

    status = Status.fence_failed


class WaitFailed(Error):
    """A wait for a fence failed, which proves nothing."""

    status = Status.wait_failed


class InvalidArgument(Error):
    """A value that can never be right."""

    status = Status.invalid_argument


class WrongContext(Error):
    """No context, another context or another thread."""

    status = Status.wrong_context


class StaleHandle(Error):
    """The object was retired, released, closed or destroyed."""

    status = Status.stale_handle


class Refused(Error):
    """Misuse; nothing was changed."""

    status = Status.refused


class GlError(Error):
    """The driver failed a legal call."""

    status = Status.gl_error


CLASSES: Dict[int, Type[Error]] = {kind.status: kind for kind in Error.__subclasses__()}
