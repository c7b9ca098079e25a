"""Kinds in several languages and zones: tabs of one browser, and people."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import expect

import notify
from notify.models import Notice
from notify.notices import PasswordChanged, Welcome
from tests.browser.conftest import SCREENSHOTS, keep_picture
from tests.browser.inbox_page import DASHBOARD, DESK, badge, live, titles, unread
from tests.browser.layout import findings
from tests.browser.test_offline import keeps
from tests.browser.test_readers import SEND, choose

ENGLISH = ["Your password was changed", "Welcome"]
GERMAN = ["Dein Passwort wurde geändert", "Willkommen"]
ISOLATED = ("A-4711", "\u2068A-4711\u2069")
WELCOME = {"kind": "notify.welcome", "params": {}, "to": {"users": ["ada"]}}


# What a page says of counts and toasts, each time that it is another: `said`.
WATCH = """() => {
    const names = ["notify-inbox", "notify-bell"];
    const [inbox, bell] = names.map((name) => document.querySelector(name).shadowRoot);
    globalThis.said = [];
    const look = () => {
        const counts = [inbox.querySelector(".unread"), bell.querySelector(".badge")];
        const toasts = bell.querySelectorAll(".toast").length;
        const text = [...counts.map((one) => one.textContent), `${toasts} toasts`].join(", ");
        if (said.at(-1) !== text) said.push(text);
    };
    const everything = { subtree: true, childList: true, characterData: true, attributes: true };
    for (const root of [inbox, bell]) new MutationObserver(look).observe(root, everything);
    look();
}"""


def send_both() -> None:
    for kind in (Welcome(), PasswordChanged()):
        notify.send(kind, to=User.objects.get(username="ada"))
    Notice.objects.update(level="critical")  # what would open a toast, if it was news


def test_who_changes_their_language_reads_all_in_it_and_nothing_is_news(server, ada, windows):
    send_both()
    first = windows.open(server.url, session=ada, locale="en", **DESK)
    tabs = [first, first.context.new_page()]
    for tab in tabs:
        tab.goto(DASHBOARD)
        live(tab)
        expect(titles(tab)).to_contain_text(ENGLISH)
    keeps(first, ENGLISH)
    second = tabs[1]
    expect(badge(second)).to_have_text("0")  # they were on the screen
    second.evaluate(WATCH)
    expect(unread(first)).to_have_text("2 unread")

    choose(tabs[0], "de")
    expect(titles(tabs[0])).to_contain_text(GERMAN)
    keeps(first, GERMAN)  # the copy for times without a network
    expect(titles(second)).to_contain_text(GERMAN)
    live(second)
    keeps(second, GERMAN)
    assert second.evaluate("said") == ["2 unread, 0, 0 toasts"]  # in the language of its page
    first.evaluate(SEND, WELCOME)
    for tab in tabs:
        expect(titles(tab)).to_contain_text(["Willkommen", *GERMAN])
    searched_in = first.locator("notify-inbox .searched-in")
    expect(searched_in).to_be_hidden()
    first.locator("notify-inbox [type=search]").fill("Welcome")  # the text as it was sent
    expect(titles(first)).to_contain_text(["Willkommen", "Willkommen"])
    expect(searched_in).to_be_visible()
    first.locator("notify-inbox [type=search]").fill("")
    second.reload()
    for tab in tabs:
        live(tab)
        expect(titles(tab)).to_contain_text(["Willkommen", *GERMAN])
        expect(unread(tab)).to_have_text("3 ungelesen")
        expect(tab.locator("notify-bell .toast")).to_have_count(0)
    assert windows.complaints == []


def test_two_tabs_of_one_browser_are_told_the_same_in_two_languages(server, ada, windows):
    send_both()
    english = windows.open(server.url, session=ada, locale="en", **DESK)
    english.goto(DASHBOARD)
    live(english)
    german = english.context.new_page()
    cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": "de", "url": server.url}
    german.context.add_cookies([cookie])  # nobody has asked for it in the other tab
    german.goto(DASHBOARD)
    live(german)
    expect(titles(german)).to_contain_text(GERMAN)
    german.evaluate(SEND, WELCOME)
    expect(titles(german)).to_contain_text(["Willkommen", *GERMAN])
    expect(titles(english)).to_contain_text(["Welcome", *ENGLISH])
    expect(unread(english)).to_have_text("3 unread")
    expect(unread(german)).to_have_text("3 ungelesen")
    assert windows.complaints == []


def test_two_people_of_one_language_are_told_the_time_of_their_own_zone(
    start_server, signed_in, windows, demo_kinds
):
    sessions = [signed_in(name) for name in ("ada", "bob")]
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    notify.send(demo_kinds.MeetingMoved(at=at, room="2.14"), to=list(User.objects.all()))
    server = start_server(DEBUG="on", DEMO="on", NOTIFY_NEW_DEVICE="off")
    said = {"Asia/Kathmandu": "auf 05:15 verlegt", "America/Lima": "auf 18:30 verlegt"}
    for session, (zone, text) in zip(sessions, said.items(), strict=True):
        page = windows.open(server.url, session=session, locale="de", timezone_id=zone, **DESK)
        page.goto(DASHBOARD)
        expect(titles(page)).to_contain_text([f"Die Besprechung wurde {text}"])
    assert windows.complaints == []


def test_two_people_read_in_two_languages_and_staff_in_both(
    start_server, signed_in, windows, demo_kinds
):
    sessions = {"en": signed_in("ada"), "de": signed_in("bob")}
    staff = signed_in("staff", is_staff=True, is_superuser=True)
    at = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
    kinds = [
        demo_kinds.OrderShipped(number="A-4711", parcels=5),
        demo_kinds.MeetingMoved(at=at, room="2.14"),
    ]
    everyone = list(User.objects.all())
    notices = [notify.send(kind, to=everyone) for kind in kinds]
    server = start_server(DEBUG="on", DEMO="on", NOTIFY_NEW_DEVICE="off")
    said = {
        "en": ["The meeting has moved to 1:30 p.m.", "Order A-4711 is on its way"],
        "de": ["Die Besprechung wurde auf 13:30 verlegt", "Bestellung A-4711 ist unterwegs"],
    }
    size = {"width": 640, "height": 364}
    for language, session in sessions.items():
        page = windows.open(
            server.url, session=session, locale=language, timezone_id="UTC", viewport=size
        )
        page.goto(DASHBOARD)
        live(page)
        expect(titles(page)).to_contain_text([one.replace(*ISOLATED) for one in said[language]])
        keep_picture(page, f"kinds-{language}")

    admin = windows.open(server.url, session=staff, locale="en", timezone_id="UTC", **DESK)
    admin.goto(f"/admin/notify/notice/{notices[1].pk}/change/")
    for text in ("The meeting has moved to 1:30 p.m.", "Die Besprechung wurde auf 13:30 verlegt"):
        expect(admin.locator(".notify-languages")).to_contain_text(text)
    admin.locator(".notify-languages").scroll_into_view_if_needed()
    admin.screenshot(path=SCREENSHOTS / "admin-languages.png")
    assert windows.complaints == []
    for width in (320, 1280):
        admin.set_viewport_size({"width": width, "height": 800})
        assert findings(admin) == []
