"""Notices over HTTP: send, status, recall."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from notify import sending
from notify.exceptions import InvalidNotice
from notify.kinds import Kind, fields, registry
from notify.models import ApiToken, Notice, permissions
from notify.readers.targets import topic
from notify.sending.audience import Recipient, everyone
from notify.sending.names import groups_named, users_named
from notify.web.api.json_responses import json_response, timestamp
from notify.web.api.kind_schemas import SAID_BY_KIND
from notify.web.api.schemas import (
    Counter,
    Held,
    NewNotice,
    NoticeOut,
    Recalled,
    Recipients,
    Sent,
    errors,
)
from notify.web.callers import SessionAuth, TokenAuth, caller_of
from notify.web.refusals import not_found

logger = logging.getLogger(__name__)

router = Router(
    auth=[TokenAuth(ApiToken.Scope.SEND, permissions.SEND), SessionAuth(permissions.SEND)],
    tags=["notices"],
)


@router.post(
    "",
    response={201: Sent, 200: Sent, **errors(400, 409, 413, 422)},
    operation_id="notice_send",
    summary="Send a notice",
)
def send(request: HttpRequest, body: NewNotice) -> HttpResponse:
    """Sends a notice. If the same sender has used `key` before: 200 instead of 201 for the same
    notice, 409 with code `key` for another one. Unknown fields are ignored."""
    options: Any = {
        "to": _recipients(body.to),
        "expires": body.expires,
        "send_at": body.send_at,
        "key": body.key,
        "sender": caller_of(request).user,
    }
    if body.params is not None:
        notice = sending.send(_kind(body), **options)
    else:
        actions = [action.model_dump() for action in body.actions]
        said = body.model_dump(
            include={"title", "body", "level", "category", "url", "data", "kind"}
        )
        notice = sending.send(**said, actions=actions, **options)
    notices: Any = Notice.objects
    recipients = notices.with_progress().get(pk=notice.pk).recipients
    return json_response(
        {"id": notice.pk, "recipients": recipients}, status=200 if notice.repeated else 201
    )


@router.get(
    "{notice_id}/",
    response={200: NoticeOut, **errors(404, 422)},
    operation_id="notice_status",
    summary="Status and counts of a notice",
)
def status(request: HttpRequest, notice_id: Path[Counter]) -> HttpResponse:
    """The status of a notice, whoever sent it."""
    notices: Any = Notice.objects.filter(pk=notice_id)
    notice = notices.with_progress().with_counts().first()
    if notice is None:
        raise not_found()
    times = ("created", "send_at", "expires", "recalled")
    names = ("title", "level", "recipients", "appended", "skipped", "delivered", "seen", "read")
    return json_response(
        {
            "id": notice.pk,
            "status": notice.status,
            **{name: getattr(notice, name) for name in names},
            **{name: timestamp(getattr(notice, name)) for name in times},
        }
    )


@router.post(
    "{notice_id}/recall/",
    response={200: Recalled, **errors(404, 422)},
    operation_id="notice_recall",
    summary="Recall a notice",
)
def recall(request: HttpRequest, notice_id: Path[Counter]) -> HttpResponse:
    """Removes a notice from all inboxes. Recalling it a second time changes nothing."""
    return json_response(
        {"id": notice_id, "inboxes": sending.recall(_notice(notice_id), by=caller_of(request).user)}
    )


@router.post(
    "{notice_id}/pause/",
    response={200: Held, **errors(404, 422)},
    operation_id="notice_pause",
    summary="Pause",
)
def pause(request: HttpRequest, notice_id: Path[Counter]) -> HttpResponse:
    """Pauses what has not reached the inboxes yet. `people` is 0 if there is nothing to pause."""
    people = sending.pause(_notice(notice_id), by=caller_of(request).user)
    return _held(request, "paused", notice_id, people)


@router.post(
    "{notice_id}/resume/",
    response={200: Held, **errors(404, 422)},
    operation_id="notice_resume",
    summary="Resume",
)
def resume(request: HttpRequest, notice_id: Path[Counter]) -> HttpResponse:
    """Continues to send a paused notice. `people` is 0 if it was not paused."""
    people = sending.resume(_notice(notice_id))
    return _held(request, "resumed", notice_id, people)


def _held(request: HttpRequest, done: str, notice_id: int, people: int) -> HttpResponse:
    if people:
        user = caller_of(request).user_id
        logger.info("Notice %d was %s by user %s, for %d people.", notice_id, done, user, people)
    return json_response({"id": notice_id, "people": people})


def _notice(notice_id: int) -> Notice:
    notice: Notice | None = Notice.objects.filter(pk=notice_id).first()
    if notice is None:
        raise not_found()
    return notice


def _kind(body: NewNotice) -> Kind:
    kind: type[Kind] | None = registry.get(body.kind)
    if kind is None:
        raise InvalidNotice(
            "kind", f"{body.kind!r} has no params. `manage.py notify_kinds` lists those that have."
        )
    for name in sorted(body.model_fields_set & SAID_BY_KIND):
        raise InvalidNotice(name, "is said by the kind. Leave it out, or leave params out.")
    return fields.parse(kind, body.params or {})


def _recipients(to: Recipients) -> list[Recipient]:
    named: list[Recipient] = [*users_named(to.users), *groups_named(to.groups)]
    named += map(topic, to.topics)
    return [*named, everyone()] if to.everyone else named
