"""The HTTP API at /api/notify/: the same inbox as on the socket, and sending.

Its page at `docs` needs "ninja" in INSTALLED_APPS. Otherwise django-ninja loads Swagger UI from a
CDN, which a strict Content-Security-Policy forbids.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

import notify
from notify.kinds import registry
from notify.models import ApiToken
from notify.protocol.encoding import refuse_constant
from notify.web import refusals
from notify.web.api import inbox_routes, notice_routes, page_routes, preference_routes
from notify.web.api.kind_schemas import describe_kinds
from notify.web.api.sliding import never_slides
from notify.web.callers import SessionAuth, TokenAuth, csrf_header


class StrictParser(Parser):
    """Parses bodies of at most `MAX_BODY_BYTES`, as strict JSON (RFC 8259)."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if len(request.body) > refusals.MAX_BODY_BYTES:
            raise refusals.too_large()
        parsed: dict[str, Any] = json.loads(request.body, parse_constant=refuse_constant)
        return parsed


class Api(NinjaAPI):
    """Answers strangers with 401 itself, instead of leaving them to LoginRequiredMiddleware. Only
    the OpenAPI document and its page, which have no authentication, are left to it."""

    @property
    def urls(self) -> Any:
        urls: Any = super().urls
        routes, app_name, namespace = urls
        for route in routes:
            if route.name not in {"openapi-json", "openapi-view", "api-root"}:
                route.callback = login_not_required(never_slides(route.callback))
        return routes, app_name, namespace

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """With the kinds that this process has by now."""
        document = super().get_openapi_schema(**options)
        describe_kinds(document["components"]["schemas"], registry.all_kinds())
        return document


def _answer_error(request: HttpRequest, error: Any) -> HttpResponse:
    return refusals.from_error(error).response()


api = Api(
    title="notify",
    version=notify.__version__,
    description=(
        f"Authenticate by session (unsafe methods need the header {csrf_header()}) or by "
        "`Authorization: Bearer <API token>`. Unknown fields are ignored."
    ),
    urls_namespace="notify-api",
    docs_url="docs",
    openapi_url="openapi.json",
    parser=StrictParser(),
    auth=[TokenAuth(ApiToken.Scope.INBOX), SessionAuth()],
)
for handled in (*refusals.HANDLED_ERRORS, AuthenticationError):
    api.add_exception_handler(handled, _answer_error)
api.add_router("", inbox_routes.router)
api.add_router("notices/", notice_routes.router)
api.add_router("", page_routes.router)
api.add_router("", preference_routes.router)
