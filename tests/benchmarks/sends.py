"""The senders of questions 12 to 14: ours, and the bare SQL beside it. The peer's are in
`peers/hq/`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django

django.setup()

from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import override_settings
from django.utils import timezone

import notify
from notify import sending
from notify.models import Batch, Notice, Notification, Preference
from notify.outbox import ripening
from notify.outbox.worker import OutboxWorker
from notify.sending.audience import everyone
from tests.benchmarks import stores, turns
from tests.benchmarks.payload import short
from tests.benchmarks.remote import answer
from tests.benchmarks.site.notices import ShortOrder
from tests.benchmarks.turns import execute

BARE = "bench_bare"  # the table that one would write oneself
users: list[User] = []
groups: list[Group] = []


def people(count: int) -> None:
    """Exactly `count` users are there, each with an empty inbox, and a group of all."""
    execute(f"DROP TABLE IF EXISTS {BARE}")
    execute("TRUNCATE auth_group CASCADE")
    stores.people(count + 1)
    execute(
        f"CREATE TABLE {BARE} (id bigserial PRIMARY KEY, user_id integer NOT NULL REFERENCES"
        " auth_user, actor_id integer NOT NULL, title text NOT NULL, created timestamptz NOT NULL,"
        " read timestamptz)"
    )
    execute(f"CREATE INDEX ON {BARE} (user_id)")
    users[:] = User.objects.order_by("pk")
    groups[:] = [Group.objects.create(name="all")]
    groups[0].user_set.add(*users[1:])
    stores.settle()


def _person(n: int) -> User:
    return users[1 + n % (len(users) - 1)]


def send(n: int, to: User | Group | None = None, **options: Any) -> Notice:
    """Notice `n` to one user after the other, or to `to`. The actor is nobody of these."""
    return notify.send(to=to or _person(n), actor=users[0], title=short(n), **options)


def bare(n: int) -> None:
    execute(
        f"INSERT INTO {BARE} (user_id, actor_id, title, created)"
        " VALUES (%s, %s, %s, now()) RETURNING id",
        *(_person(n).pk, users[0].pk, short(n)),
    )


def _later() -> Any:
    return timezone.now() + timedelta(hours=1)


def _cancel(n: int) -> turns.Call:
    notice = send(n, send_at=_later())
    return lambda: sending.cancel(notice)


def _recall(n: int) -> turns.Call:
    notice = send(n)
    return lambda: sending.recall(notice)


def _kind(what: str, n: int) -> notify.Kind:
    """The mailed one is imported here only: it declares a channel, and others are measured where
    nobody does."""
    if what == "a kind":
        return ShortOrder(n=n)
    mailed: notify.Kind = import_module("tests.benchmarks.site.mailed").MailedOrder(n=n)
    return mailed


def _of_kind(what: str) -> Callable[[int], turns.Call]:
    return lambda n: lambda: notify.send(_kind(what, n), to=_person(n), actor=users[0])


CALLS: turns.Calls = {
    turns.ONE_PERSON: lambda n: lambda: send(n),
    turns.GROUP: lambda n: lambda: send(n, groups[0]),
    "a kind": _of_kind("a kind"),
    "a kind with e-mail": _of_kind("a kind with e-mail"),
    "one person, with a key": lambda n: lambda: send(n, key=f"key {time.monotonic_ns()}"),
    "one person, in an hour": lambda n: lambda: send(n, send_at=_later()),
    "cancel that one": _cancel,
    "recall of a notice to one person": _recall,
    "bare INSERT": lambda n: lambda: bare(n),
}


# Questions 12 and 14


def turn(what: str, situation: str, n: int, rest: bool) -> dict[str, float]:
    return turns.take(CALLS[what](n), situation, rest)


def statements(what: str, situation: str) -> int:
    return turns.statements(CALLS[what], situation)


def stored(what: str, situation: str, count: int) -> dict[str, Any]:
    """Sends twice `count` times: bytes that the second half left, and copies in all."""
    left = turns.left("notify", CALLS[what], situation, count)
    return {"bytes": left, "rows": Notification.objects.count()}


# Question 13


def send_many(items: Sequence[dict[str, Any]]) -> None:
    """Sends different notices to different people, all or nothing."""
    notify.send_many(notify.NewNotice(**item) for item in items)


def each_alone(items: Sequence[dict[str, Any]]) -> None:
    for item in items:
        notify.send(**item)


def bare_many(items: Sequence[dict[str, Any]]) -> None:
    """The same rows by three statements in one transaction."""
    keys = [item["to"].pk for item in items]
    titles = [item["title"] for item in items]
    given = {"title": "item.title"}
    fields = [field for field in Notice._meta.fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(given.get(field.name, f'template."{field.column}"') for field in fields)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {stores.NOTICE} ({columns}) SELECT {values}"
                " FROM unnest(%s::text[]) WITH ORDINALITY AS item(title, n),"
                f" (SELECT * FROM {stores.NOTICE} ORDER BY id LIMIT 1) template"
                " ORDER BY item.n RETURNING id",
                [titles],
            )
            notices = [notice for (notice,) in cursor.fetchall()]
        execute(
            f"UPDATE {stores.INBOX} SET version = version + 1, unseen = unseen + 1,"
            " unread = unread + 1 WHERE user_id = ANY(%s::integer[])",
            keys,
        )
        execute(
            f"INSERT INTO {stores.NOTIFICATION} (user_id, notice_id, arrived, version, place)"
            " SELECT i.user_id, item.notice, i.version, i.version, 0"
            f" FROM unnest(%s::integer[], %s::bigint[]) AS item(person, notice)"
            f" JOIN {stores.INBOX} i ON i.user_id = item.person",
            *(keys, notices),
        )


WAYS = {"send_many": send_many, "each alone": each_alone, "bare SQL": bare_many}


def many(way: str, first: int) -> dict[str, float]:
    """One notice to each user, each with a text of its own: seconds until all are in the inboxes,
    and of CPU time.

    `first` is the number of the first notice."""
    items = [
        {"to": user, "actor": users[0], "title": short(n)}
        for n, user in enumerate(users[1:], start=first)
    ]
    stores.settle()
    cpu, started = time.process_time(), time.monotonic()
    WAYS[way](items)
    while sending.carry_out_next():  # what was left to the workers
        continue
    return {"wall": time.monotonic() - started, "cpu": time.process_time() - cpu}


# What a choice costs


def crowd(count: int, choosing: float) -> None:
    """Exactly `count` users are there, each with an empty inbox; of these a share has turned the
    category of `fan_out` off."""
    stores.people(count)
    Preference.objects.all().delete()
    keys = User.objects.order_by("pk").values_list("pk", flat=True)[: int(count * choosing)]
    chosen = [Preference(user_id=key, scope="category:news", value=False) for key in keys]
    Preference.objects.bulk_create(chosen, batch_size=10_000)
    stores.settle()


def fan_out(n: int) -> float:
    """Seconds until notice `n` is in the inboxes of everyone, or filed."""
    started = time.perf_counter()
    notify.send(to=everyone(), title=short(n), category="news")
    while sending.carry_out_next():
        continue
    return time.perf_counter() - started


# What a channel costs


def fan_out_of(n: int, what: str) -> float:
    """Seconds until a notice of that kind is in the inboxes of everyone."""
    started = time.perf_counter()
    notify.send(_kind(what, n), to=everyone())
    while sending.carry_out_next():
        continue
    return time.perf_counter() - started


def ripen() -> tuple[int, float]:
    """How many items the batches of the last notice make, and in how many seconds."""
    last = Batch.objects.filter(state=Batch.State.RIPENING, notice=Notice.objects.latest("pk"))
    last.update(due=timezone.now())
    started, items = time.perf_counter(), 0
    while (made := ripening.ripen_next()) is not None:
        items += made
    return items, time.perf_counter() - started


def hand_out(within_s: float) -> int:
    """How many messages one worker hands to Django's dummy backend in so many seconds."""
    User.objects.update(email=Concat("username", Value("@example.org")))
    stores.settle()
    dummy = "django.core.mail.backends.dummy.EmailBackend"
    backend: dict[str, Any] = {"EMAIL_BACKEND": dummy}
    if django.VERSION >= (6, 1):
        backend = {"MAILERS": {"default": {"BACKEND": dummy}}}
    worker = OutboxWorker()
    with override_settings(NOTIFY_SITE_URL="https://example.org", **backend):
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            assert worker.do_next(), "all is handed over before the time is up"
    return worker.messages


def check(notices: int) -> int:
    """Each inbox but the actor's holds `notices` different ones; how many rows that are."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {stores.INBOX} i WHERE user_id <> %s AND (version <> %s"
            f" OR unread <> %s OR %s <> (SELECT count(DISTINCT title) FROM {stores.NOTIFICATION} n"
            f" JOIN {stores.NOTICE} ON notice_id = {stores.NOTICE}.id"
            " WHERE n.user_id = i.user_id))",
            [users[0].pk, *[notices] * 3],
        )
        [wrong] = cursor.fetchone()
    assert wrong == 0, f"{wrong} inboxes do not hold what they should"
    return Notification.objects.count()


if __name__ == "__main__":
    answer(
        {
            "people": people,
            "turn": turn,
            "statements": statements,
            "stored": stored,
            "many": many,
            "check": check,
            "crowd": crowd,
            "fan_out": fan_out,
            "fan_out_of": fan_out_of,
            "ripen": ripen,
            "hand_out": hand_out,
        }
    )
