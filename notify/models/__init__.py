"""The rows: what was said (Notice), to whom (Batch), each one's copy (Notification, Inbox),
and what lets a client in (ApiToken, SpentTicket, EndedSession, KnownDevice).

Of `inbox/`, only `appending`, `stepping` and `one_statement` change `Inbox.version` and what goes
with it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, router
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class Level(models.TextChoices):
    INFO = "info", _("Info")
    SUCCESS = "success", _("Success")
    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")
    CRITICAL = "critical", _("Critical")


_Model = TypeVar("_Model", bound=models.Model)


class _Manager(models.Manager[_Model]):
    """Reads from the database that is written to, whatever a router says of reading: a replica
    may lag behind what was written a moment ago. `using` still names another."""

    def get_queryset(self) -> models.QuerySet[_Model]:
        found = super().get_queryset()
        return found if self._db else found.using(primary())


class _Row(models.Model):
    """What all of ours have: also relations and `refresh_from_db` read by that manager."""

    objects = _Manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def with_progress(self) -> Self:
        """Adds `recipients`, `appended`, `skipped` and `cancelled` (people), and `batches`,
        `batches_open` and `batches_paused`."""
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
        """Adds `delivered`, `seen` and `read`: to how many recipients that has happened."""
        rows = Notification.objects.filter(notice=models.OuterRef("pk")).order_by()

        def count(condition: Q) -> Coalesce:
            counted = rows.filter(condition).values("notice").annotate(n=Count("pk")).values("n")
            return Coalesce(models.Subquery(counted, output_field=models.IntegerField()), 0)

        return self.annotate(
            delivered=count(Q(arrived__lte=F("user__notify_inbox__acknowledged"))),
            seen=count(Q(seen__isnull=False)),
            read=count(Q(read__isnull=False)),
        )


_NoticeManager = _Manager.from_queryset(NoticeQuerySet)


class Notice(_Row):
    """What is said, written once; never changed but by recall or expiry."""

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
    # As it was when the notice was written, so that reading an inbox joins no user.
    actor_name = models.CharField(_("actor's name"), max_length=200, blank=True, default="")
    actions = models.JSONField(_("actions"), default=list, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    send_at = models.DateTimeField(_("send at"), null=True, blank=True)
    recalled = models.DateTimeField(_("recalled"), null=True, editable=False)
    # Whose idempotency keys these are: "user:<pk>", or empty for the system. A key has any length.
    sender = models.TextField(default="", editable=False)
    key = models.CharField(_("idempotency key"), max_length=200, null=True, editable=False)  # noqa: DJ001  no key is no value
    fingerprint = models.CharField(max_length=64, default="", editable=False)

    # As `send` returned it: whether an earlier call with the same key had written it.
    repeated = False

    objects: ClassVar = _NoticeManager()

    class Meta(_Row.Meta):
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
        """Derived from the batches; costs a query unless read through `with_progress`."""
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


class Batch(_Row):
    """Up to `NOTIFY_BATCH_SIZE` recipients of a notice, evaluated once: the unit of work."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")  # to be appended to the inboxes
        DONE = "done", _("Done")
        RECALLING = "recalling", _("Recalling")  # appended, and to be taken out again
        CLOSED = "closed", _("Closed")  # nothing is left to do, ever
        PAUSED = "paused", _("Paused")  # to be appended once somebody says so
        CANCELLED = "cancelled", _("Cancelled")  # never appended: its recipients do without

    NOT_YET = (State.PENDING, State.PAUSED)  # may be appended in the future

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="batch_set")
    recipients = models.JSONField()  # primary keys, as the database writes them
    size = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    # From when on a worker may take it. One that the caller is about to carry out is due later.
    # The same for all of a notice that wait for the same: see inbox/turns.py.
    due = models.DateTimeField()
    # Of a critical notice, or of a recall. The database's own default is for older processes.
    urgent = models.BooleanField(default=False, db_default=False)
    attempts = models.PositiveIntegerField(default=0)
    appended = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)  # users who were gone
    finished = models.DateTimeField(null=True)

    class Meta(_Row.Meta):
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


class Inbox(_Row):
    """A user's inbox as a whole: one counter, raised by each change, and absolute counts."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="notify_inbox",
    )
    epoch = models.CharField(max_length=32)
    version = models.BigIntegerField(default=0)
    # A cursor below it has missed the deletion of rows and must start anew.
    floor = models.BigIntegerField(default=0)
    acknowledged = models.BigIntegerField(default=0)
    # When that was written last; within a ping interval and a sweep of the client's word.
    acknowledged_at = models.DateTimeField(null=True)
    unseen = models.IntegerField(default=0)
    unread = models.IntegerField(default=0)
    # Since when a mark of more rows than one batch is under way; None if none is.
    marking = models.DateTimeField(null=True)

    class Meta(_Row.Meta):
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(unseen__gte=0), name="notify_inbox_unseen"),
            models.CheckConstraint(condition=Q(unread__gte=0), name="notify_inbox_unread"),
        ]

    def __str__(self) -> str:
        return f"inbox of {self.user_id}"


class Notification(_Row):
    """One recipient's copy of a notice."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notify_notifications",
        db_index=False,
    )
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="notifications", db_index=False)
    arrived = models.BigIntegerField()  # the inbox's version when it arrived
    version = models.BigIntegerField()  # the inbox's version of its last change
    seen = models.DateTimeField(null=True)
    read = models.DateTimeField(null=True)
    archived = models.DateTimeField(null=True)
    recalled = models.DateTimeField(null=True)

    class Meta(_Row.Meta):
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


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def issue(
        self, user: AbstractBaseUser, name: str, scopes: Iterable[str]
    ) -> tuple[ApiToken, str]:
        """A new token, and its plain text, which is shown once and kept nowhere."""
        plain = f"ntf_{secrets.token_urlsafe(32)}"
        token = self.create(
            user_id=user.pk,
            name=name,
            scopes=sorted(scopes),
            prefix=plain[:8],
            token_hash=hash_token(plain),
        )
        return token, plain

    def authenticate(self, plain: str) -> ApiToken | None:
        """The live token with this plain text, of an active user."""
        token = (
            self.filter(token_hash=hash_token(plain), revoked__isnull=True)
            .select_related("user")
            .first()
        )
        if token is None or not getattr(token.user, "is_active", True):
            return None
        return token


_TokenManager = _Manager.from_queryset(ApiTokenQuerySet)


def hash_token(plain: str) -> str:
    """Tokens carry 256 random bits, so a plain digest is enough: there is nothing to guess."""
    return hashlib.sha256(plain.encode()).hexdigest()


class ApiToken(_Row):
    """Lets a program act for its user, within its scopes."""

    class Scope(models.TextChoices):
        INBOX = "inbox", _("The user's own inbox, and tickets")
        SEND = "send", _("Send notices")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("starts with"), max_length=8, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    revoked = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects: ClassVar = _TokenManager()

    class Meta(_Row.Meta):
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SpentTicket(_Row):
    """The spending of a ticket: the insert decides who of two used it first."""

    nonce = models.CharField(max_length=32, primary_key=True)
    spent = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.nonce


class EndedSession(_Row):
    """A session that was signed out. Django's signal comes before the session is gone, and a
    cookie session has no server side at all: whoever checks a session reads this row too."""

    key_hash = models.CharField(max_length=64, primary_key=True)
    ended = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.key_hash


class KnownDevice(_Row):
    """A browser that a user has signed in with before."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_devices"
    )
    fingerprint = models.CharField(max_length=64)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)

    class Meta(_Row.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "fingerprint"], name="notify_known_device"),
        ]

    def __str__(self) -> str:
        return f"a device of {self.user_id}"


class Deployment(_Row):
    """One row, which tells this deployment from those that may use the same channel layer; see
    `sql/database.py`."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    identity = models.CharField(max_length=32)

    class Meta(_Row.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="notify_one_deployment"),
        ]

    def __str__(self) -> str:
        return self.identity

    @staticmethod
    def new_identity() -> str:
        """32 random hexadecimal digits."""
        return secrets.token_hex(16)


def primary() -> str:
    """The database that holds all of these rows, and the users."""
    return router.db_for_write(Inbox)


def user_pk(key: Any) -> Any:
    """The primary key that `str(pk)` was made of; live code and hints name users by string."""
    return get_user_model()._meta.pk.to_python(key)
