"""Whoever sends with django-notifications-hq: `tests.benchmarks.sends` does the same with ours."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.peers.hq.settings"

import django

django.setup()

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from notifications.models import Notification
from notifications.signals import notify

from tests.benchmarks import turns
from tests.benchmarks.payload import short
from tests.benchmarks.remote import answer

users: list[User] = []
groups: list[Group] = []


def people(count: int) -> dict[str, str]:
    """Exactly `count` users are there, without notifications, and a group of all. Answers the
    versions."""
    call_command("migrate", verbosity=0)
    turns.execute("TRUNCATE auth_user, auth_group, notifications_notification CASCADE")
    new = [User(username=f"user-{n}", password="!") for n in range(count + 1)]
    users[:] = User.objects.bulk_create(new, 5000)
    groups[:] = [Group.objects.create(name="all")]
    groups[0].user_set.add(*users[1:])
    turns.execute("VACUUM ANALYZE")
    return {name: version(name) for name in ("django-notifications-hq", "Django")}


def send(n: int, to: User | Group | None = None) -> None:
    """Notification `n` to one user after the other, or to `to`. The actor is nobody of these."""
    recipient = to or users[1 + n % (len(users) - 1)]
    notify.send(users[0], recipient=recipient, verb=short(n))


CALLS: turns.Calls = {
    turns.ONE_PERSON: lambda n: lambda: send(n),
    turns.GROUP: lambda n: lambda: send(n, groups[0]),
}


def turn(what: str, situation: str, n: int, rest: bool) -> dict[str, float]:
    return turns.take(CALLS[what](n), situation, rest)


def statements(what: str, situation: str) -> int:
    return turns.statements(CALLS[what], situation)


def stored(what: str, situation: str, count: int) -> dict[str, Any]:
    """Sends twice `count` times: bytes that the second half left, and copies in all."""
    left = turns.left("notifications", CALLS[what], situation, count)
    return {"bytes": left, "rows": Notification.objects.count()}


if __name__ == "__main__":
    answer({"people": people, "turn": turn, "statements": statements, "stored": stored})
