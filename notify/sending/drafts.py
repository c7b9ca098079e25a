"""What is to be sent: arguments of `send` that were validated, before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder

from notify.exceptions import InvalidNotice
from notify.inbox.rows import notice_row
from notify.kinds import Kind, fields, isolating, rendering
from notify.models import Level, Notice, content
from notify.models.users import sender_of
from notify.sending import pictures
from notify.sending.audience import Audience, To


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A notice for `send_many`, with the arguments of `send`; `NewNotice.of` takes a `Kind`."""

    to: To
    title: str
    body: str = ""
    level: str = Level.INFO
    category: str = ""
    url: str | None = None
    actor: AbstractBaseUser | None = None
    include_actor: bool = False
    actions: Iterable[Mapping[str, str]] = ()
    data: Mapping[str, Any] | None = None
    kind: str = ""
    expires: datetime | None = None
    send_at: datetime | None = None
    key: str | None = None
    sender: AbstractBaseUser | None = None
    params: Mapping[str, Any] | None = None  # set by `of`, as is the next
    about: tuple[str, Any] | None = None

    @classmethod
    def of(
        cls,
        kind: Kind,
        /,
        *,
        to: To,
        actor: AbstractBaseUser | None = None,
        include_actor: bool = False,
        expires: datetime | None = None,
        send_at: datetime | None = None,
        key: str | None = None,
        sender: AbstractBaseUser | None = None,
    ) -> NewNotice:
        """A notice of a kind, with its texts in the site's language.

        Raises:
            InvalidNotice: A text of the kind cannot be sent, or the fields cannot be stored.
        """
        if not isinstance(kind, Kind) or not kind.key:
            raise InvalidNotice(
                "kind", f"must be a kind with a key, such as MyKind(…), not {kind!r:.100}."
            )
        return cls(
            to=to,
            actor=actor,
            include_actor=include_actor,
            expires=expires,
            send_at=send_at,
            key=key,
            sender=sender,
            params=fields.params_of(kind),
            **rendering.contents(kind),
        )


@dataclass(slots=True)
class Draft:
    """A notice that is not written yet, and its recipients."""

    notice: Notice
    audience: Audience
    excluded: Any  # the key of a user who does not receive it


def draft(
    new: NewNotice,
    now: datetime,
    picture_of: Callable[[AbstractBaseUser], str] = pictures.picture_of,
) -> Draft:
    """Validates what is to be sent.

    Args:
        new: The arguments of `send`.
        now: The database's time.
        picture_of: The address of an actor's picture, or "".

    Raises:
        InvalidNotice: For the first argument that cannot be sent.
    """
    checked = content.check(
        title=new.title,
        body=new.body,
        level=new.level,
        category=new.category,
        url=new.url,
        actions=new.actions,
        data=new.data,
        kind=new.kind,
        about=new.about,
        expires=new.expires,
        send_at=new.send_at,
        key=new.key,
        now=now,
    )
    if new.params is not None:  # these texts are searched; what is shown is made of the fields
        checked |= {name: isolating.unisolated(checked[name]) for name in ("title", "body")}
    actor = new.actor
    notice = Notice(
        **checked,
        params=new.params,
        created=now,
        actor_id=None if actor is None else actor.pk,
        actor_name=_name_of(actor)[:200],
        actor_picture="" if actor is None or actor.pk is None else picture_of(actor),
        sender=sender_of(new.sender),
    )
    excluded = None if actor is None or new.include_actor else actor.pk
    found = Draft(notice, Audience.of(new.to), excluded)
    notice.topics = sorted(found.audience.topics) or None
    if notice.key is not None:
        notice.fingerprint = fingerprint(notice, found.audience, excluded)
    return found


def _name_of(actor: AbstractBaseUser | None) -> str:
    """The full name, or else the username; empty if there is no actor."""
    if actor is None:
        return ""
    full_name = getattr(actor, "get_full_name", str)()
    return str(full_name or actor.get_username())


def fingerprint(notice: Notice, audience: Audience, excluded: Any) -> str:
    """A hash of the arguments of `send`, by which a repeated call is recognised."""
    # Fingerprints are stored: the names and the format must stay.
    arguments = notice_row(notice) | {
        "id": None,
        "created": None,
        "send_at": notice.send_at,
        "to": audience.describe(),
        "left_out": excluded,
    }
    arguments.pop("about", None)  # its kind says it, of the fields
    if notice.actor_id:  # who may have another picture by now
        arguments["actor"].pop("picture", None)
    if notice.params is not None:  # its texts may be corrected between two calls
        texts = dict.fromkeys(("title", "body", "url", "actions", "data"))
        arguments |= texts | {"params": notice.params}
    text = json.dumps(arguments, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()
