"""What a process does, as py-spy sees it from outside: its stacks, some hundred times a second."""

from __future__ import annotations

import linecache
import re
import signal
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

from tests.harness.process import Process
from tests.harness.server import ROOT

RATE_HZ = 500
PY_SPY = str(Path(sys.executable).with_name("py-spy"))
LINES = 20  # of a table
SHOWN = 0.005  # of all samples
# Calls without a frame of their own in Python: the line that makes one tells it.
CALLS = {
    "send(2), with the kernel's part": r"sock\w*\.send",
    "recv(2), with the kernel's part": r"sock\w*\.recv",
    "waiting": r"\.(poll|select|acquire)\(|\.get\(block=True",
}
_FRAME = re.compile(r"(.*) \((.*?)(?::(\d+))?\)$")


class Frame(NamedTuple):
    function: str
    path: str
    line: int

    @classmethod
    def read(cls, said: str) -> Self:
        match = _FRAME.match(said)
        return cls(said, "", 0) if match is None else cls(match[1], match[2], int(match[3] or 0))

    @property
    def group(self) -> str:
        """A call of the system, or the package."""
        source = linecache.getline(self.path, self.line)
        for name, pattern in CALLS.items():
            if re.search(pattern, source):
                return name
        return _short(self.path).partition("/")[0].removesuffix(".py")

    @property
    def name(self) -> str:
        return f"{self.function} ({_short(self.path)})"


@cache
def _short(path: str) -> str:
    """From the package on."""
    for root in (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(ROOT)):
        if path.startswith(root + "/"):
            return path.removeprefix(root + "/")
    return path


Stacks = Counter[tuple[Frame, ...]]  # outermost first; how often each was seen


class Spy(Process):
    """py-spy at the process `pid`, until `stacks` are asked for."""

    def __init__(self, pid: int, directory: Path) -> None:
        self._output = directory / "stacks"
        what = ("--format", "raw", "--full-filenames", "--rate", str(RATE_HZ))
        command = (PY_SPY, "record", *what, "--output", str(self._output), "--pid", str(pid))
        super().__init__(command, log=directory / "py-spy.log")

    def ready(self) -> bool:
        return "Sampling" in self.log

    def stacks(self) -> Stacks:
        self.send_signal(signal.SIGINT)
        assert self.wait(60) == 0, self.log
        return read(self._output.read_text().splitlines())


def read(lines: Iterable[str]) -> Stacks:
    """Of py-spy's raw format: frames with `;` between, a space, and how often."""
    seen: Stacks = Counter()
    for line in lines:
        frames, _, count = line.rpartition(" ")
        seen[tuple(map(Frame.read, frames.split(";")))] += int(count)
    return seen


def tables(stacks: Stacks) -> Iterator[str]:
    """Lines for people: where the samples were taken, by group and by function.

    What waits is left out: py-spy leaves out threads that sleep, but not all of them. A little of
    what psycopg's C waits for the database is still there.
    """
    stacks = Counter({each: n for each, n in stacks.items() if each[-1].group != "waiting"})
    total = stacks.total()
    groups, own, below = Counter[str](), Counter[str](), Counter[str]()
    for frames, count in stacks.items():
        groups[frames[-1].group] += count
        own[frames[-1].name] += count
        for name in {frame.name for frame in frames if _short(frame.path).startswith("notify/")}:
            below[name] += count
    for title, counted in (
        (f"{total:,} samples, by what ran", groups),
        ("functions, by their own time", own),
        ("functions of notify, with all that they call", below),
    ):
        yield f"\n  {title}"
        for name, n in counted.most_common(LINES):
            if n / total >= SHOWN:
                yield f"  {n / total:6.1%}  {name}"
