"""Texts of kinds are found and compiled by Django's own commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.harness.documents import block
from tests.harness.server import PYTHON
from tests.harness.waiting import deadline

pytestmark = pytest.mark.one_database

TEXTS = {
    "Orders": "Bestellungen",
    "Order %(number)s is on its way": "Bestellung %(number)s kommt",
    "It is one parcel.": "1 Stück.",
}
READ = """
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "notify", "shop"],
    LANGUAGES=[("en", "English"), ("de", "Deutsch")],
)
django.setup()
from notify.kinds import rendering
from shop.notices import OrderShipped, ORDERS
from django.utils.translation import override
print([rendering.contents(OrderShipped(number="7", parcels=n), "de")["body"] for n in (1, 2)])
with override("de"):
    print(ORDERS.label)
"""


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [PYTHON, *words],
        cwd=folder, capture_output=True, text=True, timeout=deadline(30), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_makemessages_finds_the_texts_of_kinds_and_they_are_read_translated(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    (shop / "locale").mkdir(parents=True)
    (shop / "__init__.py").touch()
    (shop / "notices.py").write_text(block("docs/kinds.md", "shop/notices.py"))
    run(shop, "-m", "django", "makemessages", "-l", "de")
    catalogue = shop / "locale/de/LC_MESSAGES/django.po"
    text = catalogue.read_text().replace("#, fuzzy\n", "")
    found = set(re.findall(r'^msgid "(.+)"', text, re.MULTILINE))
    assert found == set(TEXTS)
    for said, german in TEXTS.items():
        text = re.sub(rf'(msgid "{re.escape(said)}"\n)msgstr ""', rf'\1msgstr "{german}"', text)
    text = text.replace('msgstr[0] ""', f'msgstr[0] "{TEXTS["It is one parcel."]}"')
    catalogue.write_text(text.replace('msgstr[1] ""', 'msgstr[1] "%(n)d Stück."'))
    run(shop, "-m", "django", "compilemessages")
    assert run(tmp_path, "-c", READ) == "['1 Stück.', '2 Stück.']\nBestellungen\n"
