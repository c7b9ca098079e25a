"""For a front end whose pages no Django template makes: what the tags would put into them."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from ninja import Path, Router

from notify.models import ApiToken
from notify.web.api.answers import answer
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
    """What the elements carry as `data-config`: addresses, who this is, the header with the CSRF
    token (none for an API token, which needs none), and words in the request's language. A page
    asks for it when a sign-in in another tab has made its CSRF token void."""
    caller = caller_of(request)
    return answer(page_config(caller.user_id, {} if caller.token else csrf_headers(request)))


@router.get(
    "elements/{name}/",
    response={200: Element, **errors(422)},
    operation_id="element",
    summary="Markup of an element",
)
def element(
    request: HttpRequest, name: Path[Literal["bell", "inbox", "connection"]]
) -> HttpResponse:
    """The markup of `{% notify_bell %}`, `{% notify_inbox %}` or `{% notify_connection %}`, with
    its script. It acts by the session's cookie, so an API token gets none: 403
    with code `session`."""
    if caller_of(request).token:
        raise Refusal(
            403,
            "session",
            "The elements act by a session's cookie. Sign in by session, or ask inbox/ instead.",
        )
    template = Template(f"{{% load notify %}}{{% notify_{name} %}}")
    html = template.render(RequestContext(request, {"request": request}))
    # Only a page's own parser makes the shadow root; here our script does, of the template.
    return answer({"html": html.replace(' shadowrootmode="open"', "")})
