from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import InterfaceError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from notify.web.pages.decorators import MAX_REPEATED, html_refusals, signed_in
from notify.web.refusals import not_found


def ok(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@pytest.mark.parametrize(
    ("error", "status"), [(not_found(), 404), (InterfaceError("connection already closed"), 503)]
)
def test_a_refusal_is_a_page(rf: RequestFactory, error: Exception, status: int) -> None:
    def fail(request: HttpRequest) -> HttpResponse:
        raise error

    response = html_refusals(fail)(rf.get("/"))
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("length", "is_repeated"), [(MAX_REPEATED - 2, True), (MAX_REPEATED, False)]
)
def test_a_redirect_to_sign_in_repeats_no_long_query(
    rf: RequestFactory, length: int, is_repeated: bool
) -> None:
    request = rf.get(f"/notify/?q={'x' * length}")
    request.user = AnonymousUser()
    response = signed_in(ok)(request)
    assert response.status_code == 302
    assert ("xxx" in response["Location"]) is is_repeated


def test_who_is_signed_in_keeps_the_query(rf: RequestFactory, ada: User) -> None:
    request = rf.get(f"/notify/?q={'x' * 2 * MAX_REPEATED}")
    request.user = ada
    assert signed_in(ok)(request).content == b"ok"
    assert len(request.GET["q"]) == 2 * MAX_REPEATED
