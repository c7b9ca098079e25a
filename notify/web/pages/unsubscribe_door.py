"""The route of the links by which people unsubscribe."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from notify.kinds import registry

_VIEW = "notify.web.pages.unsubscribing.unsubscribe"


@csrf_exempt
@login_not_required
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The page, which is imported only where a channel is declared; else 404.

    The token is the permission, so nobody needs to sign in, and a page elsewhere cannot forge it.
    """
    if not registry.declares_channels():
        raise Http404
    response: HttpResponse = import_string(_VIEW)(request, token)
    return response
