"""The HTTP API at /api/notify/: the same inbox as on the socket, and sending.

Its page at docs needs "ninja" in INSTALLED_APPS: without it django-ninja takes Swagger UI from a
CDN, which a strict Content-Security-Policy forbids.
"""

from __future__ import annotations

from ninja import NinjaAPI

import notify
from notify.models import ApiToken
from notify.web import inbox_routes, notice_routes, page_routes, refusals
from notify.web.callers import SessionAuth, TokenAuth

api = NinjaAPI(
    title="notify",
    version=notify.__version__,
    description=(
        "Sign in by session (unsafe methods need the header X-CSRFToken) or by "
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
