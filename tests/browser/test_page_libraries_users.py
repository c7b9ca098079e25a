"""Another person signs in without a load: their inbox, and nobody else's, is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.browser.conftest import wait_until_live
from tests.browser.inbox_page import DASHBOARD, send_by_http, titles
from tests.browser.libraries import CLIENT, HTMX_2, TURBO, TURBOS_OWN, open_at, sign_in, start_at
from tests.harness.waiting import eventually


@pytest.fixture
def bob(make_user: Callable[..., User]) -> str:
    return str(make_user("bob").username)


def test_who_signs_out_and_in_without_a_load_has_an_inbox_of_their_own(server, ada, windows, bob):
    page = open_at(windows, server, ada, TURBO)
    sockets = start_at(page, DASHBOARD)
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("[name=username]")).to_be_visible()
    sockets.wait_until_closed(page)
    assert page.evaluate("window.isSame") is True  # nobody was sent away from where they are
    sign_in(page, "ada")
    expect(page.locator("notify-inbox .tabs")).to_be_visible()
    wait_until_live(page)
    send_by_http(page, "error")
    expect(titles(page).first).to_contain_text("This is error")
    assert page.evaluate("window.isSame") is True
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    sockets.wait_until_closed(page)
    with page.expect_event("load"):  # it is loaded anew, as theirs
        sign_in(page, bob)
    expect(page.locator(".account")).to_contain_text(bob)
    wait_until_live(page)
    expect(titles(page)).to_have_count(0)
    others = [one for one in windows.complaints if TURBOS_OWN not in one]
    assert [one for one in others if "401 (Unauthorized)" not in one] == []


def test_back_after_a_sign_out_without_a_load_shows_no_rows(server, ada, windows):
    page = open_at(windows, server, ada, HTMX_2)
    sockets = start_at(page, DASHBOARD)
    send_by_http(page, "error")
    expect(titles(page).first).to_contain_text("This is error")
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("[name=username]")).to_be_visible()
    sockets.wait_until_closed(page)
    page.evaluate(
        """window.shown = 0;
        setInterval(() => {
            const inbox = document.querySelector("notify-inbox");
            window.shown += inbox?.shadowRoot?.querySelectorAll("article").length ?? 0;
        }, 20);"""
    )
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(1)
    eventually(lambda: page.evaluate(f"{CLIENT}.status.state") == "signed-out")
    assert page.evaluate("window.shown") == 0


def test_an_element_of_somebody_else_has_the_page_loaded_anew(server, ada, windows):
    """Also beside one that a library has kept of the user before."""
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    wait_until_live(page)
    with page.expect_event("load"):
        page.evaluate(
            """() => {
                const kept = document.querySelector("notify-bell");
                const other = kept.cloneNode(true);
                const config = { ...JSON.parse(kept.dataset.config), user: "another" };
                other.dataset.config = JSON.stringify(config);
                kept.after(other);
            }"""
        )
