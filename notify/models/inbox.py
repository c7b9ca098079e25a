"""Notices and their batches, inboxes and the notifications in them."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notify.models.base import BaseRow, PrimaryManager


class Level(models.TextChoices):
    INFO = "info", _("Info")
    SUCCESS = "success", _("Success")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")
    CRITICAL = "critical", _("Critical")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def with_progress(self) -> Self:
        """Adds counts of people (`recipients`, `appended`, `skipped`, `cancelled`) and of batches
        (`batches`, `batches_open`, `batches_paused`)."""
        cancelled = Q(batch_set__state=Batch.State.CANCELLED)
        return self.annotate(
            recipients=Coalesce(Sum("batch_set__size"), 0),
            appended=Coalesce(Sum("batch_set__appended"), 0),
            skipped=Coalesce(Sum("batch_set__skipped"), 0),
            batches=Count("batch_set"),
            batches_open=Count("batch_set", filter=Q(batch_set__state__in=Batch.NOT_YET)),
            batches_paused=Count("batch_set", filter=Q(batch_set__state=Batch.State.PAUSED)),
            cancelled=Coalesce(Sum("batch_set__size", filter=cancelled), 0),
        )

    def with_counts(self) -> Self:
        """Adds `delivered`, `seen` and `read`: the number of recipients of each."""
        rows = Notification.objects.filter(notice=models.OuterRef("pk")).order_by()

        def count(condition: Q) -> Coalesce:
            counted = rows.filter(condition).values("notice").annotate(n=Count("pk")).values("n")
            return Coalesce(models.Subquery(counted, output_field=models.IntegerField()), 0)

        return self.annotate(
            delivered=count(Q(arrived__lte=F("user__notify_inbox__acknowledged"))),
            seen=count(Q(seen__isnull=False)),
            read=count(Q(read__isnull=False)),
        )


_NoticeManager = PrimaryManager.from_queryset(NoticeQuerySet)


class Notice(BaseRow):
    """The content of a notification. Once written, only a recall or its expiry changes it."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")
        RECALLED = "recalled", _("Recalled")

    kind = models.CharField(_("kind"), max_length=100, blank=True, default="")
    category = models.CharField(_("category"), max_length=100, blank=True, default="")
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.INFO)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("body"), max_length=4000, blank=True, default="")
    url = models.CharField(_("link"), max_length=2000, blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("actor"),
    )
    # Copied when the notice is written, so that reading an inbox does not join users.
    actor_name = models.CharField(_("actor's name"), max_length=200, blank=True, default="")
    actions = models.JSONField(_("actions"), default=list, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    send_at = models.DateTimeField(_("send at"), null=True, blank=True)
    recalled = models.DateTimeField(_("recalled"), null=True, editable=False)
    # Namespace of the idempotency key: "user:<pk>", or empty for the system. A primary key may
    # have any length.
    sender = models.TextField(default="", editable=False)
    key = models.CharField(_("idempotency key"), max_length=200, null=True, editable=False)  # noqa: DJ001  notices without a key do not conflict
    fingerprint = models.CharField(max_length=64, default="", editable=False)

    # Set by `send`: whether an earlier call with the same key had written this notice.
    repeated = False

    objects: ClassVar = _NoticeManager()

    class Meta(BaseRow.Meta):
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering: ClassVar = ["-pk"]
        permissions: ClassVar = [
            ("send_notice", "Can send notices"),
            ("view_operations", "Can watch live operations"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sender", "key"], name="notify_notice_key"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires"],
                name="notify_notice_expires",
                condition=Q(recalled__isnull=True, expires__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def status(self) -> Notice.Status:
        """Derived from the batches: one query, none if the notice was read `with_progress`."""
        if self.recalled is not None:
            return self.Status.RECALLED
        counted: Any = self
        if not hasattr(self, "batches_open"):
            counted = Notice.objects.with_progress().get(pk=self.pk)
        if counted.batches_open == 0:
            return self.Status.CANCELLED if counted.cancelled else self.Status.SENT
        if counted.batches_paused:
            return self.Status.PAUSED
        none_done = counted.batches_open == counted.batches
        return self.Status.PENDING if none_done else self.Status.SENDING


class Batch(BaseRow):
    """Up to `NOTIFY_BATCH_SIZE` recipients of a notice, fixed when it is sent: a unit of work."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")  # to be appended to the inboxes
        DONE = "done", _("Done")
        RECALLING = "recalling", _("Recalling")  # to be taken out of the inboxes again
        CLOSED = "closed", _("Closed")  # final: taken out, or recalled before it was appended
        PAUSED = "paused", _("Paused")  # to be appended after `resume`
        CANCELLED = "cancelled", _("Cancelled")  # final: never appended

    NOT_YET = (State.PENDING, State.PAUSED)  # may still be appended

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="batch_set")
    recipients = models.JSONField()  # primary keys, as the database writes them
    size = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    # The earliest time at which a worker may take it; later where the sending process is about to
    # carry it out. The same for all batches of a notice that become due together: inbox/turns.py.
    due = models.DateTimeField()
    # True for critical notices and for recalls. Older processes rely on the database's default.
    urgent = models.BooleanField(default=False, db_default=False)
    attempts = models.PositiveIntegerField(default=0)
    appended = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)  # recipients who were deleted before
    finished = models.DateTimeField(null=True)

    class Meta(BaseRow.Meta):
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        indexes: ClassVar = [
            models.Index(
                fields=["urgent", "due", "notice"],
                name="notify_batch_turns",
                condition=Q(state__in=["pending", "recalling"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.size} recipients of notice {self.notice_id}"


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


class Notification(BaseRow):
    """One recipient's copy of a notice."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notify_notifications",
        db_index=False,
    )
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="notifications", db_index=False)
    arrived = models.BigIntegerField()  # the inbox's version when it arrived
    version = models.BigIntegerField()  # the inbox's version at its last change
    seen = models.DateTimeField(null=True)
    read = models.DateTimeField(null=True)
    archived = models.DateTimeField(null=True)
    recalled = models.DateTimeField(null=True)

    class Meta(BaseRow.Meta):
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "notice"], name="notify_one_copy"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-arrived"], name="notify_page"),
            models.Index(fields=["user", "version"], name="notify_changes"),
            models.Index(fields=["notice", "user"], name="notify_copies"),
            models.Index(
                fields=["user", "-arrived"],
                name="notify_unread",
                condition=Q(read__isnull=True, archived__isnull=True, recalled__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.notice_id} for {self.user_id}"
