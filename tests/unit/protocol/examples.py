"""The example frames that both sides test with: tests/fixtures/frames.json."""

import json
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = json.loads((Path(__file__).parents[2] / "fixtures" / "frames.json").read_text())


def sent_by(side: str) -> list[dict[str, Any]]:
    return [one for one in EXAMPLES["frames"] if one["direction"] == side]


def named(examples: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("example", examples, ids=lambda one: one["name"])
