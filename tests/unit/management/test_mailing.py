"""A test e-mail, and what the server says of it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.core import mail as django_mail
from django.core.management import CommandError

import notify
from notify.kinds import registry
from notify.management.mailing import examine_email
from notify.outbox import mail_server
from notify.outbox.email import WITH_MAILERS
from tests.harness.process import free_port
from tests.harness.smtp import SmtpServer
from tests.unit.management.commands.helpers import run
from tests.unit.outbox.conftest import send_by, send_to

SITE = "https://shop.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpServer]:
    with SmtpServer(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture(autouse=True)
def site(settings: Any) -> Iterator[None]:
    settings.NOTIFY_SITE_URL = SITE
    settings.DEFAULT_FROM_EMAIL = "shop@shop.example"
    yield
    mail_server.close_idle()


def test_it_tells_what_the_server_has_answered(settings: Any, server: SmtpServer) -> None:
    send_to(settings, server.port)
    getreply = smtplib.SMTP.getreply
    out = run("notify_doctor", "--email", "ada@example.org")
    assert "ok    site            links lead to https://shop.example." in out
    assert "ok    mail            to ada@example.org: 250 " in out
    taken = server.taken[-1]
    assert taken["Subject"] == "Test e-mail of shop.example"
    assert taken["Message-ID"].endswith("@shop.example>")
    assert smtplib.SMTP.getreply is getreply


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("unknown@example.org", "550 5.1.1 No such user here: there is nobody"),
        ("no address", "This is no e-mail address: there is nobody"),
    ],
)
def test_a_refusal_is_in_the_words_of_the_server(
    settings: Any, server: SmtpServer, address: str, said: str
) -> None:
    send_to(settings, server.port)
    [*_, last] = examine_email(address)
    assert (last.level, last.step) == ("FAIL", "mail")
    assert said in last.text


def test_a_server_that_is_away_fails(settings: Any) -> None:
    send_to(settings, free_port())
    with pytest.raises(CommandError, match="E-mails don't go out"):
        run("notify_doctor", "--email", "ada@example.org")


def test_a_backend_that_is_no_smtp_has_taken_it(settings: Any) -> None:
    send_by(settings, "django.core.mail.backends.locmem.EmailBackend")
    [*_, last] = examine_email("ada@example.org")
    assert last.text == "to ada@example.org: the e-mail backend has taken it"
    assert len(django_mail.outbox) == 1


def test_settings_that_are_missing_are_told(settings: Any) -> None:
    settings.NOTIFY_SITE_URL = None
    [only] = examine_email("ada@example.org")
    assert only.level == "FAIL"
    assert "Set NOTIFY_SITE_URL" in only.text
    settings.NOTIFY_SITE_URL = "http://localhost:8000"
    settings.DEFAULT_FROM_EMAIL = "webmaster@localhost"
    send_by(settings, "django.core.mail.backends.locmem.EmailBackend")
    levels = [one.level for one in examine_email("ada@example.org")]
    assert levels == ["ok", "hint", "hint", "ok"]


if django.VERSION >= WITH_MAILERS:

    def test_each_mailer_that_a_channel_uses_is_examined(
        settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        takes = {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
        away = {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": free_port()},
        }
        settings.MAILERS = {"default": takes, "bulk": away, "unused": takes}
        monkeypatch.setattr(registry, "_kinds", {})

        class Shipped(notify.Kind):
            key = "shop.shipped"
            channels = [notify.Email()]

        class Offer(notify.Kind):
            key = "shop.offer"
            channels = [notify.Email(using="bulk")]

        _site, *mails = examine_email("ada@example.org")
        assert [(one.level, one.step) for one in mails] == [("FAIL", "mail bulk"), ("ok", "mail")]
        assert len(django_mail.outbox) == 1
