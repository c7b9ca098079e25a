"""What may go out of the browser, and what has."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notify.models.base import BaseRow
from notify.models.notices import Notice

MAX_WHY = 300


def new_message_id() -> str:
    """Random, because a database that was restored counts from an earlier number."""
    return secrets.token_hex(16)


class Message(BaseRow):
    """What is handed out to one person by a channel, about one or more notices.

    `notify.outbox.states` has the moves from one state to another.
    """

    class State(models.TextChoices):
        CLAIMED = "claimed"  # made; nothing has left
        SENDING = "sending"  # it may have left
        HANDED = "handed"
        REFUSED = "refused"
        DEFERRED = "deferred"  # nobody has it; its items wait again
        UNKNOWN = "unknown"  # it may have left, and is not sent again
        DROPPED = "dropped"  # nothing has left: nobody needed it any more, or its lease ran out

    OPEN: ClassVar = (State.CLAIMED, State.SENDING)

    key = models.CharField(primary_key=True, max_length=32, default=new_message_id)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_messages"
    )
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=320)
    state = models.CharField(max_length=8, choices=State, default=State.CLAIMED)
    why = models.CharField(max_length=MAX_WHY, blank=True, default="")
    language = models.CharField(max_length=35)
    zone = models.CharField(max_length=100)
    created = models.DateTimeField()
    # Until when its worker has it to itself. All times are by the database's clock.
    lease = models.DateTimeField()
    sending = models.DateTimeField(null=True)  # when the hand-over began
    ended = models.DateTimeField(null=True)

    class Meta(BaseRow.Meta):
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        default_permissions: ClassVar = ()
        indexes: ClassVar = [
            models.Index(fields=["created"], name="notify_message_created"),
            models.Index(fields=["channel", "created"], name="notify_message_channel"),
            models.Index(
                fields=["lease"],
                name="notify_message_leases",
                condition=Q(state__in=["claimed", "sending"]),
            ),
            models.Index(
                fields=["ended", "state"],
                name="notify_message_ended",
                condition=Q(ended__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.key}: {self.state}"


class OutboxItem(BaseRow):
    """A copy of a notice that may go out by a channel. That there is one of a kind is what "never
    two" rests on: only staff, who send a message again, make another, and the first one stays."""

    class State(models.TextChoices):
        WAITING = "waiting"
        TAKEN = "taken"  # by its message
        HANDED = "handed"
        SKIPPED = "skipped"
        REFUSED = "refused"
        UNKNOWN = "unknown"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_outbox", db_index=False
    )
    channel = models.CharField(max_length=20)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="+")
    # How many there were before it, of what staff have sent again.
    repeat = models.PositiveSmallIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    why = models.CharField(max_length=MAX_WHY, blank=True, default="")
    # When somebody should look at it: it goes then, or is put off again.
    ripe = models.DateTimeField()
    rhythm = models.CharField(max_length=8, blank=True, default="", db_default="")
    made = models.DateTimeField()
    ended = models.DateTimeField(null=True)
    # Of the database, as an epoch has it: what was made before a restore is not sent after it.
    lineage = models.CharField(max_length=8, blank=True, default="")
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0
    )  # renders that did not end well
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="items")

    class Meta(BaseRow.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "channel", "notice", "repeat"], name="notify_outbox_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ripe"], name="notify_outbox_ripe", condition=Q(state="waiting")),
            models.Index(
                fields=["ended", "why"], name="notify_outbox_skipped", condition=Q(state="skipped")
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.notice_id} for {self.user_id} by {self.channel}: {self.state}"


class Reach(BaseRow):
    """How one person can be reached by a channel, where the last try has failed. It says nothing
    of another address than this one."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_reach", db_index=False
    )
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=320)
    closed = models.DateTimeField(null=True)  # it was refused: nothing goes there
    failures = models.PositiveSmallIntegerField(default=0)  # temporary ones, in a row
    since = models.DateTimeField(null=True)
    again = models.DateTimeField(null=True)
    why = models.CharField(max_length=MAX_WHY, blank=True, default="")

    class Meta(BaseRow.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "channel"], name="notify_reach_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.user_id}: {self.failures} failures"
