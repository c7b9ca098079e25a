"""Schemas of what people want, as in the OpenAPI document. See docs/http-api.md."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Literal

from ninja import Schema
from pydantic import BaseModel, Field, StrictBool, StrictInt, WithJsonSchema

from notify.readers.targets import MAX_TARGET, MAX_TOPIC
from notify.web.api.schemas import Instant, Text, written

MAX_SECONDS = 10 * 366 * 86_400  # ten years
RuleName = Literal[
    "required", "muted", "own_kind", "own_category", "own_all", "site_group", "site", "kind",
    "category", "nothing",
]  # fmt: skip

Rhythm = Literal["", "hourly", "daily", "weekly"]


# By the clock on the wall, so without the zone that `format: time` demands (RFC 3339, 5.6)
CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
ClockTime = Annotated[
    time, written(CLOCK, "21:30"), WithJsonSchema({"type": "string", "pattern": f"^{CLOCK}$"})
]


class Cell(Schema):
    value: bool = Field(description="Whether it reaches the person by this channel.")
    rhythm: Rhythm = Field(description="How often, out of the browser. Empty: at once.")
    decided_by: RuleName = Field(description="Who says so: the first of these that speaks.")
    locked: bool = Field(description="Whether it is required, and cannot be turned off.")
    chosen: bool | None = Field(description="What the person has chosen for just this scope.")
    by_default: bool = Field(description="Whether it is on if that choice is given back.")
    rhythm_by_default: Rhythm = Field(description="How often it comes then.")
    text: str = Field(description="`decided_by` in words.")


class KindChoice(Schema):
    key: str
    name: str
    channels: dict[str, Cell]


class CategoryChoice(Schema):
    key: str = Field(description="Empty: kinds without a category.")
    name: str
    description: str
    channels: dict[str, Cell] = Field(description="None without a category.")
    kinds: list[KindChoice]


class QuietHours(BaseModel):
    start: ClockTime
    end: ClockTime = Field(description="Not after `start`: on the next day. Equal: no quiet hours.")


class ReaderOut(Schema):
    quiet: QuietHours | None
    language: str = Field(description="Empty: that of the page.")
    zone: str = Field(description="Empty: that of the browser.")


class Preferences(ReaderOut):
    channels: list[str]
    all: dict[str, Cell]
    categories: list[CategoryChoice]


class NewPreference(BaseModel):
    scope: Text = Field(description="`kind:<key>`, `category:<key>` or `all`.")
    channel: Text = Field(default="inbox", description="One of `channels`.")
    value: StrictBool | None = Field(description="Null takes back what was chosen.")
    rhythm: Rhythm = Field(
        default="", description="Of what is on and leaves the browser. Empty: at once."
    )


class ReaderChanges(BaseModel):
    """Fields that are left out stay."""

    language: Text = Field(default="", description="One of the site's, or empty.")
    zone: Text = Field(default="", description="An IANA zone, or empty.")
    quiet: QuietHours | None = None


class NewMute(BaseModel):
    target: Annotated[Text, Field(max_length=MAX_TARGET)] = Field(
        description="`thing:<type>:<id>`, `actor:<key>`, `topic:<name>` or `category:<key>`."
    )
    seconds: Annotated[StrictInt, Field(ge=1, le=MAX_SECONDS)] | None = Field(
        default=None, description="For how long, by the server's clock."
    )
    until: Instant | None = Field(
        default=None, description="Or until when. With neither, for ever."
    )


class MuteOut(Schema):
    id: int
    target: str
    type: Literal["thing", "actor", "topic", "category"]
    name: str = Field(description="What it is called in the caller's inbox; else its key.")
    until: datetime | None
    created: datetime


class Mutes(Schema):
    mutes: list[MuteOut]


class Unmuted(Schema):
    id: int


class NewFollow(BaseModel):
    topic: Annotated[Text, Field(max_length=MAX_TOPIC)]


class Follow(Schema):
    topic: str
    created: datetime


class Follows(Schema):
    follows: list[Follow]


class Unfollowed(Schema):
    topic: str
    followed: bool = Field(description="Whether the topic was followed before.")


class RuleOut(Schema):
    value: bool
    decided_by: RuleName
    text: str = Field(description="The same in words.")
    scope: str | None = Field(
        description="`kind:<key>`, `category:<key>` or `all`, or the target of a mute."
    )


class WhyOut(Schema):
    notice: int
    reason: Literal["name", "group", "permission", "topic", "query", "everyone"] | None
    reason_text: str | None = Field(description="The same in words.")
    topics: list[str] = Field(description="Those it was sent to that the person follows.")
    place: Literal["inbox", "archived", "filed", "recalled"]
    rule: RuleOut = Field(description="What decides on such a notice now.")
