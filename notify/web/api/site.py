"""The HTTP API at /api/notify/: the same inbox as on the socket, and sending.

Its page at docs needs "ninja" in INSTALLED_APPS: without it django-ninja takes Swagger UI from a
CDN, which a strict Content-Security-Policy forbids.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from ninja import NinjaAPI

import notify
from notify.models import ApiToken
from notify.web import refusals
from notify.web.api import inbox_routes, notice_routes, page_routes
from notify.web.api.sliding import never_slides
from notify.web.callers import SessionAuth, TokenAuth, csrf_header


class Api(NinjaAPI):
    """Strangers are answered here, with 401, and not by LoginRequiredMiddleware. The document and
    its page ask for nobody, so they are left to it."""

    @property
    def urls(self) -> Any:
        urls: Any = super().urls
        routes, app_name, namespace = urls
        for route in routes:
            if route.name not in {"openapi-json", "openapi-view", "api-root"}:
                route.callback = login_not_required(never_slides(route.callback))
        return routes, app_name, namespace


api = Api(
    title="notify",
    version=notify.__version__,
    description=(
        f"Sign in by session (unsafe methods need the header {csrf_header()}) or by "
        "`Authorization: Bearer <API token>`. Fields that are not known are ignored."
    ),
    urls_namespace="notify-api",
    docs_url="docs",
    openapi_url="openapi.json",
    parser=refusals.StrictParser(),
    auth=[TokenAuth(ApiToken.Scope.INBOX), SessionAuth()],
)
refusals.install(api)
api.add_router("", inbox_routes.router)
api.add_router("notices/", notice_routes.router)
api.add_router("", page_routes.router)
