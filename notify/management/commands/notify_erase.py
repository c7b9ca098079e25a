"""`manage.py notify_erase ada --yes`: erases all data of a user."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notify.bus.publisher import publisher
from notify.inbox import personal
from notify.management.arguments import user_named

NOT_FOUND = (
    "Notices to other people were not searched: their texts, and the fields of their kinds "
    "(params), may still name this user. Recall and prune those that must go."
)


class Command(BaseCommand):
    help = (
        "Erases everything that notify stores about a user, but not the account. Notices that the "
        "user sent stay in other inboxes, without the user's name. A name in the texts of notices "
        "to others, or in the fields of their kinds, is not found. Safe while servers run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="confirm: this cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_named(options["username"])
        if not options["yes"]:
            raise CommandError("This cannot be undone. Run notify_export first, then pass --yes.")
        erased = personal.erase(str(user.pk), announce=publisher.publish)
        # Closes the sockets that were opened with API tokens of the user.
        publisher.publish_session_check(str(user.pk))
        publisher.flush()
        counts = ", ".join(f"{count} {kind}" for kind, count in erased.items() if count)
        self.stdout.write(f"Erased {counts}." if counts else "There was nothing to erase.")
        self.stdout.write(NOT_FOUND)
