"""`manage.py notify_prune --older-than 90d`: deletes what is old, a little at a time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from notify.bus.publisher import publisher
from notify.inbox import retention
from notify.management.durations import duration


class Command(BaseCommand):
    help = (
        "Deletes the notifications of notices older than that, then the notices that nobody has "
        "any more. Safe while servers run, and free to be stopped and started again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--older-than", type=duration, required=True, help="as in 90d")
        parser.add_argument(
            "--state",
            choices=list(retention.STATES),
            default="all",
            help="only those that are read, archived or recalled",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        pruned = retention.prune(
            options["older_than"], options["state"], announce=publisher.publish
        )
        publisher.flush()
        self.stdout.write(
            f"Deleted {pruned.notifications} notifications, {pruned.notices} notices,"
            f" {pruned.others} ended sessions and spent tickets."
        )
