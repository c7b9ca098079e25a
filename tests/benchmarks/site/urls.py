"""`POST /send/` with a form's `user` and `n`: what a view of one's own would be."""

from __future__ import annotations

import time

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

import notify
from tests.benchmarks.payload import notification


@csrf_exempt
def send(request: HttpRequest) -> JsonResponse:
    """When `send` was called and when it came back, in seconds of the monotonic clock."""
    said = notification(int(request.POST["n"]))
    called = time.monotonic()
    notify.send(
        to=int(request.POST["user"]),
        title=said["title"],
        body=said["body"],
        level=said["level"],
        url=said["url"],
        data={"n": said["n"]},
    )
    return JsonResponse({"called": called, "returned": time.monotonic()})


urlpatterns = [path("send/", send), path("", include("config.urls"))]
