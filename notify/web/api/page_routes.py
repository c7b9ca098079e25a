"""For a front end without Django templates: what the template tags would render."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from ninja import Path, Router

from notify.models import ApiToken
from notify.web.api.json_responses import json_response
from notify.web.api.schemas import Element, PageConfig, errors
from notify.web.callers import SessionAuth, TokenAuth, caller_of
from notify.web.pages.browser_config import csrf_headers, page_config
from notify.web.refusals import Refusal

router = Router(auth=[TokenAuth(ApiToken.Scope.INBOX), SessionAuth()], tags=["pages"])


@router.get(
    "config/",
    response={200: PageConfig, **errors()},
    operation_id="config",
    summary="Page configuration",
)
def config(request: HttpRequest) -> HttpResponse:
    """The `data-config` of the elements: URLs, the user's opaque id, the header with the CSRF
    token (none for an API token, which needs none), and texts in the request's language. A page
    requests it when a sign-in in another tab has invalidated its CSRF token."""
    caller = caller_of(request)
    return json_response(page_config(caller.user_id, {} if caller.token else csrf_headers(request)))


@router.get(
    "elements/{name}/",
    response={200: Element, **errors(422)},
    operation_id="element",
    summary="Markup of an element",
)
def element(
    request: HttpRequest, name: Path[Literal["bell", "inbox", "connection", "preferences"]]
) -> HttpResponse:
    """The markup of `{% notify_bell %}`, `{% notify_inbox %}`, `{% notify_connection %}` or
    `{% notify_preferences %}`, with its script. It uses the session cookie, so an API token gets
    403 with code `session`."""
    if caller_of(request).token:
        raise Refusal(
            403,
            "session",
            "Elements need a session cookie, not an API token. Use inbox/ instead.",
        )
    template = Template(f"{{% load notify %}}{{% notify_{name} %}}")
    html = template.render(RequestContext(request, {"request": request}))
    # Only an HTML parser creates declarative shadow roots. Here our script makes one from the
    # template.
    return json_response({"html": html.replace(' shadowrootmode="open"', "")})
