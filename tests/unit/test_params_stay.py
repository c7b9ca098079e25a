"""What a notice of a kind is made of reaches no browser, log, metric or export."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

import notify
from notify.bus import hints
from notify.changes import Locale
from notify.inbox import renderings
from notify.models import Notice
from tests.unit.inbox.helpers import Announced
from tests.unit.management.commands.helpers import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

SECRET = "s3cret-4711"
TOKEN = "t" * 40
GERMAN = Locale("de", "UTC")


class Diagnosis(notify.Kind):
    key = "tests.diagnosis"

    patient: str

    def title(self) -> str:
        return "Your results are there"


@pytest.fixture
def sent(ada: User, settings) -> Notice:
    settings.NOTIFY_METRICS_TOKEN = TOKEN
    notice = notify.send(Diagnosis(patient=SECRET), to=ada, sender=ada)
    assert SECRET in json.dumps(notice.params)
    return notice


@pytest.mark.parametrize(
    "path",
    [
        "/notify/",
        "/api/notify/inbox/",
        "/api/notify/inbox/?language=de&q=results",
        "/api/notify/inbox/changes/?language=de",
    ],
)
def test_no_browser_gets_them_not_even_the_recipients(
    path: str, sent: Notice, ada: User, client: Client
) -> None:
    client.force_login(ada)
    answer = client.get(path).content.decode()
    assert "Your results are there" in answer
    assert SECRET not in answer


def test_no_socket_is_sent_them(ada: User, announced: Announced) -> None:
    notify.send(Diagnosis(patient=SECRET), to=ada)
    [change] = announced.changes
    hint = hints.change_hint(change)
    assert SECRET in json.dumps(hint["params"])
    for rows in (hints.rows_in(hint, GERMAN), hints.read_change(hint).rows):
        told = "".join(rows.after(0))
        assert "Your results are there" in told
        assert SECRET not in told


def fail(self: Diagnosis) -> str:
    raise ValueError(f"nothing to say of {self.patient}")


def test_no_log_has_them(
    sent: Notice,
    ada: User,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Diagnosis, "title", fail)
    monkeypatch.setattr(renderings, "_logged_at", {})
    renderings._texts.cache_clear()
    client.force_login(ada)
    with caplog.at_level(logging.DEBUG, "notify"):
        client.get("/api/notify/inbox/?language=de")
    assert Diagnosis.key in caplog.text
    assert SECRET not in caplog.text


def test_no_metric_has_them(sent: Notice, client: Client) -> None:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert SECRET not in answer.content.decode()


def test_no_page_of_staff_has_them(sent: Notice, admin_client: Client) -> None:
    page = admin_client.get(f"/admin/notify/notice/{sent.pk}/change/").content.decode()
    assert "Your results are there" in page
    assert SECRET not in page


def test_no_export_has_them_whoever_sent_or_got_the_notice(sent: Notice, make_user: Any) -> None:
    notify.send(Diagnosis(patient="ada"), to=make_user("bob"))
    for name in ("ada", "bob"):
        exported = run("notify_export", name)
        assert "Your results are there" in exported
        assert SECRET not in exported
        assert '"patient"' not in exported
