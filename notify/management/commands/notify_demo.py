"""`manage.py notify_demo`: people to play with. Only with DEBUG: their password is known."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from notify import sending, sql
from notify.bus.publisher import publisher
from notify.models import Level

PASSWORD = "demo"  # noqa: S105  known to all, hence only with DEBUG
PEOPLE = ("ada", "bob", "cleo")
ADMIN = "admin"

SAMPLES: tuple[dict[str, Any], ...] = (
    {
        "title": "Your export is ready",
        "body": "All 1,204 orders of the last year, as one file.",
        "level": Level.SUCCESS,
        "category": "orders",
        "url": "/notify/",
    },
    {
        "title": "The office is closed on Friday",
        "body": "Support is there by mail, from 9 to 12.",
        "category": "news",
    },
    {
        "title": "Your card expires next month",
        "body": "Orders after that will wait until there is another.",
        "level": Level.WARNING,
        "category": "billing",
        "url": "/notify/",
    },
    {
        "title": "Order 4711 could not be delivered",
        "body": "The courier found nobody. It is tried once more tomorrow.",
        "level": Level.ERROR,
        "category": "orders",
        "url": "/notify/",
    },
)


class Command(BaseCommand):
    help = "Makes the users ada, bob, cleo and admin, and a few notices. Needs DEBUG."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo users have a known password: they are made with DEBUG only.")
        with transaction.atomic(using=sql.alias()):
            try:
                made = _make_missing_users()
            except IntegrityError as error:
                raise CommandError(
                    "The user model wants more than a name and a password: make "
                    f"{', '.join(PEOPLE)} and {ADMIN} yourself, and run this again ({error})."
                ) from error
            if made:
                for sample in SAMPLES:
                    sending.send(to=made, kind="notify.demo", **sample)
        publisher.flush()
        names = f"{', '.join(PEOPLE[:-1])} or {PEOPLE[-1]}"
        self.stdout.write(f"Sign in as {names}, or as {ADMIN} who also sees the admin.")
        self.stdout.write(f"Their password is {PASSWORD!r}.")


def _make_missing_users() -> list[Any]:
    model = get_user_model()
    users, name_field = model._default_manager.using(sql.alias()), model.USERNAME_FIELD
    names = (*PEOPLE, ADMIN)
    missing = [name for name in names if not users.filter(**{name_field: name}).exists()]
    # Hashed once: it takes its time, and there is nothing to protect.
    password = make_password(PASSWORD) if missing else ""
    known = {field.name for field in model._meta.get_fields()}
    rights = dict.fromkeys(known & {"is_staff", "is_superuser"}, True)
    return [
        users.create(password=password, **{name_field: name}, **(rights if name == ADMIN else {}))
        for name in missing
    ]
