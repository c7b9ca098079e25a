"""`manage.py notify_prune --older-than 90d`: deletes old notifications, a few at a time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from notify.bus.publisher import publisher
from notify.inbox import retention
from notify.management.arguments import duration


class Command(BaseCommand):
    help = (
        "Deletes the notifications of notices older than --older-than, then the notices that no "
        "inbox has any more. Safe while servers run; it may be interrupted and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than", type=duration, required=True, help="an age: 90s, 30m, 12h or 90d"
        )
        parser.add_argument(
            "--state",
            choices=list(retention.STATES),
            default="all",
            help="delete only notifications in this state",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        pruned = retention.prune(
            options["older_than"], options["state"], announce=publisher.publish
        )
        publisher.flush()
        self.stdout.write(
            f"Deleted {pruned.notifications} notifications, {pruned.notices} notices, "
            f"{pruned.messages} messages, and {pruned.others} ended sessions and spent tickets."
        )
