"""`manage.py notify_kinds`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import gettext_lazy

from notify.kinds import registry
from tests.unit.kinds.examples import InItsLanguage, OrderShipped


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        registry, "_kinds", {kind.key: kind for kind in (OrderShipped, InItsLanguage)}
    )


def said(*arguments: object) -> str:
    out = StringIO()
    call_command("notify_kinds", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_it_lists_kinds_and_fields():
    lines = said().splitlines()
    assert lines[0] == "shop.language (no category, info): tests.unit.kinds.examples"
    assert lines[1] == "shop.order_shipped (orders, success): tests.unit.kinds.examples"
    assert '    number: {"type": "string"}' in lines


def test_without_kinds_it_says_where_to_declare_them(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})
    assert "notices.py" in said()


def test_what_is_written_fits_until_a_field_changes(tmp_path):
    path = tmp_path / "kinds.json"
    assert said("--write", path) == f"Wrote 2 kinds to {path}.\n"
    assert said("--check", path) == "2 kinds fit what is stored.\n"
    contract = json.loads(path.read_text())
    contract["shop.order_shipped"]["number"]["type"] = {"type": "integer"}
    path.write_text(json.dumps(contract))
    with pytest.raises(CommandError, match=r"shop\.order_shipped\.number: the type has changed"):
        said("--check", path)


def test_without_the_file_it_says_how_to_make_it(tmp_path):
    with pytest.raises(CommandError, match="Write it with --write"):
        said("--check", tmp_path / "nothing.json")


def test_it_shows_a_kind_in_all_languages():
    shown = said("--render", "shop.language")
    assert "English (en)\n    Archive\n" in shown
    assert "(de)\n    Archivieren\n" in shown
    assert "[Archive] /orders/number/" in said("--render", "shop.order_shipped")


def test_a_kind_that_cannot_be_shown_names_the_language(monkeypatch):
    monkeypatch.setattr(InItsLanguage, "title", lambda self: "")
    with pytest.raises(CommandError, match="en: title: must contain a visible character"):
        said("--render", "shop.language")


def test_a_lazy_text_is_told_with_the_cure(monkeypatch):
    monkeypatch.setattr(InItsLanguage, "title", lambda self: gettext_lazy("Archive"))
    with pytest.raises(CommandError, match=r"en: title: is a lazy object.*use gettext, not"):
        said("--render", "shop.language")


def test_an_unknown_key_is_told_with_the_known_ones():
    with pytest.raises(CommandError, match=r"Known: shop\.language, shop\.order_shipped"):
        said("--render", "nothing")
