"""The page that a link of an e-mail leads to: what it ends, a button that does, and its undo.

Only a POST acts (RFC 8058): mail programs, scanners and browsers follow links by themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notify import sending
from notify.kinds import registry
from notify.models.users import user_of
from notify.outbox.unsubscribe import InvalidToken, Standing, Subscription, read
from notify.readers import unsubscribing
from notify.web.pages.decorators import html_refusals
from notify.web.refusals import UNAVAILABLE_RETRY_AFTER_S, Refusal

logger = logging.getLogger(__name__)

ONE_CLICK = ("List-Unsubscribe", "One-Click")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@html_refusals
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The view, behind `unsubscribe_door`."""
    try:
        subscription = read(token)
    except InvalidToken:
        return _page(request, "invalid", status=404)
    channel = registry.channel(subscription.channel)
    if channel is None:
        raise Http404
    user = user_of(subscription.user)
    address = None if user is None else _address(channel, user)
    standing = subscription.standing(user, address)
    if request.method == "POST":
        act = _act(request)
        if act is None:
            return HttpResponseBadRequest("action: unsubscribe or undo")
        if standing is Standing.OPEN:
            act(subscription.user, subscription.channel, subscription.categories)
    if standing is not Standing.OPEN:
        return _page(request, standing.value)
    is_on = unsubscribing.is_on(subscription.user, subscription.channel, subscription.categories)
    state = "on" if is_on else "off"
    return _page(request, state, labels=_labels(subscription), address=address)


def _address(channel: Any, user: Any) -> str | None:
    try:
        address: str | None = channel.address(user)
    except Exception as error:  # the code of a project
        logger.exception("%r could not say where it reaches a user.", channel)
        text = "The person's address isn't known now. Try again in a moment."
        raise Refusal(503, "unavailable", text, retry_after=UNAVAILABLE_RETRY_AFTER_S) from error
    return address


def _act(request: HttpRequest) -> Callable[[str, str, Sequence[str]], bool] | None:
    header, one_click = ONE_CLICK
    if request.POST.get(header) == one_click:
        return sending.unsubscribe
    actions = {"unsubscribe": sending.unsubscribe, "undo": sending.resubscribe}
    return actions.get(request.POST.get("action", ""))


def _labels(subscription: Subscription) -> list[str]:
    declared = registry.categories()
    return [
        str(declared[key].label) if key in declared else key
        for key in subscription.categories
        if key
    ]


def _page(request: HttpRequest, state: str, *, status: int = 200, **context: Any) -> HttpResponse:
    response = render(
        request, "notify/unsubscribe.html", {"state": state, **context}, status=status
    )
    response["Referrer-Policy"] = "no-referrer"  # the address is the permission
    response["X-Robots-Tag"] = "noindex"
    return response
