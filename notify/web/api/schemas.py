"""Request and response schemas, as in the OpenAPI document. See docs/http-api.md."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    FailFast,
    Field,
    StrictBool,
)

from notify.models import content
from notify.protocol import MARKS, MAX_INTEGER
from notify.protocol.client_frames import MAX_IDS, MAX_REF

Tab = Literal["all", "unread", "archived"]
LevelName = Literal["info", "success", "warning", "error", "critical"]
Counter = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


def _storable(value: str) -> str:
    if not content.is_storable(value):
        raise ValueError("contains a NUL or a lone surrogate")
    return value


Text = Annotated[str, AfterValidator(_storable)]


def written(pattern: str, example: str) -> BeforeValidator:
    """Only text that matches: pydantic also reads a number as a time, in seconds since 1970 or
    since midnight."""

    def check(value: object) -> object:
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be written like {example}")
        return value

    return BeforeValidator(check)


# RFC 3339, with a zone
Instant = Annotated[
    AwareDatetime, written(r"\d{4}-\d\d-\d\d[Tt ]\d\d:.*", "2026-12-24T18:00:00+01:00")
]


# Each invalid entry of a list takes memory and an error message. So lists have a maximum length,
# which is checked first, and validation of names stops at the first invalid one.
MAX_USERS = 10_000  # named in one request; a group may have any number
MAX_GROUPS = 1_000


def documented(**bounds: Any) -> Any:
    """Limits that are only documented here: `notify.models.content` enforces them, and its errors
    say what to do."""
    return Field(json_schema_extra=bounds)


# Requests: no `Schema`, which also reads a list or a text, as an object without the fields


class Recipients(BaseModel):
    """At least one of these fields."""

    users: Annotated[list[Text], FailFast()] = Field(
        default=[], max_length=MAX_USERS, description="Usernames. An unknown one is an error."
    )
    groups: Annotated[list[Text], FailFast()] = Field(
        default=[], max_length=MAX_GROUPS, description="Names of groups."
    )
    topics: Annotated[list[Text], FailFast()] = Field(
        default=[], max_length=MAX_GROUPS, description="Those who follow one of these topics."
    )
    everyone: StrictBool = Field(default=False, description="All users who are active now.")


class Action(BaseModel):
    label: Annotated[str, documented(maxLength=content.MAX_LABEL)]
    url: Annotated[str, documented(maxLength=content.MAX_URL)]


class NewNotice(BaseModel):
    to: Recipients
    title: Annotated[str, documented(maxLength=content.MAX_TITLE)] = Field(
        default="", description="Needed, except with `params`."
    )
    body: Annotated[str, documented(maxLength=content.MAX_BODY)] = ""
    level: LevelName = "info"
    category: Annotated[str, documented(maxLength=content.MAX_NAME)] = ""
    url: Annotated[str | None, documented(maxLength=content.MAX_URL)] = None
    actions: list[Action] = Field(default_factory=list, max_length=content.MAX_ACTIONS)
    data: dict[str, Any] = Field(default_factory=dict)
    kind: Annotated[str, documented(maxLength=content.MAX_NAME)] = ""
    params: dict[str, Any] | None = Field(
        default=None,
        description="The fields of `kind`, which must be one that the site declares and says the "
        "texts. No browser gets them.",
    )
    expires: Instant | None = None
    send_at: Instant | None = None
    key: Annotated[str | None, documented(maxLength=content.MAX_KEY)] = Field(
        default=None, description="Idempotency key: a repeated request with it sends nothing again."
    )


_REF = {"type": "string", "minLength": 1, "maxLength": MAX_REF}

MARK_FRAME = {
    "type": "object",
    "required": ["ref", "as"],
    "properties": {
        "type": {"const": "mark"},
        "ref": _REF,
        "as": {"enum": [*map(str, MARKS)]},
        "ids": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": MAX_IDS},
        "epoch": {"type": "string"},
        "through": {"type": "integer", "description": "Marks all that arrived at or before it."},
        "through_read": {
            "type": "integer",
            "description": "Archives those of them that are read.",
        },
    },
}

UNDO_FRAME = {
    "type": "object",
    "required": ["ref", "mark", "epoch", "since"],
    "properties": {
        "type": {"const": "undo"},
        "ref": _REF,
        "mark": {**_REF, "description": "The `ref` of the mark."},
        "epoch": {"type": "string"},
        "since": {"type": "integer", "description": "A version from before the mark."},
    },
}


OPENED_FRAME = {
    "type": "object",
    "required": ["ref", "epoch", "through"],
    "properties": {
        "type": {"const": "opened"},
        "ref": {"type": "string", "minLength": 1, "maxLength": MAX_REF},
        "epoch": {"type": "string"},
        "through": {"type": "integer", "description": "What arrived later rings on."},
    },
}


# Responses


class Actor(Schema):
    id: str
    name: str
    picture: str | None = Field(default=None, description="The address of an image.")


class About(Schema):
    type: str
    id: str


class NotificationOut(Schema):
    id: int
    arrived: int
    version: int
    kind: str
    category: str
    level: LevelName
    title: str
    body: str
    url: str | None
    actor: Actor | None
    about: About | None = Field(
        default=None, description="What the notification is about, as its kind says."
    )
    actions: list[Action]
    data: dict[str, Any]
    created: datetime
    expires: datetime | None
    seen: datetime | None
    read: datetime | None
    archived: datetime | None
    recalled: datetime | None
    fallback: bool = Field(
        default=False,
        description="Whether this server lacks the kind, so that the texts are as they were sent.",
    )


class InboxPage(Schema):
    epoch: str
    version: int
    unseen: int
    unread: int
    badge: int = Field(description="The bell's number: unseen, and arrived since it was opened.")
    notifications: list[NotificationOut]
    next: int | None = Field(description="The `before` of the next page.")


class Categories(Schema):
    categories: list[str]


class InboxFrame(Schema):
    type: Literal["inbox"]
    epoch: str
    start: int = Field(alias="from")
    to: int
    unseen: int
    unread: int
    badge: int = Field(description="The bell's number: unseen, and arrived since it was opened.")
    notifications: list[NotificationOut]
    reset: bool = False
    next: int | None = None


class Done(Schema):
    type: Literal["done"]
    ref: str
    version: int


class Ticket(Schema):
    ticket: str
    expires_in: int = Field(description="Seconds.")


class CategoryLook(Schema):
    label: str
    icon: str = Field(description="Path data of SVG, in a square of 16; may be empty.")


class PageConfig(Schema):
    socket: str = Field(description="Path of the WebSocket.")
    api: str
    inbox: str
    login: str
    csrf: dict[str, str] = Field(description="Headers of a POST; none for an API token.")
    user: str = Field(description="An opaque id, as in `hello` and `X-Notify-User`.")
    categories: dict[str, CategoryLook] = Field(description="Those that kinds declare, by key.")
    language: str = Field(description="Of the page, for `language` of the socket's address.")
    texts: dict[str, str] = Field(description="Translations by English text.")
    script: str = Field(description="URL of the client's script.")
    panel: str = Field(description="URL of the script with the bell's panel and the rows.")
    menu: str = Field(description="URL of the script with the menu of a row.")


class Element(Schema):
    html: str


class Sent(Schema):
    id: int
    recipients: int


class NoticeOut(Schema):
    id: int
    status: Literal["pending", "sending", "paused", "sent", "cancelled", "recalled"]
    title: str
    level: LevelName
    created: datetime
    send_at: datetime | None
    expires: datetime | None
    recalled: datetime | None
    recipients: int
    appended: int = Field(description="Inboxes that hold it.")
    skipped: int = Field(description="Recipients who were deleted before it was appended.")
    delivered: int
    seen: int
    read: int


class Recalled(Schema):
    id: int
    inboxes: int = Field(description="Inboxes that it is removed from.")


class Held(Schema):
    id: int
    people: int = Field(description="People whose copies wait, or are sent after all.")


class Error(Schema):
    code: str
    message: str
    fields: dict[str, str] | None = None


class ErrorOut(Schema):
    error: Error


def errors(*statuses: int) -> dict[int, type[ErrorOut]]:
    """The error responses of an operation; all operations have 401, 403, 412, 429 and 503."""
    return dict.fromkeys(sorted({401, 403, 412, 429, 503, *statuses}), ErrorOut)
