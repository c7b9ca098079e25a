"""Inboxes, and the notifications in them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notify.models.base import BaseRow

# The counts in raw SQL, in the order in which steps and readings have them; see `Inbox.badge`.
COUNTS = """unseen, unread,
            CASE WHEN unseen > overlooked THEN unseen - overlooked ELSE 0 END AS badge"""


class Inbox(BaseRow):
    """State of a user's inbox: a version, which each change increments, and absolute counts."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="notify_inbox",
    )
    epoch = models.CharField(max_length=32)
    version = models.BigIntegerField(default=0)
    # A client whose cursor is below it has missed deletions and must start over.
    floor = models.BigIntegerField(default=0)
    acknowledged = models.BigIntegerField(default=0)
    # When `acknowledged` was last written: at most a ping interval and a sweep after the client
    # acknowledged.
    acknowledged_at = models.DateTimeField(null=True)
    unseen = models.IntegerField(default=0)
    unread = models.IntegerField(default=0)
    # The version through which the bell was last opened, and how many of the unseen had arrived by
    # then.
    opened = models.BigIntegerField(default=0, db_default=0)
    overlooked = models.PositiveIntegerField(default=0, db_default=0)
    # When a mark that takes several transactions began; None while there is none.
    marking = models.DateTimeField(null=True)

    class Meta(BaseRow.Meta):
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(unseen__gte=0), name="notify_inbox_unseen"),
            models.CheckConstraint(condition=Q(unread__gte=0), name="notify_inbox_unread"),
        ]

    def __str__(self) -> str:
        return f"inbox of {self.user_id}"

    @property
    def badge(self) -> int:
        """The bell's number: the unseen that have arrived since it was opened."""
        return max(0, self.unseen - self.overlooked)


class Place(models.IntegerChoices):
    """Where a notification is; `notify.inbox.places` has the moves from one place to another."""

    INBOX = 0, _("Inbox")  # the only place where it counts as unseen or unread
    ARCHIVED = 1, _("Archived")
    FILED = 2, _("Filed")  # arrived without a sound, as its user wanted; shown as archived
    RECALLED = 3, _("Recalled")


class Reason(models.IntegerChoices):
    """Why somebody got a notice. Of several the strongest counts, which has the lowest number."""

    NAME = 1, _("Sent to you")
    GROUP = 2, _("Sent to a group of yours")
    PERMISSION = 3, _("Sent to those with a permission of yours")
    TOPIC = 4, _("About something that you follow")
    QUERY = 5, _("Chosen by the site")  # a queryset of users
    EVERYONE = 6, _("Sent to everyone")


class Notification(BaseRow):
    """One recipient's copy of a notice.

    The order of the fields is that of the columns: those of eight bytes first, so that PostgreSQL
    pads none.
    """

    pk = models.CompositePrimaryKey("notice", "user")
    notice = models.ForeignKey(
        "notify.Notice", models.PROTECT, related_name="notifications", db_index=False
    )
    arrived = models.BigIntegerField()  # the inbox's version when it arrived
    version = models.BigIntegerField()  # the inbox's version at its last change
    seen = models.DateTimeField(null=True)
    read = models.DateTimeField(null=True)
    # When it came to its place. None while it is in the inbox to which it came.
    placed = models.DateTimeField(null=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notify_notifications",
        db_index=False,
    )
    place = models.SmallIntegerField(choices=Place, default=Place.INBOX)
    # What the last mark found, for its undo: 1 if it was seen, 2 if it was read, and four times
    # the place, added up.
    before = models.SmallIntegerField(null=True)
    # The key of that mark plus `version`, so that any later change voids it. None: no undo.
    mark_key = models.BigIntegerField(null=True)
    # None: it came before reasons were kept, or by a process of an earlier version.
    reason = models.SmallIntegerField(choices=Reason, null=True)
    # The language of the page in which it was first seen. None: it is unseen, or nobody has said.
    seen_in = models.CharField(max_length=35, null=True)  # noqa: DJ001  most are unseen

    class Meta(BaseRow.Meta):
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes: ClassVar = [
            models.Index(fields=["user", "version"], name="notify_changes"),
            models.Index(
                fields=["user", "-arrived"], name="notify_page", condition=Q(place=Place.INBOX)
            ),
            models.Index(
                fields=["user", "-arrived"],
                name="notify_unread",
                condition=Q(place=Place.INBOX, read__isnull=True),
            ),
            models.Index(
                fields=["user", "-arrived"],
                name="notify_archive",
                condition=Q(place__in=[Place.ARCHIVED, Place.FILED]),
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.notice_id} for {self.user_id}"

    @property
    def archived(self) -> datetime | None:
        """When it was archived, or filed on arrival."""
        return self.placed if self.place in {Place.ARCHIVED, Place.FILED} else None

    @property
    def recalled(self) -> datetime | None:
        return self.placed if self.place == Place.RECALLED else None
