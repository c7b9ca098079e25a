"""`manage.py notify_erase ada --yes`: erases all that notify keeps about one person."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notify.bus.publisher import publisher
from notify.inbox import personal
from notify.management.people import person


class Command(BaseCommand):
    help = (
        "Erases all that notify keeps about a user, over all tables; not the account. Notices that "
        "the user wrote stay where they arrived, without the user's name. Safe while servers run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="it cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        user = person(options["username"])
        if not options["yes"]:
            raise CommandError("This cannot be undone. Say --yes; notify_export writes it first.")
        erased = personal.erase(str(user.pk), announce=publisher.publish)
        # Sockets opened with the user's API tokens end with them.
        publisher.publish_session_check(str(user.pk))
        publisher.flush()
        told = ", ".join(f"{count} {kind}" for kind, count in erased.items() if count)
        self.stdout.write(f"Erased {told or 'nothing: there was nothing'}.")
