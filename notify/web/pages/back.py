"""Where a form's answer leads."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

from notify.web.pages.decorators import MAX_REPEATED


def way_back(request: HttpRequest, otherwise: str) -> str:
    """The page of this site that the form names as `next`, else another."""
    back = request.POST.get("next", "")
    is_ours = len(iri_to_uri(back)) <= MAX_REPEATED and url_has_allowed_host_and_scheme(
        back, {request.get_host()}, request.is_secure()
    )
    return back if is_ours else otherwise
