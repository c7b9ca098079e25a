"""The page that a link of an e-mail leads to: what it ends, a button that does, and its undo.

Only a POST acts (RFC 8058): mail programs, scanners and browsers follow links by themselves. The
token is the permission, so nobody needs to sign in, and a page elsewhere cannot forge it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notify.kinds import registry
from notify.models.users import user_of
from notify.outbox.unsubscribe import InvalidToken, Standing, Subscription, read
from notify.web.pages.decorators import html_refusals

ONE_CLICK = ("List-Unsubscribe", "One-Click")


class Choices(Protocol):
    """What people want, as far as this page reads and changes it."""

    def address(self, user: Any, channel: str) -> str | None:
        """Where the channel reaches them now."""

    def is_on(self, subscription: Subscription) -> bool:
        """Whether any of it is still sent."""

    def turn_off(self, subscription: Subscription) -> None:
        """Ends it, for what waits to be sent too. Twice is as once."""

    def turn_on(self, subscription: Subscription) -> None:
        """Takes that back."""


def view(choices: Choices) -> Callable[..., HttpResponse]:
    """The view, which takes a token."""

    @csrf_exempt
    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @html_refusals
    def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
        try:
            subscription = read(token)
        except InvalidToken:
            return _page(request, "invalid", status=404)
        user = user_of(subscription.user)
        address = None if user is None else choices.address(user, subscription.channel)
        standing = subscription.standing(user, address)
        if request.method == "POST":
            act = _act(request, choices)
            if act is None:
                return HttpResponseBadRequest("action: unsubscribe or undo")
            if standing is Standing.OPEN:
                act(subscription)
        if standing is not Standing.OPEN:
            return _page(request, standing.value)
        state = "on" if choices.is_on(subscription) else "off"
        return _page(request, state, labels=_labels(subscription), address=address)

    return unsubscribe


def _act(request: HttpRequest, choices: Choices) -> Callable[[Subscription], None] | None:
    header, one_click = ONE_CLICK
    if request.POST.get(header) == one_click:
        return choices.turn_off
    actions = {"unsubscribe": choices.turn_off, "undo": choices.turn_on}
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
