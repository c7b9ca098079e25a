"""Routes of a project that sends notices from its views: tests/integration/test_doors.py."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

import notify
from notify.models import Notification, Place


class PaymentRefused(Exception):
    """What goes wrong in a view after it has sent."""


def plain(request: HttpRequest) -> HttpResponse:
    notify.send(to=request.user, title="plain")  # type: ignore[arg-type]  # behind a login
    if request.GET:
        raise PaymentRefused
    return HttpResponse(Notification.objects.count())


@transaction.non_atomic_requests
def non_atomic(request: HttpRequest) -> HttpResponse:
    return plain(request)


def nested(request: HttpRequest) -> HttpResponse:
    """Sends in a savepoint that is rolled back, and then in one that is not."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                notify.send(to=User.objects.all(), title="inner")
                raise PaymentRefused
        except PaymentRefused:
            notify.send(to=User.objects.all(), title="refused")
        before = Notification.objects.count()
    return HttpResponse(before)


async def asynchronous(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    notice = await notify.asend(to=user, title="asynchronous")  # type: ignore[arg-type]  # as above
    if request.GET:
        await notify.arecall(notice)
    return HttpResponse(await Notification.objects.exclude(place=Place.RECALLED).acount())


urlpatterns = [
    path("plain/", plain),
    path("non-atomic/", non_atomic),
    path("nested/", nested),
    path("async/", asynchronous),
]
