"""docs/security.md names a test for each of its points; each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"


def test_every_test_that_the_page_names_exists():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    assert len(named) > 40
    missing = {name for name in named if not re.search(rf"def {name}\(", tests)}
    assert not missing


def test_every_file_that_the_page_names_exists():
    for name in re.findall(r"`((?:tests|deploy|notify)/[\w./]+)`", PAGE.read_text()):
        assert (ROOT / name).exists(), name
