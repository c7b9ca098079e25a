"""The blocks of docs/email.md do what the page says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.checks import run_checks
from django.db.models import F

import notify
from notify.kinds import registry
from notify.models import Batch, Message, OutboxItem, Reach
from notify.outbox.handing_out import hand_out
from tests.harness.documents import block, put_in
from tests.unit.management.commands.helpers import run
from tests.unit.outbox.out import ripen

PAGE = "docs/email.md"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def declared(settings: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(registry, "_kinds", {})
    said: dict[str, str] = {}
    exec(block(PAGE, "settings.py"), said)  # noqa: S102
    for name in ("NOTIFY_SITE_URL", "DEFAULT_FROM_EMAIL"):
        setattr(settings, name, said[name])
    module = ModuleType("shop.notices")
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.notices", module)
    exec(block(PAGE, "shop/notices.py"), vars(module))  # noqa: S102
    return module


def ripened() -> int:
    """As if two hours had passed."""
    waiting = Batch.objects.filter(state=Batch.State.RIPENING)
    waiting.update(due=F("due") - timedelta(hours=2))
    return ripen()


@pytest.fixture
def ada(ada: User) -> User:
    ada.email = "ada@example.org"
    ada.save()
    return ada


def test_what_stays_unread_is_mailed_and_what_was_read_is_not(
    declared: ModuleType, ada: User
) -> None:
    first, second = (
        notify.send(declared.OrderShipped(number=number), to=ada) for number in ("A-7", "A-8")
    )
    notify.sending.mark(str(ada.pk), "read", ids=[first.pk])
    assert ripened() == 1
    assert hand_out(str(ada.pk), "email") == 1
    [sent] = mail.outbox
    assert sent.subject == "Order A-8 is on its way"
    assert sent.from_email == "Shop <shop@shop.example>"
    assert f"https://shop.example/orders/A-8/?notify-read={second.pk}" in sent.body
    assert "\nSent to you (shop.example)\n" in sent.body
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert hand_out(str(ada.pk), "email") == 0


def test_a_required_kind_has_no_link_to_unsubscribe(declared: ModuleType, ada: User) -> None:
    notify.send(declared.PasswordChanged(), to=ada)
    ripened()
    hand_out(str(ada.pk), "email")
    [sent] = mail.outbox
    assert "List-Unsubscribe" not in sent.extra_headers
    assert "unsubscribe" not in str(sent.body)


def test_it_is_set_up(settings: Any) -> None:
    for line in block(PAGE, "Is it set up?").splitlines():
        if line.startswith("python"):
            _python, manage_py, command, *arguments = line.split()
            assert manage_py == "manage.py"
            if command == "check":
                assert not [one for one in run_checks() if one.id == "notify.E011"]
            else:
                assert "the e-mail backend has taken it" in run(command, *arguments)


class Provider(BaseHTTPRequestHandler):
    """An HTTP API of text messages."""

    answers: ClassVar[list[int]] = []
    got: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[str]:
    Provider.answers.clear()
    Provider.got.clear()
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/send"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def alarm(provider: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    sms = ModuleType("shop.sms")
    monkeypatch.setitem(sys.modules, "shop.sms", sms)
    source = put_in(block(PAGE, "shop/sms.py"), {"https://sms.example/send": provider}, PAGE)
    exec(source, vars(sms))  # noqa: S102
    monkeypatch.setattr(User, "profile", SimpleNamespace(phone="+49 1"), raising=False)
    alarms: dict[str, Any] = {"__name__": "shop.alarms"}
    exec(block(PAGE, "shop/alarms.py"), alarms)  # noqa: S102
    return alarms["Alarm"]


def sent_to(user: User, alarm: Any) -> Message:
    notify.send(alarm(), to=user)
    ripened()
    hand_out(str(user.pk), "sms")
    return Message.objects.latest("created")


def test_a_channel_of_ones_own_hands_over(ada: User, alarm: Any) -> None:
    message = sent_to(ada, alarm)
    assert message.state == "handed"
    assert Provider.got == [{"id": message.pk, "text": "The freezer is at 4 °C", "to": "+49 1"}]


@pytest.mark.parametrize(
    ("code", "message", "item"),
    [
        (503, "deferred", "waiting"),
        (400, "refused", "refused"),
        (404, "refused", "refused"),
    ],
)
def test_its_answers_are_those_of_the_provider(
    ada: User, alarm: Any, code: int, message: str, item: str
) -> None:
    Provider.answers.append(code)
    assert sent_to(ada, alarm).state == message
    assert OutboxItem.objects.get().state == item
    closed = Reach.objects.filter(user=ada, closed__isnull=False).exists()
    assert closed == (code == 404)


def test_it_is_as_short_as_the_page_says() -> None:
    lines = block(PAGE, "shop/sms.py").splitlines()
    assert sum(1 for line in lines if line.strip()) <= 30
