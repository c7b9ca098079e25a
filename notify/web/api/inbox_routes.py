"""The caller's own inbox over HTTP: the same state as on the socket, and tickets for a socket."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Body, Router
from pydantic import Field

from notify import metrics, protocol, sending
from notify.access.session_store import owner_of
from notify.access.tickets import TICKET_LIFETIME_S, issue_ticket
from notify.changes import Reading
from notify.inbox import reading, renderings
from notify.models import ApiToken
from notify.readers import locales
from notify.web.api.json_responses import encoded_response, json_response
from notify.web.api.schemas import (
    MARK_FRAME,
    OPENED_FRAME,
    UNDO_FRAME,
    Categories,
    Counter,
    Done,
    InboxFrame,
    InboxPage,
    LevelName,
    Tab,
    Text,
    Ticket,
    errors,
)
from notify.web.callers import SessionAuth, TokenAuth, caller_of
from notify.web.inbox_page import page_json, read_page
from notify.web.refusals import Refusal, not_found

router = Router(auth=[TokenAuth(ApiToken.Scope.INBOX), SessionAuth()], tags=["inbox"])

NO_INBOX = "This inbox no longer exists: its user has been deleted."
PageSize = Annotated[int, Field(ge=1, le=100)]
Search = Annotated[Text, Field(max_length=200)]


@router.get(
    "inbox/",
    response={200: InboxPage, **errors(422)},
    operation_id="inbox_page",
    summary="A page of the inbox",
)
def inbox_page(
    request: HttpRequest,
    *,
    tab: Tab = "all",
    category: Text | None = None,
    level: LevelName | Literal[""] | None = None,
    q: Search = "",
    before: Counter | None = None,
    limit: PageSize = reading.RESET_ROWS,
    language: str | None = None,
    zone: str | None = None,
) -> HttpResponse:
    """A page by arrival, newest first; `all` excludes archived notifications.

    An empty `category` or `level` counts as none. With `q`, a page searches 5,000 notifications:
    it may have fewer than `limit`, or none, while `next` is a number.
    """
    user = caller_of(request).user_id
    filters: dict[str, Any] = {"tab": tab, "category": category, "level": level, "q": q}
    locale = locales.asked(language, zone) or locales.own(user, zone)
    read = partial(read_page, user, locale, **filters, before=before, limit=limit)
    page = read()
    if page is None:  # this inbox was never opened
        reading.resets([user], 0)
        page = read()
    return json_response(page_json(_existing(page)))


@router.get(
    "inbox/categories/",
    response={200: Categories, **errors()},
    operation_id="inbox_categories",
    summary="Categories to filter by",
)
def inbox_categories(request: HttpRequest) -> HttpResponse:
    """The categories of the newest 1,000 notifications, archived ones included, sorted."""
    return json_response({"categories": reading.categories(caller_of(request).user_id)})


@router.get(
    "inbox/changes/",
    response={200: InboxFrame, **errors()},
    by_alias=True,
    operation_id="inbox_changes",
    summary="Changes since a cursor",
)
def inbox_changes(
    request: HttpRequest,
    epoch: str | None = None,
    since: str | None = None,
    language: str | None = None,
    zone: str | None = None,
) -> HttpResponse:
    """The `inbox` frame that a socket would get with this cursor. Repeat, with the `epoch` and
    `to` of the response, until `from` equals `to`: a long catch-up takes several frames.

    As on the socket, a malformed cursor counts as none, and the response is a reset.
    """
    user = caller_of(request).user_id
    metrics.POLLING.note(user)
    locale = locales.asked(language, zone) or locales.own(user, zone)
    [found] = reading.changes([(user, protocol.parse_cursor(epoch, since))])
    frames = protocol.frames_of(renderings.in_locale(_existing(found), locale))
    if frames is None:  # one version does not fit into a frame
        [found] = reading.resets([user])
        frames = protocol.frames_of(renderings.in_locale(_existing(found), locale)) or []
    return encoded_response(frames[0].encode())


@router.post(
    "inbox/mark/",
    response={200: Done, **errors(400, 409, 413, 422)},
    operation_id="inbox_mark",
    summary="Mark as seen, read, unread, archived, unarchived",
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": MARK_FRAME}}}},
)
def mark(
    request: HttpRequest,
    frame: Annotated[dict[str, Any], Body()],
    language: str | None = None,
) -> HttpResponse:
    """Carries out a `mark` frame: `ids`, or `epoch` and `through`, or `epoch` and `through_read`.
    Ids that are not in the caller's inbox are ignored. `language` is that of the page on which they
    were seen. On 409 with code `epoch`, read the inbox again."""
    known = language if language and locales.is_language(language) else None
    return _carried_out(request, frame, "mark", protocol.parse_mark, known)


@router.post(
    "inbox/undo/",
    response={200: Done, **errors(400, 409, 413, 422)},
    operation_id="inbox_undo",
    summary="Take a mark back",
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": UNDO_FRAME}}}},
)
def undo(request: HttpRequest, frame: Annotated[dict[str, Any], Body()]) -> HttpResponse:
    """Carries out an `undo` frame: where nothing has changed a notification since the mark, it is
    seen, read and archived or not as before. On 409 with code `epoch`, read the inbox again."""
    return _carried_out(request, frame, "undo", protocol.parse_undo)


@router.post(
    "inbox/opened/",
    response={200: Done, **errors(400, 409, 413, 422)},
    operation_id="inbox_opened",
    summary="The bell was opened",
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": OPENED_FRAME}}}},
)
def opened(request: HttpRequest, frame: Annotated[dict[str, Any], Body()]) -> HttpResponse:
    """Carries out an `opened` frame: takes all that had arrived by the version `through` off the
    `badge`, and makes none of it seen. On 409 with code `epoch`, read the inbox again."""
    return _carried_out(request, frame, "opened", protocol.parse_opened)


@router.post(
    "ticket/",
    response={200: Ticket, **errors()},
    operation_id="ticket",
    summary="A ticket for a socket",
)
def ticket(request: HttpRequest) -> HttpResponse:
    """A ticket that opens one socket: `Authorization: Bearer <ticket>` or `?ticket=…`. It expires
    with the session or API token that it was made with. 403 with code `session`: a middleware has
    replaced the session's user, so that nothing would close the socket when the session ends, or
    it signed the user in during this request."""
    caller = caller_of(request)
    if caller.token is not None:
        issued = issue_ticket(caller.user_id, token_id=caller.token.pk)
    elif key := _session_key(request, caller.user_id):
        issued = issue_ticket(caller.user_id, session_key=key)
    else:
        raise Refusal(
            403,
            "session",
            "A ticket ends with its session, but this session does not belong to the user. "
            "Sign the user in with django.contrib.auth.login in an earlier request, "
            "or poll inbox/changes/ instead.",
        )
    return json_response({"ticket": issued, "expires_in": TICKET_LIFETIME_S})


def _carried_out(
    request: HttpRequest,
    frame: dict[str, Any],
    type_: str,
    parse: Callable[[dict[str, Any]], protocol.InboxCommand],
    language: str | None = None,
) -> HttpResponse:
    if frame.get("type", type_) != type_:
        wrong = f"must be {type_}"
        raise Refusal(422, "invalid", f"type: {wrong}", fields={"type": wrong})
    parsed = parse(frame)
    version = sending.carry_out_command(caller_of(request).user_id, parsed, language=language)
    return encoded_response(protocol.done(parsed.ref, version))


def _session_key(request: HttpRequest, user: str) -> str | None:
    """The key of this user's session, if they signed in before this request; else None. The key
    of a cookie session changes when this request writes to it."""
    key: str | None = request.session.session_key
    sent_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return key if sent_key == key and owner_of(request.session) == user else None


def _existing(found: Reading | None) -> Reading:
    if found is None:  # the user was deleted during this request
        raise not_found(NO_INBOX)
    return found
