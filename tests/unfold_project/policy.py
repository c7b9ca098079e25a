"""What django-unfold asks of the Content-Security-Policy, and for its own pages only: it runs
expressions of Alpine.js, and has styles and scripts in the page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

ADMIN = "/admin/"
LAX = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class LaxInTheAdmin:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(ADMIN):
            response["Content-Security-Policy"] = LAX
        return response
