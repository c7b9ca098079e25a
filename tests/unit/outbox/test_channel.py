from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

import notify
from notify.exceptions import NotifyError
from notify.outbox import (
    AddressRefused,
    Channel,
    Deferred,
    Email,
    HandOverFailed,
    MessageRefused,
    Unanswered,
    claiming,
)
from notify.outbox.channel import MAX_LIMIT
from tests.harness.server import ROOT
from tests.unit.outbox.helpers import ADA, outgoing

AT_START = """
import sys
import django
django.setup()
import config.asgi, config.urls, notify.testing, notify.management.commands.notify_work
from notify import Kind, send
found = [name for name in sys.modules if name.startswith(("notify.outbox", "smtplib"))]
assert not [name for name in found if name.startswith("notify.outbox")], found
notify = sys.modules["notify"]
assert notify.Email().key == "email"
"""


class Sms(Channel):
    key = "sms"


def test_it_waits_for_15_minutes_unless_it_is_read() -> None:
    channel = Sms()
    assert (channel.after, channel.unless) == (timedelta(minutes=15), "read")
    assert repr(channel) == "Sms(after=datetime.timedelta(seconds=900), unless='read')"


def test_both_are_chosen() -> None:
    channel = Sms(after=timedelta(0), unless="seen")
    assert (channel.after, channel.unless) == (timedelta(0), "seen")


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ({"after": 15}, r"timedelta\(minutes=15\)"),
        ({"after": None}, r"timedelta\(minutes=15\)"),
        ({"after": timedelta(seconds=-1)}, r"timedelta\(0\) is at once"),
        ({"after": timedelta(days=31)}, "30 days"),
        ({"unless": "opened"}, 'unless="read", or "seen"'),
        ({"unless": None}, 'unless="read", or "seen"'),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(wrong: dict[str, Any], cure: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=cure):
        Sms(**wrong)
    with pytest.raises(ImproperlyConfigured, match=r"^Email"):
        Email(**wrong)


@pytest.mark.parametrize("key", ["", "s" * 21, "a\nb"])
def test_a_channel_needs_a_key_that_can_be_stored(key: str) -> None:
    class Wrong(Channel):
        pass

    Wrong.key = key
    with pytest.raises(ImproperlyConfigured, match="give the class one"):
        Wrong()


@pytest.mark.parametrize(
    "limit",
    [claiming.LEASE, MAX_LIMIT + timedelta.resolution, timedelta(0), timedelta(seconds=-1), 60],
)
def test_a_limit_ends_before_the_lease(limit: Any) -> None:
    class Slow(Channel):
        key = "slow"

    Slow.limit = limit
    with pytest.raises(ImproperlyConfigured, match=r"limit = timedelta\(minutes=1\)"):
        Slow()


@pytest.mark.parametrize("limit", [None, timedelta.resolution, MAX_LIMIT])
def test_any_shorter_limit_will_do(limit: timedelta | None) -> None:
    class Quick(Channel):
        key = "quick"

    Quick.limit = limit
    assert Quick().limit == limit


def test_a_class_without_its_methods_says_which() -> None:
    for call, name in (
        (lambda: Sms().address(ADA), "address"),
        (lambda: Sms().render(outgoing()), "render"),
        (lambda: Sms().hand_over("hello", "+49"), "hand_over"),
    ):
        with pytest.raises(NotImplementedError, match=f"Sms needs an? {name}"):
            call()
    Sms().close()  # needs none


@pytest.mark.parametrize("answer", [Deferred, AddressRefused, MessageRefused, Unanswered])
def test_each_answer_is_a_failed_hand_over(answer: type[HandOverFailed]) -> None:
    assert issubclass(answer, HandOverFailed)
    assert issubclass(answer, NotifyError)


def test_the_facade_has_it() -> None:
    assert notify.Email is Email


def test_nothing_of_it_is_imported_before_a_channel_is_declared() -> None:
    env = {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "on", "PATH": ""}
    command = [sys.executable, "-c", AT_START]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
