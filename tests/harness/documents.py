"""The blocks of a page of docs/, to be run as they stand: only paths, ports, names are put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from tests.harness.server import ROOT

_BLOCK = re.compile(
    r"^(?P<indent> *)```\w+\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)


def block(page: str, first: str, comment: str = "#") -> str:
    """The block of `page` (a path in this repository) whose first line begins with `# first`:
    the path of the file that it is, or what it does. Fails where the page has none, or two.
    `comment`: how its language begins one."""
    line = f"{comment} {first}"
    found = [
        text
        for match in _BLOCK.finditer((ROOT / page).read_text(encoding="utf-8"))
        if (text := dedent(match["text"])).startswith((f"{line}\n", f"{line},", f"{line} -->\n"))
    ]
    assert len(found) == 1, f"{page} has {len(found)} blocks that begin with '{line}', not one"
    return found[0]


def put_in(text: str, here: Mapping[str, object], source: str | Path) -> str:
    """`text` with what is written replaced by what is here; fails where it is not written any
    more, so that a test cannot go on with something that nobody reads."""
    for written, value in here.items():
        assert written in text, f"{source} has no {written!r} any more"
        text = text.replace(written, str(value))
    return text
