"""`manage.py notify_send --to ada --title "Your export is ready"`: sends from any script."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notify import sending
from notify.bus.publisher import publisher
from notify.exceptions import Busy, NotifyError
from notify.inbox import claiming
from notify.management.arguments import date_and_time, duration
from notify.models import Level, Notice
from notify.sending.audience import Recipient, everyone
from notify.sending.names import groups_named, users_named
from notify.sql import database


class Command(BaseCommand):
    help = "Sends a notice. It is in the inboxes when this command ends; no server has to run."

    def add_arguments(self, parser: CommandParser) -> None:
        for option, metavar, what in (
            ("--to", "USERNAME", "recipients"),
            ("--group", "NAME", "groups, whose active members receive it"),
        ):
            parser.add_argument(
                option,
                metavar=metavar,
                nargs="+",
                action="extend",
                default=[],
                help=f"{what}; repeatable",
            )
        parser.add_argument("--everyone", action="store_true", help="all active users")
        parser.add_argument("--title", required=True)
        parser.add_argument("--body", default="", help="plain text")
        parser.add_argument("--level", default=Level.INFO.value, choices=Level.values)
        parser.add_argument("--category", default="")
        parser.add_argument("--url", help="a path such as /orders/7/, or an http(s) address")
        parser.add_argument("--key", help="idempotency key: a notice is sent once per key")
        parser.add_argument("--expires", type=date_and_time, help="2031-01-31T09:00+01:00")
        parser.add_argument(
            "--expires-in", type=duration, help="90s, 30m, 12h or 7d; not with --key"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        expires = _expiry(options)
        try:
            notice = sending.send(
                to=_recipients(options),
                title=options["title"],
                body=options["body"],
                level=options["level"],
                category=options["category"],
                url=options["url"],
                key=options["key"],
                expires=expires,
            )
        except NotifyError as error:
            raise CommandError(str(error)) from error
        try:
            for batch_id in claiming.open_batches(notice.pk):
                sending.carry_out(batch_id)
        except Busy:
            self.stderr.write(
                "Some inboxes are locked. A server or notify_work will deliver the rest."
            )
        finally:
            publisher.flush()
        notices: Any = Notice.objects
        self._report(notices.with_progress().get(pk=notice.pk), repeated=notice.repeated)

    def _report(self, notice: Any, *, repeated: bool) -> None:
        verb = "was already sent" if repeated else "sent"
        people = "1 person" if notice.recipients == 1 else f"{notice.recipients} people"
        self.stdout.write(f"Notice {notice.pk} {verb} to {people}.")


def _expiry(options: dict[str, Any]) -> datetime | None:
    if not options["expires_in"]:
        return options["expires"]  # type: ignore[no-any-return]
    if options["key"]:
        raise CommandError(
            "With --expires-in, each call is a different notice. Use --expires with --key."
        )
    return database.now() + options["expires_in"]  # type: ignore[no-any-return]


def _recipients(options: dict[str, Any]) -> list[Recipient]:
    named: list[Recipient] = [*users_named(options["to"]), *groups_named(options["group"])]
    return [*named, everyone()] if options["everyone"] else named
