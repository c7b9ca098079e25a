"""What the caller wants, over HTTP: preferences, mutes, topics, and why they have a notice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from notify import sending
from notify.inbox import reading
from notify.models import ApiToken, Mute, Notice, user_pk
from notify.readers import mutes, topics
from notify.readers.catalogue import catalogue
from notify.readers.profile import Quiet, profile_of
from notify.readers.targets import topic
from notify.web.api.json_responses import json_response, timestamp
from notify.web.api.preference_schemas import (
    Follow,
    Follows,
    MuteOut,
    Mutes,
    NewFollow,
    NewMute,
    NewPreference,
    Preferences,
    ReaderChanges,
    ReaderOut,
    Unfollowed,
    Unmuted,
    WhyOut,
)
from notify.web.api.schemas import Counter, Text, errors
from notify.web.callers import SessionAuth, TokenAuth, caller_of
from notify.web.preference_texts import described, why_text
from notify.web.refusals import Refusal, not_found
from notify.web.target_names import names_of

router = Router(auth=[TokenAuth(ApiToken.Scope.INBOX), SessionAuth()], tags=["preferences"])


@router.get(
    "preferences/",
    response={200: Preferences, **errors()},
    operation_id="preferences",
    summary="What the caller can choose, and what holds",
)
def preferences(request: HttpRequest) -> HttpResponse:
    """All categories and kinds of the site, and categories that the caller has got something of;
    for each channel what holds now, and who decides."""
    return _preferences(caller_of(request).user_id)


@router.put(
    "preferences/",
    response={200: Preferences, **errors(400, 413, 422)},
    operation_id="preferences_choose",
    summary="Choose for a kind, a category or all",
)
def choose(request: HttpRequest, body: NewPreference) -> HttpResponse:
    """Changes what it names and nothing else. 422 for a kind that is required."""
    user = caller_of(request).user_id
    sending.prefer(user, body.scope, value=body.value, channel=body.channel, rhythm=body.rhythm)
    return _preferences(user)


@router.put(
    "reader/",
    response={200: ReaderOut, **errors(400, 413, 422)},
    operation_id="reader_change",
    summary="Language, zone and quiet hours",
)
def change_reader(request: HttpRequest, body: ReaderChanges) -> HttpResponse:
    """Changes the fields that are given. Quiet hours are by the clock on the wall, and 23 hours at
    most; `null` is for none."""
    user = caller_of(request).user_id
    changes: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    if body.quiet is not None:
        changes["quiet"] = Quiet(body.quiet.start, body.quiet.end)
    sending.set_reader(user, changes)
    return json_response(profile_of(user))


@router.get(
    "mutes/",
    response={200: Mutes, **errors()},
    operation_id="mutes",
    summary="What is muted",
)
def list_mutes(request: HttpRequest) -> HttpResponse:
    """What is muted now, the newest first."""
    user = caller_of(request).user_id
    return json_response({"mutes": _rows(user, mutes.mutes_of(user))})


@router.post(
    "mutes/",
    response={201: MuteOut, **errors(400, 413, 422)},
    operation_id="mute",
    summary="Mute a thing, a person, a topic or a category",
)
def mute(request: HttpRequest, body: NewMute) -> HttpResponse:
    """For `seconds`, `until` a time, or for ever. What is muted already gets the new time."""
    if body.seconds is not None and body.until is not None:
        wrong = "must be left out beside `seconds`"
        raise Refusal(422, "invalid", f"until: {wrong}", fields={"until": wrong})
    until = body.until if body.seconds is None else timedelta(seconds=body.seconds)
    user = caller_of(request).user_id
    muted = sending.mute(user, body.target, until)
    return json_response(_rows(user, [muted])[0], status=201)


@router.delete(
    "mutes/{mute_id}/",
    response={200: Unmuted, **errors(404, 422)},
    operation_id="unmute",
    summary="Unmute",
)
def unmute(request: HttpRequest, mute_id: Path[Counter]) -> HttpResponse:
    """Takes a mute of the caller's own back."""
    user = caller_of(request).user_id
    own = Mute.objects.filter(pk=mute_id, user=user_pk(user)).first()
    if own is None:
        raise not_found()
    sending.unmute(user, own.target)
    return json_response({"id": mute_id})


@router.get(
    "follows/",
    response={200: Follows, **errors()},
    operation_id="follows",
    summary="Topics that are followed",
)
def list_follows(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    found = topics.topics_of(caller_of(request).user_id)
    return json_response(
        {"follows": [{"topic": one.topic, "created": timestamp(one.created)} for one in found]}
    )


@router.post(
    "follows/",
    response={201: Follow, 200: Follow, **errors(400, 413, 422)},
    operation_id="follow",
    summary="Follow a topic",
)
def follow(request: HttpRequest, body: NewFollow) -> HttpResponse:
    """Only topics that NOTIFY_MAY_FOLLOW allows the caller, else 403: who follows a topic reads all
    that is sent to it. 200 if it is followed already."""
    caller = caller_of(request)
    name = str(topic(body.topic))
    if not topics.may_follow(caller.user, name):
        raise Refusal(403, "forbidden", "This topic cannot be followed by request.")
    is_new = sending.follow(caller.user_id, name)
    for one in topics.topics_of(caller.user_id).filter(topic=name):
        answer = {"topic": one.topic, "created": timestamp(one.created)}
        return json_response(answer, status=201 if is_new else 200)
    raise not_found()


@router.delete(
    "follows/",
    response={200: Unfollowed, **errors(422)},
    operation_id="unfollow",
    summary="Unfollow a topic",
)
def unfollow(request: HttpRequest, topic: Annotated[Text, Query()]) -> HttpResponse:
    """Any topic that the caller follows."""
    followed = sending.unfollow(caller_of(request).user_id, topic)
    return json_response({"topic": topic, "followed": followed})


@router.get(
    "inbox/{notice_id}/why/",
    response={200: WhyOut, **errors(404, 422)},
    operation_id="inbox_why",
    summary="Why the caller has a notice",
)
def why(request: HttpRequest, notice_id: Path[Counter]) -> HttpResponse:
    """The reason, and what decides on such a notice now."""
    user = caller_of(request).user_id
    found = sending.why(user, notice_id)
    if found is None:
        raise not_found()
    reason, decision = found.reason, found.decision
    names = {} if decision.target is None else names_of(user, [decision.target])
    return json_response(
        {
            "notice": found.notice_id,
            "reason": None if reason is None else reason.name.lower(),
            "reason_text": None if reason is None else str(reason.label),
            "topics": list(found.topics),
            "place": found.place.name.lower(),
            "rule": {
                "value": decision.value,
                "decided_by": str(decision.rule),
                "text": why_text(found, Notice.objects.get(pk=notice_id), names),
                "scope": found.scope,
            },
        }
    )


def _preferences(user: str) -> HttpResponse:
    return json_response(described(catalogue(user, reading.categories(user))))


def _rows(user: str, found: Iterable[Mute]) -> list[dict[str, Any]]:
    muted = list(found)
    names = names_of(user, (one.target for one in muted))
    return [
        {
            "id": one.pk,
            "target": one.target,
            "type": one.target.partition(":")[0],
            "name": names[one.target],
            "until": timestamp(one.until),
            "created": timestamp(one.created),
        }
        for one in muted
    ]
