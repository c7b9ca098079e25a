"""Whom a row is from: the actor's picture or initials, the category's icon, and its level."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

import notify
from notify.notices import PasswordChanged
from notify.web.pages.faces import initials
from tests.browser.inbox_page import DASHBOARD, DESK, PHONE, inbox, live, rows
from tests.browser.layout import findings

PICTURES = {
    "Grace Hopper": "/static/notify/favicon.svg",
    "Lost Picture": "/nowhere.png",
    "محمد الأمين": "https://elsewhere.example/1.png",  # which our policy blocks
}
PEOPLE = [
    ("info", "Grace Hopper"),
    ("success", "محمد الأمين"),
    ("warning", "👩🏽‍🚀 Mae Jemison"),
    ("error", "Lost Picture"),
    ("critical", "W" * 60 + " " + "W" * 60),
]
LOOKS: dict[str, dict[str, Any]] = {
    "320": PHONE,
    "320-dark": {**PHONE, "color_scheme": "dark"},
    "1280": DESK,
    "1280-dark": {**DESK, "color_scheme": "dark"},
    "forced": {**DESK, "forced_colors": "active"},
    "rtl": PHONE,
}
LETTERS = [initials(name) for _, name in PEOPLE]


def picture_of(user: User) -> str | None:
    return PICTURES.get(user.get_full_name())


@pytest.fixture
def faces(ada, settings):
    """Five people at five levels, and two notices from nobody."""
    settings.NOTIFY_ACTOR_PICTURE = f"{__name__}.picture_of"
    you = User.objects.get(username="ada")
    for n, (level, name) in enumerate(reversed(PEOPLE)):
        first, _, last = name.partition(" ")
        actor = User.objects.create(username=f"person{n}", first_name=first, last_name=last)
        notify.send(to=you, title=f"This is {level}", level=level, actor=actor, category="food")
    notify.send(PasswordChanged(), to=you)
    notify.send(to=you, title="From nobody", body="At no level to speak of.")
    return ada


def kinds_of_face(page: Page) -> list[str]:
    return [str(face.get_attribute("data-of")) for face in rows(page).locator(".face").all()]


@pytest.mark.parametrize("look", list(LOOKS))
def test_rows_show_whom_they_are_from_and_axe_finds_nothing(
    server, faces, windows, screenshot, look
):
    page = windows.open(server.url, session=faces, **LOOKS[look])
    page.goto(DASHBOARD)
    live(page)
    if look == "rtl":
        page.evaluate("document.documentElement.dir = 'rtl'")
    expect(rows(page).locator("img")).to_have_count(1)  # the others are gone
    expect(rows(page).nth(2).locator(".face")).to_have_attribute("data-of", "picture")
    assert kinds_of_face(page) == ["level", "category", "picture", *["actor"] * 4]
    screenshot(page, f"faces-{look}")
    assert rows(page).locator(".initials").all_text_contents()[2:] == LETTERS
    rows(page).nth(6).hover()
    rows(page).nth(6).get_by_role("checkbox").check()
    screenshot(page, f"faces-selected-{look}")
    expected = ("404", "elsewhere.example")
    assert not [text for text in windows.complaints if not any(one in text for one in expected)]
    assert findings(page) == []


def test_the_row_of_the_server_looks_like_that_of_the_script(server, faces, windows, screenshot):
    page = windows.open(server.url, session=faces, java_script_enabled=False, **DESK)
    page.goto(DASHBOARD)
    screenshot(page, "faces-without-script")
    assert kinds_of_face(page) == ["level", "category", *["actor"] * 5]
    assert rows(page).locator(".initials").all_text_contents()[2:] == LETTERS
    faces_drawn = rows(page).locator(".face").evaluate_all
    of_server = faces_drawn("(all) => all.map((face) => face.dataset.hue)")
    scripted = windows.open(server.url, session=faces, **DESK)
    scripted.goto(DASHBOARD)
    live(scripted)
    read = rows(scripted).locator(".face").evaluate_all
    assert read("(all) => all.map((face) => face.dataset.hue)") == of_server
    sizes = "(all) => all.map((row) => Math.round(row.getBoundingClientRect().height))"
    assert rows(page).evaluate_all(sizes) == rows(scripted).evaluate_all(sizes)


def test_a_face_is_no_second_name_for_a_reader(server, faces, windows):
    page = windows.open(server.url, session=faces, **DESK)
    page.goto(DASHBOARD)
    live(page)
    expect(inbox(page).get_by_role("img", name="Critical")).to_have_count(1)
    expect(inbox(page).get_by_role("img", name="Grace")).to_have_count(0)
    snapshot = rows(page).nth(2).aria_snapshot()
    assert snapshot.count("Grace Hopper") == 1, snapshot
    assert "G\u200cH" not in snapshot


def test_the_bell_shows_faces_too(server, faces, windows, screenshot):
    page = windows.open(server.url, session=faces, **DESK)
    page.goto("/notify/devices/")
    page.locator("notify-bell .bell").click()
    row = page.locator("notify-bell article").nth(2)
    expect(row.locator(".face")).to_have_attribute("data-of", "picture")
    screenshot(page, "faces-bell")
