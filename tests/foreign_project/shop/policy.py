from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"


def strict(
    get_response: Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Middleware: nothing inline, nothing from elsewhere, no `data:`."""

    async def with_policy(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return markcoroutinefunction(with_policy)


strict.async_capable = True
strict.sync_capable = False
