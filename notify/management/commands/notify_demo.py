"""`manage.py notify_demo`: demo users and notices. Only with DEBUG, as the password is public."""

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

PASSWORD = "demo"  # noqa: S105  public, hence only with DEBUG
PEOPLE = ("ada", "bob", "cleo")
ADMIN = "admin"

SAMPLES: tuple[dict[str, Any], ...] = (
    {
        "title": "Your export is ready",
        "body": "All 1,204 orders from last year in one file.",
        "level": Level.SUCCESS,
        "category": "orders",
        "url": "/notify/",
    },
    {
        "title": "The office is closed on Friday",
        "body": "Email support is available 9:00\N{EN DASH}12:00.",
        "category": "news",
    },
    {
        "title": "Your card expires next month",
        "body": "Add a new card to keep placing orders.",
        "level": Level.WARNING,
        "category": "billing",
        "url": "/notify/",
    },
    {
        "title": "Order 4711 couldn't be delivered",
        "body": "Nobody was home. We'll try again tomorrow.",
        "level": Level.ERROR,
        "category": "orders",
        "url": "/notify/",
    },
)


class Command(BaseCommand):
    help = "Creates the users ada, bob, cleo and admin, and a few notices. Requires DEBUG."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo users' password is public. Run this only with DEBUG.")
        with transaction.atomic(using=sql.alias()):
            try:
                created = _create_missing_users()
            except IntegrityError as error:
                raise CommandError(
                    "The user model requires more than a name and a password. Create "
                    f"{', '.join(PEOPLE)} and {ADMIN} yourself, then run this again ({error})."
                ) from error
            if created:
                for sample in SAMPLES:
                    sending.send(to=created, kind="notify.demo", **sample)
        publisher.flush()
        names = f"{', '.join(PEOPLE[:-1])} or {PEOPLE[-1]}"
        self.stdout.write(f"Sign in as {names}, or as {ADMIN} to use the Django admin.")
        self.stdout.write(f"The password is {PASSWORD!r}.")


def _create_missing_users() -> list[Any]:
    model = get_user_model()
    users, name_field = model._default_manager.using(sql.alias()), model.USERNAME_FIELD
    names = (*PEOPLE, ADMIN)
    missing = [name for name in names if not users.filter(**{name_field: name}).exists()]
    # Hashed once for all: hashing is slow, and the password is no secret.
    password = make_password(PASSWORD) if missing else ""
    known = {field.name for field in model._meta.get_fields()}
    rights = dict.fromkeys(known & {"is_staff", "is_superuser"}, True)
    has_address = "email" in known and name_field != "email"
    return [
        users.create(
            password=password,
            **{name_field: name},
            **({"email": f"{name}@example.org"} if has_address else {}),
            **(rights if name == ADMIN else {}),
        )
        for name in missing
    ]
