"""Initials and colours of people without a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from notify.web.pages import faces

ROOT = Path(__file__).resolve().parents[4]
FIXTURE = json.loads((ROOT / "tests/fixtures/faces.json").read_text())
STYLES = (ROOT / "notify/static/notify/styles/rows.css").read_text()


@pytest.mark.parametrize(("name", "letters"), FIXTURE["initials"])
def test_initials_are_the_first_characters_of_the_first_and_the_last_word(name, letters):
    assert faces.initials(name) == letters


@pytest.mark.parametrize(("key", "number"), FIXTURE["hues"])
def test_a_person_has_one_colour_here_and_in_scripts(key, number):
    assert faces.hue(key) == number


def test_each_colour_is_there_and_white_can_be_read_on_it():
    first = re.search(r"\.initials \{[^}]*background: (#\w{6});", STYLES)
    others = re.findall(r'\[data-hue="(\d)"\] \.initials \{ background: (#\w{6}); \}', STYLES)
    assert first
    assert [int(number) for number, _ in others] == [*range(1, faces.HUES)]
    for colour in (first[1], *(colour for _, colour in others)):
        assert 1.05 / (_luminance(colour) + 0.05) >= 4.5, colour


def _luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear: list[float] = [((part + 0.055) / 1.055) ** 2.4 for part in parts]  # of parts above 0.04
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
