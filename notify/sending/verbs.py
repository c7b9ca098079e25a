"""The verbs: send, recall, pause, resume, cancel, mark and undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack, overload

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser

from notify import protocol
from notify.changes import Change
from notify.inbox import bell, control, marking
from notify.kinds import Kind
from notify.models import Notice
from notify.models.users import sender_of
from notify.sending import after_commit, writing
from notify.sending.audience import To
from notify.sending.drafts import NewNotice, draft
from notify.sql import database, waits


class Options(TypedDict, total=False):
    """The arguments that a notice of a kind takes, too."""

    actor: AbstractBaseUser | None
    include_actor: bool
    expires: datetime | None
    send_at: datetime | None
    key: str | None
    sender: AbstractBaseUser | None


class Contents(Options, total=False):
    """Those of a notice whose texts are arguments."""

    body: str
    level: str
    category: str
    url: str | None
    actions: Iterable[Mapping[str, str]]
    data: Mapping[str, Any] | None
    kind: str


@overload
def send(kind: Kind, /, *, to: To, **options: Unpack[Options]) -> Notice: ...
@overload
def send(*, to: To, title: str, **contents: Unpack[Contents]) -> Notice: ...
def send(typed: Kind | None = None, /, **arguments: Any) -> Notice:
    """Sends a notice to each recipient's inbox and open browsers, once this transaction commits.

    Waits at most 2 s for locks. If the inboxes stay locked, the notice is stored and a worker
    delivers it. `send` never waits for the channel layer, and never raises because of it.

    Either `send(kind, to=…)`, where a `Kind` says level, category, link and texts, or all of them
    as arguments.

    Args:
        to: A user, a primary key, a Group, a Permission (all users who have it), a `topic(…)` (all
            who follow it), a queryset of users, `everyone()`, or an iterable of those.
        title: Plain text, up to 200 characters.
        body: Plain text, up to 4,000 characters.
        level: One of `Level`.
        category: Up to 100 characters, which people see.
        url: A path or an http(s) address.
        actor: The user who caused the notice. They do not receive it.
        include_actor: Whether the actor receives the notice, too.
        actions: Up to four of `{"label": …, "url": …}`.
        data: A dictionary that JSON can encode, up to 4 KiB.
        kind: Up to 100 characters, for programs.
        expires: When the notice is recalled, with a time zone.
        send_at: When the notice is sent, with a time zone; by default, now.
        key: An idempotency key: a repeated call of the same `sender` returns the notice of the
            first call. If `to` is a queryset, its users may have changed.
        sender: Whose idempotency key this is; None is the system.

    Returns:
        The notice. Its `repeated` says whether an earlier call with the same key wrote it.

    Raises:
        InvalidNotice: An argument cannot be sent; names the field and the cure. It is a
            ValueError, too.
        EmptyAudience: Nobody is left to send to (an InvalidNotice).
        UnknownUsers: A named user does not exist (an InvalidNotice).
        KeyConflict: The key belongs to a notice with other content.
        Busy: The notice cannot be stored within 2 s, because of locks.
    """
    with waits.limited():
        with writing.busy_if_locked():
            now = database.now()
        new = NewNotice(**arguments) if typed is None else NewNotice.of(typed, **arguments)
        written = writing.write(draft(new, now))
        after_commit.finish_send(written)
    return written.notice


@overload
async def asend(kind: Kind, /, *, to: To, **options: Unpack[Options]) -> Notice: ...
@overload
async def asend(*, to: To, title: str, **contents: Unpack[Contents]) -> Notice: ...
async def asend(typed: Kind | None = None, /, **arguments: Any) -> Notice:
    """`send`, in a thread."""
    sending: Any = sync_to_async(send)
    sent: Notice = await (sending(**arguments) if typed is None else sending(typed, **arguments))
    return sent


def recall(notice: Notice | int, *, by: AbstractBaseUser | None = None) -> int:
    """Takes a notice out of every inbox and off every screen.

    Once this transaction commits, the notice arrives in no more inboxes. Where it is, it is taken
    out batch by batch.

    Args:
        notice: The notice, or its primary key.
        by: Who recalls it, which staff can look up; None is the system.

    Returns:
        The number of inboxes that have it; 0 if it was recalled before, or does not exist.

    Raises:
        Busy: Its batches stayed locked for 2 s.
    """
    notice_id = _id_of(notice)
    with waits.limited():
        recalled = control.start_recall(notice_id, by=sender_of(by))
        after_commit.finish_recall(notice_id, recalled)
    return recalled.inboxes if recalled is not None else 0


arecall = sync_to_async(recall)


def pause(notice: Notice | int, *, by: AbstractBaseUser | None = None) -> int:
    """Stops sending a notice before its next batch.

    Args:
        notice: The notice, or its primary key.
        by: Who pauses it, which staff can look up; None is the system.

    Returns:
        The number of people who would have received it, and now wait for `resume`.

    Raises:
        Busy: Its batches stayed locked for 2 s.
    """
    return control.pause(_id_of(notice), by=sender_of(by))


def resume(notice: Notice | int) -> int:
    """Continues to send a paused notice, but not before its `send_at`.

    Args:
        notice: The notice, or its primary key.

    Returns:
        The number of people who had been waiting.

    Raises:
        Busy: Its batches stayed locked for 2 s.
    """
    notice_id = _id_of(notice)
    with waits.limited():
        people = control.resume(notice_id)
        after_commit.finish_resume(notice_id)
    return people


def cancel(notice: Notice | int, *, by: AbstractBaseUser | None = None) -> int:
    """Stops sending a notice for good. Those who have received it keep it: see `recall`.

    Args:
        notice: The notice, or its primary key.
        by: Who cancels it, which staff can look up; None is the system.

    Returns:
        The number of people who would still have received it.

    Raises:
        Busy: Its batches stayed locked for 2 s.
    """
    return control.cancel(_id_of(notice), by=sender_of(by))


def mark(
    user: str, as_: str, *, ids: Sequence[int], ref: str = "", language: str | None = None
) -> int:
    """Marks notifications in a user's inbox.

    Args:
        user: The user's `str(pk)`.
        as_: One of `protocol.MARKS`.
        ids: Primary keys of notices. Those that are not in the inbox are ignored.
        ref: By what `undo` can name this mark; empty: by nothing.
        language: Of the page that marks, if it is known.

    Returns:
        The inbox's version afterwards; 0 if the user has no inbox.

    Raises:
        Busy: The inbox stayed locked for 2 s.
    """
    version, change = marking.mark_ids(user, as_, ids, ref, language=language)
    after_commit.announce(change)
    return version


def mark_through(
    user: str, as_: str, *, epoch: str, through: int, ref: str = "", only_read: bool = False
) -> int:
    """Marks all notifications that had arrived in a user's inbox by the version `through`.

    Args:
        user: The user's `str(pk)`.
        as_: One of `protocol.MARKS_THROUGH`.
        epoch: The epoch of the inbox to which `through` belongs.
        through: A version of the inbox.
        ref: By what `undo` can name this mark; empty: by nothing.
        only_read: Leaves those that are unread.

    Returns:
        The inbox's version afterwards.

    Raises:
        EpochChanged: The inbox has another epoch.
        Busy: The inbox stayed locked for 2 s.
    """
    return _announced(marking.mark_through(user, as_, epoch, through, ref, only_read=only_read))


def undo(user: str, *, ref: str, epoch: str, since: int) -> int:
    """Takes a mark back where nothing has changed the notification since.

    It is read or unread, seen or unseen, in the inbox or archived as before the mark.

    Args:
        user: The user's `str(pk)`.
        ref: That of the mark.
        epoch: The epoch of the inbox to which `since` belongs.
        since: A version of the inbox from before the mark.

    Returns:
        The inbox's version afterwards.

    Raises:
        EpochChanged: The inbox has another epoch.
        Busy: The inbox stayed locked for 2 s, or a mark of everything is running.
    """
    return _announced(marking.undo(user, ref, epoch, since))


def open_bell(user: str, *, epoch: str, through: int) -> int:
    """Takes what had arrived in a user's inbox by the version `through` off the bell's number. It
    does not become seen.

    Args:
        user: The user's `str(pk)`.
        epoch: The epoch of the inbox to which `through` belongs.
        through: A version of the inbox.

    Returns:
        The inbox's version afterwards.

    Raises:
        EpochChanged: The inbox has another epoch.
        Busy: The inbox stayed locked for 2 s.
    """
    version, change = bell.open_bell(user, epoch, through)
    after_commit.announce(change)
    return version


def carry_out_command(
    user: str,
    frame: protocol.InboxCommand,
    note: Callable[[int], None] | None = None,
    language: str | None = None,
) -> int:
    """Carries out a `mark` frame, which names ids or a version, an `undo` or an `opened`.

    Args:
        user: The user's `str(pk)`.
        frame: The frame.
        note: Called after each commit of a mark or an undo that takes several, with the number of
            notifications that it has changed. If the rest then fails, they stay as they are.
        language: Of the page that marks, if it is known.

    Returns:
        The inbox's version afterwards.

    Raises:
        EpochChanged: `through` or `since` belongs to another epoch of the inbox.
        Busy: The inbox stayed locked for 2 s.
    """
    match frame:
        case protocol.MarkIds(ref, as_, ids):
            return mark(user, as_, ids=ids, ref=ref, language=language)
        case protocol.MarkThrough(ref, as_, epoch, through, only_read):
            changes = marking.mark_through(
                user, as_, epoch, through, ref, only_read=only_read, language=language
            )
            return _announced(changes, note)
        case protocol.Undo(_, ref, epoch, since):
            return _announced(marking.undo(user, ref, epoch, since), note)
        case protocol.Opened(_, epoch, through):
            return open_bell(user, epoch=epoch, through=through)


def _announced(
    changes: Iterator[tuple[int, Change | None]], note: Callable[[int], None] | None = None
) -> int:
    """Announces each change, and returns the inbox's version afterwards."""
    version = 0
    for version, change in changes:  # noqa: B007
        after_commit.announce(change)
        if note is not None and change is not None:
            note(change.changed)
    return version


def _id_of(notice: Notice | int) -> int:
    return notice if isinstance(notice, int) else int(notice.pk)
