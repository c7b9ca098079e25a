"""Notices, and the batches in which they are appended to inboxes."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notify.models.base import BaseRow, PrimaryManager
from notify.models.inbox import Notification


class Level(models.TextChoices):
    INFO = "info", _("Info")
    SUCCESS = "success", _("Success")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")
    CRITICAL = "critical", _("Critical")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def with_progress(self) -> Self:
        """Adds counts of people (`recipients`, `appended`, `skipped`, `cancelled`) and of batches
        (`batches`, `batches_open`, `batches_paused`).

        A notice that was appended in the transaction that wrote it has no batches: its recipients
        are those who have a copy.
        """
        whole = Batch.objects.filter(notice=models.OuterRef("pk"), size__gt=0).order_by()
        copies = _count(Notification.objects.filter(notice=models.OuterRef("pk")))
        return self.annotate(
            recipients=Coalesce(_sum(whole, "size"), copies),
            appended=Coalesce(_sum(whole, "appended"), copies),
            skipped=Coalesce(_sum(whole, "skipped"), 0),
            cancelled=Coalesce(_sum(whole.filter(state=Batch.State.CANCELLED), "size"), 0),
            batches=_count(whole),
            batches_open=_count(whole.filter(state__in=Batch.NOT_YET)),
            batches_paused=_count(whole.filter(state=Batch.State.PAUSED)),
        )

    def with_counts(self) -> Self:
        """Adds `delivered`, `seen` and `read`: the number of recipients of each. Who has seen it
        has received it."""
        copies = Notification.objects.filter(notice=models.OuterRef("pk"))
        received = Q(arrived__lte=F("user__notify_inbox__acknowledged")) | Q(seen__isnull=False)
        return self.annotate(
            delivered=_count(copies.filter(received)),
            seen=_count(copies.filter(seen__isnull=False)),
            read=_count(copies.filter(read__isnull=False)),
        )


def _sum(rows: models.QuerySet[Any], field: str) -> models.Subquery:
    """The sum over rows of a notice; NULL if there are none."""
    summed = rows.order_by().values("notice").annotate(n=Sum(field)).values("n")
    return models.Subquery(summed, output_field=models.IntegerField())


def _count(rows: models.QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("notice").annotate(n=Count("*")).values("n")
    return Coalesce(models.Subquery(counted, output_field=models.IntegerField()), 0)


_NoticeManager = PrimaryManager.from_queryset(NoticeQuerySet)


class Notice(BaseRow):
    """The content of a notification. Once written, only a recall, its expiry, a pause or a
    cancellation changes it."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")
        RECALLED = "recalled", _("Recalled")

    # The columns of eight bytes first, so that PostgreSQL pads none.
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    send_at = models.DateTimeField(_("send at"), null=True, blank=True)
    recalled = models.DateTimeField(_("recalled"), null=True, editable=False)
    # When it was paused or cancelled; None if it never was, or was resumed.
    stopped = models.DateTimeField(null=True, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("actor"),
    )
    # Copied when the notice is written, so that reading an inbox does not join users.
    actor_name = models.CharField(_("actor's name"), max_length=200, blank=True, default="")
    actor_picture = models.CharField(max_length=2000, default="", db_default="", editable=False)
    kind = models.CharField(_("kind"), max_length=100, blank=True, default="")
    category = models.CharField(_("category"), max_length=100, blank=True, default="")
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.INFO)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("body"), max_length=4000, blank=True, default="")
    url = models.CharField(_("link"), max_length=2000, blank=True, default="")
    actions = models.JSONField(_("actions"), default=list, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    # The fields of its kind, where that is a `Kind`; no browser gets them.
    params = models.JSONField(null=True, editable=False)
    # The thing of the project that it is about, as its kind says.
    about_type = models.CharField(max_length=100, null=True, editable=False)  # noqa: DJ001  most are about none
    about_id = models.CharField(max_length=200, null=True, editable=False)  # noqa: DJ001
    # The topics that it was sent to, by whose names people may have muted it.
    topics = models.JSONField(null=True, editable=False)
    # Namespace of the idempotency key: "user:<pk>", or empty for the system. A primary key may
    # have any length.
    sender = models.TextField(default="", editable=False)
    # Who did so, in the form of `sender`; empty for code and for an expiry.
    recalled_by = models.TextField(default="", db_default="", editable=False)
    stopped_by = models.TextField(default="", db_default="", editable=False)
    key = models.CharField(_("idempotency key"), max_length=200, null=True, editable=False)  # noqa: DJ001  notices without a key do not conflict
    # Of a notice with a key: a hash of the arguments of `send`.
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
            models.UniqueConstraint(
                fields=["sender", "key"], name="notify_notice_key", condition=Q(key__isnull=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires"],
                name="notify_notice_expires",
                condition=Q(recalled__isnull=True, expires__isnull=False),
            ),
            models.Index(
                fields=["actor"], name="notify_notice_actor", condition=Q(actor__isnull=False)
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
    """What is owed: a notice to up to `NOTIFY_BATCH_SIZE` recipients, who were fixed when it was
    sent, or the recall of a notice."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")  # to be appended to the inboxes
        # Appended; later somebody looks who has not read it, to tell them by a channel of its kind.
        RIPENING = "ripening", _("Done")
        DONE = "done", _("Done")
        RECALLING = "recalling", _("Recalling")  # to be taken out of the inboxes again
        CLOSED = "closed", _("Closed")  # final: taken out, or recalled before it was appended
        PAUSED = "paused", _("Paused")  # to be appended after `resume`
        CANCELLED = "cancelled", _("Cancelled")  # final: never appended

    NOT_YET = (State.PENDING, State.PAUSED)  # may still be appended

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="batch_set")
    # Primary keys, as the database writes them. None are in the batch of a recall: it is owed to
    # all who have a copy.
    recipients = models.JSONField()
    # A `Reason` for each recipient, in their order; the last one is also that of all who follow.
    # None: not known, as in batches that an earlier version wrote.
    reasons = models.JSONField(null=True)
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
    # Of a recall: the last user whose copy was recalled. Of one that ripens: the delay of the
    # channels that had their turn, in seconds.
    reached = models.JSONField(null=True)
    # Of one that ripens: the database's, as an epoch has it. What ripened once in a database that
    # was restored since may have gone out already.
    lineage = models.CharField(max_length=8, default="", db_default="", editable=False)

    class Meta(BaseRow.Meta):
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        indexes: ClassVar = [
            models.Index(
                fields=["urgent", "due", "notice"],
                name="notify_batch_turns",
                condition=Q(state__in=["pending", "recalling"]),
            ),
            models.Index(
                fields=["notice"], name="notify_batch_paused", condition=Q(state="paused")
            ),
            models.Index(
                fields=["due"], name="notify_batch_ripening", condition=Q(state="ripening")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.size} recipients of notice {self.notice_id}"
