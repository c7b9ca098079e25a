"""The German catalogue has every text of the app and of the templates: `make messages`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "notify" / "locale" / "de" / "LC_MESSAGES" / "django"
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
SAID = re.compile(r"""\bn?gettext\(u?(['"])(.+?)(?<!\\)\1""", re.DOTALL)
SHORT = re.compile(r"""(?<!\w)_\((['"])(.+?)(?<!\\)\1\)""")


class Nothing(NullTranslations):
    """Asked where the catalogue has nothing."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)


def texts_of_modules() -> Iterator[str]:
    for file in (ROOT / "notify").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in MARKS and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def texts_of_templates() -> Iterator[str]:
    for file in (
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "notify" / "templates").rglob("*.html"),
    ):
        found = templatize(file.read_text("utf-8"), origin=str(file))
        for pattern in (SAID, SHORT):
            for _, text in pattern.findall(found):
                yield str(ast.literal_eval(f'"""{text}"""'))


def test_german_has_every_text():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        german = GNUTranslations(file)
    german.add_fallback(Nothing())
    modules, templates = set(texts_of_modules()), set(texts_of_templates())
    assert len(modules) > 100
    assert len(templates) > 100
    for text in modules | templates:
        german.gettext(text)


def test_none_is_a_guess_or_left_over():
    catalogue = CATALOGUE.with_suffix(".po").read_text("utf-8")
    assert not re.findall("^(?:#, .*fuzzy|#~).*", catalogue, re.MULTILINE)


def test_nothing_is_untranslated():
    catalogue = CATALOGUE.with_suffix(".po").read_text("utf-8")
    entries = [entry.strip() for entry in catalogue.split("\n\n")[1:]]  # without the header
    assert len(entries) > 200
    empty = re.compile(r'^msgstr(?:\[\d\])? ""$(?!\n")', re.MULTILINE)
    assert [entry for entry in entries if empty.search(entry)] == []
