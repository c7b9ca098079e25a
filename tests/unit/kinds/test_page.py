"""The blocks of docs/kinds.md do what the page says."""

from __future__ import annotations

import json
import sys
from io import StringIO
from types import ModuleType, SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from notify.changes import Locale
from notify.kinds import fields, registry
from notify.models import Notice
from notify.readers import locales
from tests.harness.documents import block
from tests.harness.server import ROOT

PAGE = "docs/kinds.md"


@pytest.fixture
def notices(monkeypatch):
    module = ModuleType("shop.notices")
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.notices", module)
    monkeypatch.setattr(registry, "_kinds", {})
    exec(block(PAGE, "shop/notices.py"), vars(module))  # noqa: S102
    return module


def manage(*arguments: str) -> str:
    out = StringIO()
    call_command("notify_kinds", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_it_is_declared_and_sent(notices, ada, announced):
    order = SimpleNamespace(customer=ada)
    exec(block(PAGE, "shop/views.py"), {"order": order})  # noqa: S102
    notice = Notice.objects.get()
    assert (notice.title, notice.body) == ("Order A-7 is on its way", "It is 2 parcels.")
    assert (notice.url, notice.category, notice.level) == ("/orders/A-7/", "orders", "success")
    assert notice.params == {"number": "A-7", "parcels": 2}


@pytest.mark.django_db
def test_the_project_says_in_which_language_somebody_reads(notices, ada, settings, monkeypatch):
    people = ModuleType("shop.people")
    exec(block(PAGE, "shop/people.py"), vars(people))  # noqa: S102
    monkeypatch.setitem(sys.modules, "shop.people", people)
    said: dict[str, str] = {}
    exec(block(PAGE, "settings.py"), said)  # noqa: S102
    settings.NOTIFY_READER = said["NOTIFY_READER"]
    profile = SimpleNamespace(language="de", zone="Europe/Berlin")
    monkeypatch.setattr(User, "profile", profile, raising=False)
    assert locales.own(str(ada.pk)) == Locale("de", "Europe/Berlin")


def test_a_change_that_stored_notices_would_not_survive_fails_in_ci(notices, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manage("--write", "kinds.json")
    source = block(PAGE, "shop/notices.py").replace("parcels: int = 1", "parcels: str")
    exec(source, vars(notices))  # noqa: S102
    with pytest.raises(CommandError, match=r"shop\.order_shipped\.parcels"):
        manage("--check", "kinds.json")


def test_it_is_shown_and_kept(notices, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for first in ("What readers of each language get", "After a kind came or changed on purpose"):
        for line in block(PAGE, first).splitlines():
            if not line.startswith("#"):
                python, manage_py, command, *arguments = line.split()
                assert (python, manage_py, command) == ("python", "manage.py", "notify_kinds")
                assert manage(*arguments)
    assert json.loads((tmp_path / "kinds.json").read_text())["shop.order_shipped"]


def test_another_program_says_the_same(notices):
    [line] = [one for one in (ROOT / PAGE).read_text().splitlines() if one.startswith('{"to"')]
    said = json.loads(line)
    kind = fields.parse(notices.OrderShipped, said["params"])
    assert kind == notices.OrderShipped(number="A-7", parcels=2)
    assert said["kind"] == kind.key
