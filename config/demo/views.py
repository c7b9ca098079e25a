"""The page of the demo: each button sends a notice of a kind."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

import notify
from config.demo.notices import MeetingMoved, OrderShipped

PARCELS = (1, 2, 5)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def demo(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        to = str(request.user.pk) if request.POST.get("to") == "me" else notify.everyone()
        notify.send(_kind(request.POST.get("parcels", "")), to=to)
        messages.success(request, _("Sent. Everyone reads it in their own language."))
        return redirect("demo")
    return render(request, "demo/demo.html", {"parcels": PARCELS})


def _kind(parcels: str) -> notify.Kind:
    """An order of so many parcels; without a number, a meeting."""
    if parcels in map(str, PARCELS):
        return OrderShipped(number=f"A-{1000 + secrets.randbelow(9000)}", parcels=int(parcels))
    return MeetingMoved(at=timezone.now() + timedelta(hours=1), room="2.14")
