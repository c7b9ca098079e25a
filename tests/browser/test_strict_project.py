"""A site that asks everybody to sign in, moves the CSRF token, and lets sessions slide."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.inbox_page import DASHBOARD, live, rows, send_to_ada, titles, unread
from tests.browser.network import Network
from tests.browser.test_other_user import sign_in, sign_out

SIGN_IN = re.compile(r"/accounts/login/\?of=shop&next=%2Fnotify%2F&signed-out=$")


def strict(start_server: Any, **variables: str) -> Any:
    return start_server(
        DJANGO_SETTINGS_MODULE="tests.strict_project.settings",
        NOTIFY_WELCOME="off",
        NOTIFY_NEW_DEVICE="off",
        **variables,
    )


def session_of(page: Page) -> dict[str, Any]:
    [found] = [one for one in page.context.cookies() if one["name"] == "sessionid"]
    return dict(found)


@pytest.mark.parametrize("sockets", [True, False])
@pytest.mark.parametrize("answers", [None, "redirect", "page"])
def test_a_tab_leaves_the_inbox_when_its_person_signs_out_in_another(
    start_server, signed_in, windows, sockets, answers
):
    """Also where a middleware of the site answers in place of the API."""
    server = strict(start_server, **({"ANSWERS": answers} if answers else {}))
    session = signed_in("ada")
    send_to_ada("A private matter")
    with Network(server.port) as proxy:
        if not sockets:
            proxy.refuse_sockets()
        left = windows.open(proxy.url, session=session)
        left.goto(DASHBOARD)
        expect(titles(left)).to_contain_text(["A private matter"])
        if sockets:
            live(left)
        tab = left.context.new_page()
        tab.goto(DASHBOARD)
        sign_out(tab)
        expect(left).to_have_url(SIGN_IN, timeout=45_000)


def test_after_a_sign_in_in_another_tab_marks_and_the_test_button_work_in_the_first(
    start_server, signed_in, windows
):
    server = strict(start_server)
    session = signed_in("ada")
    send_to_ada("One", "Two")
    with Network(server.port) as proxy:
        proxy.refuse_sockets()
        left = windows.open(proxy.url, session=session)
        left.goto(DASHBOARD)
        expect(unread(left)).to_have_text("2 unread")
        tab = left.context.new_page()
        tab.goto("/accounts/login/?next=/notify/")
        sign_in(tab, "ada")
        left.bring_to_front()
        rows(left).first.hover()
        with left.expect_response(lambda answer: "/inbox/mark/" in answer.url and answer.ok):
            rows(left).first.locator(".toggle-read").click()
        expect(unread(left)).to_have_text("1 unread")
        tab.reload()
        expect(unread(tab)).to_have_text("1 unread")
        left.get_by_role("button", name="Send a test").click()
        tested = left.locator("notify-test output")
        expect(tested).not_to_have_text(re.compile("^(Sending…)?$"))
        expect(tested).not_to_have_text("It could not be sent")
        tab.reload()
        expect(titles(tab).first).to_contain_text("Test notification")


def test_polling_alone_keeps_no_session(start_server, signed_in, windows):
    server = strict(start_server)
    session = signed_in("ada")
    with Network(server.port) as proxy:
        proxy.refuse_sockets()
        page = windows.open(proxy.url, session=session)
        with page.expect_response("**/api/notify/inbox/changes/**") as polled:
            page.goto(DASHBOARD)
            until = session_of(page)["expires"]
        assert polled.value.ok
        page.wait_for_timeout(1_100)  # what a cookie says of its end is in whole seconds
        with page.expect_response("**/api/notify/inbox/changes/**", timeout=45_000):
            pass
        assert session_of(page)["expires"] == until
        page.reload()
        assert session_of(page)["expires"] > until
