from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import django
import pytest

from notify.outbox import deadlines, mail_server
from notify.outbox.email import WITH_MAILERS
from tests.harness.smtp import SmtpServer
from tests.unit.outbox.out import declare

SITE = "https://example.org"


@pytest.fixture(scope="session")
def smtp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpServer]:
    """One for all tests, which leave it running."""
    with SmtpServer(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture(autouse=True)
def site(settings: Any, own_kinds: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.NOTIFY_SITE_URL = SITE
    send_by(settings, "django.core.mail.backends.locmem.EmailBackend")
    monkeypatch.setattr(deadlines, "_calls", defaultdict(deadlines._Calls))
    yield
    mail_server.close_idle()


@pytest.fixture
def declared(site: None) -> None:
    """The kinds of `out.declare`."""
    declare()


@pytest.fixture
def mail(smtp_server: SmtpServer, settings: Any) -> SmtpServer:
    """Django's mail goes to the server of the tests."""
    return use(settings, smtp_server)


def use(settings: Any, server: SmtpServer) -> SmtpServer:
    send_to(settings, server.port)
    return server


def send_to(settings: Any, port: int, **options: Any) -> None:
    """Django's mail goes to this port of this machine."""
    backend = "django.core.mail.backends.smtp.EmailBackend"
    send_by(settings, backend, host="127.0.0.1", port=port, **options)


def send_by(settings: Any, backend: str, **options: Any) -> None:
    """As each Django wants it: before 6.1, a setting per option."""
    if django.VERSION >= WITH_MAILERS:
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        return
    settings.EMAIL_BACKEND = backend
    for name, value in options.items():
        setattr(settings, f"EMAIL_{name.upper()}", value)
