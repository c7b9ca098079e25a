"""The German catalogues have every text of the app, the demo and the templates: `make messages`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
APP, DEMO = (
    ROOT / package / "locale" / "de" / "LC_MESSAGES" / "django"
    for package in ("notify", "config/demo")
)
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
SAID = re.compile(r"""\bn?gettext\(u?(['"])(.+?)(?<!\\)\1""", re.DOTALL)
SHORT = re.compile(r"""(?<!\w)_\((['"])(.+?)(?<!\\)\1\)""")


class Nothing(NullTranslations):
    """Asked where the catalogue has nothing."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)


def texts_of_modules(package: str) -> Iterator[str]:
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in MARKS and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def texts_of_templates(*folders: str) -> Iterator[str]:
    for file in (file for folder in folders for file in (ROOT / folder).rglob("*.html")):
        found = templatize(file.read_text("utf-8"), origin=str(file))
        for pattern in (SAID, SHORT):
            for _, text in pattern.findall(found):
                yield str(ast.literal_eval(f'"""{text}"""'))


def test_german_has_every_text():
    modules = set(texts_of_modules("notify"))
    templates = set(texts_of_templates("templates", "notify/templates"))
    assert len(modules) > 100
    assert len(templates) > 100
    german = read(APP)
    for text in modules | templates:
        german.gettext(text)


def test_german_has_every_text_of_the_demo():
    modules = set(texts_of_modules("config/demo"))
    templates = set(texts_of_templates("config/demo/templates"))
    assert len(modules) > 5
    assert len(templates) > 5
    german = read(DEMO)
    for text in modules | templates:
        german.gettext(text)


def read(catalogue: Path) -> GNUTranslations:
    with catalogue.with_suffix(".mo").open("rb") as file:
        german = GNUTranslations(file)
    german.add_fallback(Nothing())
    return german


@pytest.mark.parametrize("catalogue", [APP, DEMO])
def test_none_is_a_guess_or_left_over(catalogue):
    text = catalogue.with_suffix(".po").read_text("utf-8")
    assert not re.findall("^(?:#, .*fuzzy|#~).*", text, re.MULTILINE)


@pytest.mark.parametrize(("catalogue", "at_least"), [(APP, 200), (DEMO, 10)])
def test_nothing_is_untranslated(catalogue, at_least):
    text = catalogue.with_suffix(".po").read_text("utf-8")
    entries = [entry.strip() for entry in text.split("\n\n")[1:]]  # without the header
    assert len(entries) > at_least
    empty = re.compile(r'^msgstr(?:\[\d\])? ""$(?!\n")', re.MULTILINE)
    assert [entry for entry in entries if empty.search(entry)] == []
