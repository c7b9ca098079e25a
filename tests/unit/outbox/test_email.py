from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import django
import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

import notify
from notify.outbox import AddressRefused, Email
from notify.outbox.email import WITH_MAILERS
from notify.outbox.handing_out import hand_out
from notify.outbox.handing_over import hand_over
from tests.harness.server import ROOT
from tests.unit.outbox.helpers import ADA, outgoing, row
from tests.unit.outbox.out import NOW, due, states

MAILERS = ("default", "bulk")
FILES = {"BACKEND": "django.core.mail.backends.filebased.EmailBackend"}
BEFORE_MODELS = """
import notify
from notify import Kind

class Shipped(Kind):
    key = "test.shipped"
    channels = [notify.Email()]
"""


def test_it_goes_to_the_address_of_the_hand_over() -> None:
    channel = Email()
    address = channel.address(ADA)
    assert address == "ada@example.org"
    message = channel.render(outgoing(address="old@example.org"))
    hand_over(channel, message, address)
    [sent] = mail.outbox
    assert sent.to == ["ada@example.org"]
    assert sent.subject == "Order A-7 is on its way"
    channel.close()


@pytest.mark.parametrize(
    "address", ["nobody", "ada@", "a b@example.org", "ada@example.org\nBcc: x"]
)
def test_what_is_no_address_is_refused_before_anybody_is_asked(address: str) -> None:
    channel = Email()
    with pytest.raises(AddressRefused):
        hand_over(channel, channel.render(outgoing(address=address)), address)
    assert mail.outbox == []


def test_someone_without_an_address_has_none() -> None:
    assert Email().address(SimpleNamespace(email="")) is None


if django.VERSION >= WITH_MAILERS:

    def test_each_goes_by_its_own_mailer(settings: Any, tmp_path: Path) -> None:
        mailers = {name: {**FILES, "OPTIONS": {"file_path": tmp_path / name}} for name in MAILERS}
        settings.MAILERS = mailers
        for channel, name in ((Email(), "default"), (Email(using="bulk"), "bulk")):
            message = channel.render(outgoing(row(title=f"By {name}")))
            hand_over(channel, message, "ada@example.org")
            channel.close()
        for name in MAILERS:
            [sent] = (tmp_path / name).iterdir()
            assert f"Subject: By {name}\n" in sent.read_text()

else:

    def test_a_mailer_needs_a_django_that_has_them() -> None:
        with pytest.raises(ImproperlyConfigured, match=r"Django 6\.1.*set EMAIL_BACKEND"):
            Email(using="bulk")


def test_its_time_and_condition_are_those_of_channels() -> None:
    channel = Email(after=timedelta(hours=1), unless="seen")
    assert (channel.after, channel.unless, channel.key) == (timedelta(hours=1), "seen", "email")


@pytest.mark.django_db
@pytest.mark.usefixtures("announced")
def test_the_link_of_one_with_a_key_of_its_own_ends_that_one(ada: User, client: Client) -> None:
    class Bulk(Email):
        key = "bulk"

    class Offer(notify.Kind):
        key = "t.offer"
        category = "offers"
        channels = [Bulk(after=NOW)]
        text: str

        def title(self) -> str:
            return self.text

    User.objects.update(email="ada@example.org")
    due(ada, key="t.offer")
    assert hand_out(str(ada.pk), "bulk") == 1
    [sent] = mail.outbox
    link = urlsplit(sent.extra_headers["List-Unsubscribe"].strip("<>")).path
    answer = client.post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert states(due(ada, key="t.offer")) == []


def test_it_is_declared_before_django_has_loaded_models() -> None:
    env = {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "on", "PATH": ""}
    command = [sys.executable, "-c", BEFORE_MODELS]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
