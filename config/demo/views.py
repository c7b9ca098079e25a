"""The pages of the demo: each button of one sends a notice of a kind; the other has its mails."""

from __future__ import annotations

import secrets
from datetime import timedelta

from csp.decorators import csp
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

import notify
from config.demo import mailbox
from config.demo.notices import MeetingMoved, OrderShipped

PARCELS = (1, 2, 5)
# Of a mail: its own styles and nothing else. Its links leave the frame.
MAIL_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'self'"],
}


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


@require_safe
@never_cache
@login_required
def mails(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/mailbox.html", {"mails": mailbox.mails()})


@require_safe
@never_cache
@login_required
@xframe_options_sameorigin
@xframe_options_sameorigin
@csp(MAIL_POLICY)  # type: ignore[arg-type]  # it takes any view
def mail(request: HttpRequest, name: int) -> HttpResponse:
    """The HTML of a mail, for a frame."""
    found = mailbox.mail(name)
    if found is None:
        raise Http404
    return HttpResponse(found.html.replace("<head>", '<head><base target="_top">', 1))
