"""The site, which notes how long the garbage collector runs: where COLLECTED names a file, its
seconds of CPU are there, as a float of 8 bytes. A profiler of the Python stack cannot tell them
from the function in which a collection began."""

from __future__ import annotations

import gc
import mmap
import os
import struct
import time
from pathlib import Path

from tests.benchmarks.site.settings import *  # noqa: F403

with Path(os.environ["COLLECTED"]).open("r+b") as _file:
    _note = mmap.mmap(_file.fileno(), 8)  # so that noting costs no system call
_started = 0.0


def _collecting(phase: str, _: dict[str, int]) -> None:
    global _started  # noqa: PLW0603  one collection at a time
    if phase == "start":
        _started = time.thread_time()
    else:
        [seconds] = struct.unpack("d", _note[:])
        _note[:] = struct.pack("d", seconds + time.thread_time() - _started)


gc.callbacks.append(_collecting)
