"""A browser that another person takes over: no tab shows one person's rows to the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

import notify
from tests.browser.conftest import until, wait_until_live
from tests.browser.inbox_page import DASHBOARD, live, rows, titles, unread
from tests.browser.network import Network
from tests.conftest import PASSWORD

# All that a tab has shown, as "whose page: title", for as long as it is open: also by pages before.
RECORD = """
setInterval(() => {
    const root = document.querySelector("notify-inbox")?.shadowRoot;
    if (!root) return;
    const seen = new Set(JSON.parse(sessionStorage.seen ?? "[]"));
    const whose = document.querySelector(".account").textContent.trim();
    for (const title of root.querySelectorAll("article .title-text")) {
        seen.add(`${whose}: ${title.lastChild.textContent.trim()}`);
    }
    sessionStorage.seen = JSON.stringify([...seen]);
}, 20);
"""
# Rows and marks that the browser keeps, as "whose: title or mark".
KEPT = """() => new Promise((resolve) => {
    const request = indexedDB.open("notify", 1);
    request.onsuccess = () => {
        const transaction = request.result.transaction(["inbox", "marks"]);
        const last = transaction.objectStore("inbox").get("last");
        const marks = transaction.objectStore("marks").getAll();
        transaction.oncomplete = () => {
            request.result.close();
            const page = last.result?.page.notifications ?? [];
            resolve([
                ...page.map(({ title }) => [last.result.user, title]),
                ...marks.result.map(({ user, mark }) => [user, mark.as]),
            ]);
        };
    };
})"""
USER = "JSON.parse(document.querySelector('[data-config]').dataset.config).user"


def record(page: Page) -> Page:
    page.add_init_script(RECORD)
    return page


def seen(page: Page) -> set[str]:
    return set(page.evaluate("JSON.parse(sessionStorage.seen ?? '[]')"))


def asked_for(page: Page) -> list[str]:
    """The methods by which pages were asked for in this tab, from now on."""
    asked: list[str] = []
    page.on(
        "request", lambda one: asked.append(one.method) if one.is_navigation_request() else None
    )
    return asked


def sign_out(page: Page) -> None:
    page.locator(".account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(DASHBOARD))


@pytest.fixture
def others(signed_in: Any) -> dict[str, str]:
    """Sessions of ada and bob, each with a notice of their own."""
    sessions = {name: signed_in(name) for name in ("ada", "bob")}
    for name in sessions:
        notify.send(to=User.objects.get(username=name), title=f"For {name} alone")
    return sessions


def test_the_next_person_is_never_shown_what_a_tab_of_the_one_before_still_holds(
    server, others, windows
):
    with Network(server.port) as proxy:
        left = record(windows.open(proxy.url, session=others["ada"]))
        left.goto(DASHBOARD)
        live(left)
        # It is asleep, and hears nothing of what the other tab does, but answers on its channel.
        left.evaluate(
            "addEventListener('storage', (event) => event.stopImmediatePropagation(), true)"
        )
        left.route("**/api/notify/**", lambda route: route.abort())
        tab = record(left.context.new_page())
        tab.goto(DASHBOARD)
        live(tab)
        proxy.refuse_sockets()
        sign_out(tab)
        sign_in(tab, "bob")
        expect(titles(tab)).to_contain_text(["For bob alone"])
        tab.wait_for_timeout(3_000)  # time for what must not come
        proxy.pass_sockets()
        left.unroute("**/api/notify/**")
        live(tab)
        left.bring_to_front()
        live(left)
        tab.wait_for_timeout(1_000)  # as above
        assert seen(tab) == {"ada: For ada alone", "bob: For bob alone"}
        assert seen(left) == {"ada: For ada alone", "bob: For bob alone"}
        assert tab.evaluate(KEPT) == [[tab.evaluate(USER), "For bob alone"]]


@pytest.mark.parametrize("sockets", [True, False])
def test_when_somebody_else_signs_in_the_other_tabs_become_theirs(server, others, windows, sockets):
    with Network(server.port) as proxy:
        if not sockets:
            proxy.refuse_sockets()
        left = record(windows.open(proxy.url, session=others["ada"]))
        left.goto(DASHBOARD)
        expect(titles(left)).to_contain_text(["For ada alone"])
        asked = asked_for(left)
        tab = left.context.new_page()
        tab.goto("/accounts/login/")
        sign_in(tab, "bob")
        expect(left.locator(".account")).to_contain_text("bob")
        expect(titles(left)).to_contain_text(["For bob alone"])
        if sockets:
            live(left)
        left.wait_for_timeout(2_000)  # time for a load that must not be
        assert seen(left) == {"ada: For ada alone", "bob: For bob alone"}
        assert asked == ["GET"]


def test_a_page_that_a_form_led_to_becomes_theirs_without_sending_the_form_again(
    server, others, windows
):
    left = windows.open(server.url, session=others["ada"])
    left.goto("/accounts/password_change/")
    for field in left.locator("[type=password]").all():
        field.fill("no password of hers")
    left.locator("main form button").click()
    expect(left.locator(".errorlist, .errors").first).to_be_visible()
    wait_until_live(left)
    asked = asked_for(left)
    tab = left.context.new_page()
    tab.goto("/accounts/login/")
    sign_in(tab, "bob")
    expect(left.locator(".account")).to_contain_text("bob")
    assert asked == ["GET"]


def test_a_page_that_the_browser_kept_from_before_is_not_shown_to_the_next_person(
    server, others, windows
):
    page = windows.open(server.url, session=others["ada"])
    page.goto(DASHBOARD)
    live(page)
    with page.expect_navigation():
        page.evaluate("""
            localStorage.setItem("notify-user", "another's");
            dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
            if (!document.documentElement.hidden) throw new Error("it is shown");
        """)
    live(page)


# Whether the browser still has what the inbox was shown with; the page for signing in has it not.
CACHED = """async (loaded) => {
    const options = { cache: "only-if-cached", mode: "same-origin" };
    return fetch(loaded, options).then(({ ok }) => ok, () => false);
}"""
LOADED = (
    "performance.getEntriesByType('resource').find(({ name }) => /elements\\.min/.test(name)).name"
)


def test_a_sign_out_empties_the_cache_and_leaves_the_preferences(server, others, windows):
    page = windows.open(server.url, session=others["ada"])
    page.goto(DASHBOARD)
    live(page)
    loaded = page.evaluate(LOADED)
    assert page.evaluate(CACHED, loaded)
    page.evaluate("localStorage.setItem('notify-sound', 'yes')")
    sign_out(page)
    assert not page.evaluate(CACHED, loaded)
    assert page.evaluate("localStorage.getItem('notify-sound')") == "yes"


def impersonating(start_server: Any, **variables: str) -> Any:
    return start_server(
        NOTIFY_WELCOME="off",
        NOTIFY_NEW_DEVICE="off",
        DJANGO_SETTINGS_MODULE="tests.impersonating_project.settings",
        **variables,
    )


def test_a_page_of_one_whose_socket_is_anothers_goes_on_by_http(start_server, others, windows):
    server = impersonating(start_server)
    page = record(windows.open(server.url, session=others["bob"]))
    asked = asked_for(page)
    page.goto(DASHBOARD)
    label = page.locator("notify-connection .label")
    expect(label).to_have_text("Live updates paused. Checking every 30 seconds.")
    page.locator("notify-inbox").get_by_role("link", name="Unread").click()
    expect(titles(page)).to_contain_text(["For ada alone"])
    rows(page).first.hover()
    with page.expect_response("**/inbox/mark/*"):
        rows(page).first.get_by_role("button", name="Mark as read").click()
    expect(unread(page)).to_have_text("")
    page.wait_for_timeout(3_000)  # of sockets that are tried again
    assert seen(page) == {"ada: For ada alone"}
    assert asked == ["GET"]
    page.goto(DASHBOARD)
    expect(titles(page)).to_contain_text(["For ada alone"])
    expect(unread(page)).to_have_text("")  # it was ada's mark
    phone = windows.open(server.url, session=others["ada"])
    phone.goto(DASHBOARD)
    live(phone)


def test_a_page_that_stays_of_one_while_all_else_is_anothers_says_so_and_is_loaded_anew_once(
    start_server, others, windows
):
    server = impersonating(start_server, IMPERSONATES_AT=DASHBOARD)
    page = record(windows.open(server.url, session=others["bob"]))
    asked = asked_for(page)
    page.goto(DASHBOARD)
    until(page, lambda: len(asked) == 2, what="the page's second load")
    label = page.locator("notify-connection .label")
    expect(label).to_have_text("Someone else is signed in")
    expect(page.locator("notify-connection button")).to_have_text("Reload")
    page.wait_for_timeout(3_000)  # time for a third load, which must not be
    assert asked == ["GET", "GET"]
    assert seen(page) == {"ada: For ada alone"}
