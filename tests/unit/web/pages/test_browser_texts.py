import re
from pathlib import Path

from django.utils.translation import override

from notify.web.pages.browser_texts import TEXTS, browser_texts

SOURCES = Path(__file__).resolve().parents[4] / "browser"


def test_the_texts_are_those_of_the_scripts():
    scripts = (file.read_text(encoding="utf-8") for file in SOURCES.rglob("*.js"))
    ours = [script for script in scripts if '/translation.js"' in script]
    texts = [text for script in ours for text in re.findall(r'\bsay\("(.+?)"', script)]
    assert set(texts) == set(TEXTS)
    assert len(TEXTS) == len(set(TEXTS))


def test_english_sends_nothing():
    with override("en"):
        assert browser_texts() == {}


def test_german_has_every_word_and_keeps_what_is_filled_in():
    with override("de"):
        german = browser_texts()
    assert set(TEXTS) - set(german) == {"Live", "{count} ms"}  # which read the same
    for text, other in german.items():
        assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", other)
