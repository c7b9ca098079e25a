from __future__ import annotations

import pytest
from asgiref.sync import SyncToAsync
from django.urls import reverse


@pytest.fixture
def hops(monkeypatch):
    """The calls that the event loop passed to a thread."""
    hops, call = [], SyncToAsync.__call__

    async def count(self, *args, **kwargs):
        hops.append(self.func)
        return await call(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", count)
    return hops


LAST = "config.middleware.in_one_thread"


@pytest.mark.django_db
async def test_a_request_passes_its_middleware_in_one_thread(async_client, settings, hops):
    assert settings.MIDDLEWARE[-1] == LAST
    response = await async_client.get(reverse("login"))
    assert response.status_code == 200
    with_it = len(hops)
    settings.MIDDLEWARE = settings.MIDDLEWARE[:-1]
    async_client.handler._middleware_chain = None  # loaded anew at the next request
    hops.clear()
    assert (await async_client.get(reverse("login"))).status_code == 200
    # The middleware, the view, its page, and the signals before and after a request: 6 of 20.
    assert len(hops) > 2 * with_it, hops


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["logout", "admin:logout"])
def test_signing_out_has_the_browser_forget_the_pages_that_it_keeps(admin_client, name):
    assert "Clear-Site-Data" not in admin_client.get(reverse("notify:dashboard")).headers
    signed_out = admin_client.post(reverse(name))
    assert signed_out.headers["Clear-Site-Data"] == '"cache"'
    assert (
        signed_out.url == reverse("login") + "?signed-out"
    )  # its script deletes the other personal data
    assert "Clear-Site-Data" not in admin_client.get(reverse("login")).headers
