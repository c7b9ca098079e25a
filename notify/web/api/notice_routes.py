"""Notices over HTTP: send, status, recall."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from notify import sending
from notify.models import ApiToken, Notice, permissions
from notify.sending.audience import Recipient, everyone
from notify.sending.names import groups_named, users_named
from notify.web.api.json_responses import json_response, timestamp
from notify.web.api.schemas import (
    Counter,
    NewNotice,
    NoticeOut,
    Recalled,
    Recipients,
    Sent,
    errors,
)
from notify.web.callers import SessionAuth, TokenAuth, caller_of
from notify.web.refusals import not_found

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
    fields = dict(body)
    fields["actions"] = [action.dict() for action in body.actions]
    notice = sending.send(**fields | {"to": _recipients(body.to)}, sender=caller_of(request).user)
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
    notice = Notice.objects.filter(pk=notice_id).first()
    if notice is None:
        raise not_found()
    return json_response(
        {"id": notice.pk, "inboxes": sending.recall(notice, by=caller_of(request).user)}
    )


def _recipients(to: Recipients) -> list[Recipient]:
    named: list[Recipient] = [*users_named(to.users), *groups_named(to.groups)]
    return [*named, everyone()] if to.everyone else named
