"""The blocks of docs/recipes.md that a browser runs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ROOT, wait_until_live
from tests.browser.inbox_page import send_by_http, titles
from tests.browser.libraries import (
    ELSEWHERE,
    HTMX_2,
    HTMX_4,
    MODULES,
    TURBO,
    assert_works,
    sign_in,
    start_at,
)
from tests.conftest import StartServer
from tests.harness.documents import block, put_in
from tests.harness.waiting import deadline

PAGE = "docs/recipes.md"
TOAST = "notify-bell .toast"
PANEL = "notify-bell .panel"


@dataclass(frozen=True)
class Site:
    """A site whose layout is `templates/layout.html` in `directory`, and who visits it."""

    directory: Path
    start: Callable[[], str]
    windows: Any
    ada: str

    def write(self, name: str, text: str) -> None:
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def open(self) -> Page:
        size = {"width": 1280, "height": 800}
        page: Page = self.windows.open(self.start(), session=self.ada, viewport=size)
        return page


@pytest.fixture
def site(
    start_server: StartServer,
    ada: str,
    make_user: Callable[..., User],
    windows: Any,
    tmp_path: Path,
) -> Site:
    make_user("bob")

    def start() -> str:
        return start_server(
            DJANGO_SETTINGS_MODULE="tests.layout_project.settings",
            SITE=str(tmp_path / "site"),
            DEBUG="on",  # static files need no `collectstatic`
            NOTIFY_WELCOME="off",
            NOTIFY_NEW_DEVICE="off",
        ).url

    return Site(tmp_path / "site", start, windows, ada)


# So the pages of accounts are in the layout, too.
BASE = """{% extends "layout.html" %}
{% block main %}
  {% if user.is_authenticated %}
    <form method="post" action="{% url 'logout' %}">{% csrf_token %}<button>Sign out</button></form>
  {% endif %}
  {% block content %}{% endblock %}
{% endblock %}
"""


def html(first: str) -> str:
    return block(PAGE, first, comment="<!--")


def write_layout(site: Site, library: str, script: str, *, keeps_bell: bool) -> None:
    layout = html(f"{library}: templates/layout.html")
    if keeps_bell:
        kept = html(f"{library}: one bell for all pages")
        layout = put_in(layout, {"{% notify_bell %}": kept}, PAGE)
    site.write("templates/layout.html", layout)
    site.write("templates/notify/base.html", BASE)
    inbox = "templates/notify/dashboard.html"
    site.write(inbox, block(PAGE, f"yours: {inbox}", comment="{#"))
    site.write(f"static/{library}.js", (MODULES / script).read_text("utf-8"))


@pytest.mark.parametrize("keeps_bell", [False, True], ids=["as it is", "one bell"])
@pytest.mark.parametrize(
    ("library", "script"),
    [("htmx", HTMX_2), ("htmx", HTMX_4), ("turbo", TURBO)],
    ids=["htmx-2", "htmx-4", "turbo"],
)
def test_the_bell_of_the_layout_lives_through_navigation_and_is_of_who_is_signed_in(
    site: Site, windows: Any, library: str, script: str, keeps_bell: bool
) -> None:
    write_layout(site, library, script, keeps_bell=keeps_bell)
    page = site.open()
    sockets = start_at(page, ELSEWHERE)
    page.evaluate("document.querySelector('notify-bell').isKept = true")
    send_by_http(page, "critical")  # whose toast does not go by itself
    expect(page.locator(TOAST)).to_be_visible()
    page.get_by_role("link", name="Shop").click()
    expect(titles(page).first).to_contain_text("This is critical")
    assert page.evaluate("document.querySelector('notify-bell').isKept === true") is keeps_bell
    stays = int(keeps_bell and library == "htmx")
    expect(page.locator(TOAST)).to_have_count(stays)
    page.locator("notify-bell .bell").click()
    expect(page.locator(f"{PANEL} article").first).to_contain_text("This is critical")
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(0)
    expect(page.locator(PANEL)).to_be_visible(visible=bool(stays))
    page.keyboard.press("Escape")
    assert_works(page, sockets)
    page.go_forward()
    expect(titles(page).first).to_be_visible()
    assert_works(page, sockets, in_inbox=True)
    page.go_back()
    expect(page.locator("notify-inbox")).to_have_count(0)
    assert windows.complaints == []

    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("[name=username]")).to_be_visible()
    sockets.wait_until_closed(page)
    expect(page.locator("notify-bell")).to_have_count(0)
    assert page.evaluate("window.isSame") is True  # the library's own navigation
    with page.expect_event("load"):
        sign_in(page, "bob")
    wait_until_live(page)
    expect(titles(page)).to_have_count(0)
    assert [one for one in windows.complaints if "401 (Unauthorized)" not in one] == []


REACT_LAYOUT = """{% load static %}<!doctype html>
<html lang="en">
<title>Shop</title>
<link rel="icon" href="{% static 'notify/favicon.svg' %}">
<main></main>
<script src="{% static 'shop.js' %}"></script>
</html>
"""
REACT_SHOP = """
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { NotifyBell } from "./NotifyBell.jsx";

function Shop() {
  const [isThere, setIsThere] = useState(true);
  const [count, setCount] = useState(0);
  return <>
    <button onClick={() => setIsThere(!isThere)}>Bell</button>
    <button onClick={() => setCount(count + 1)}>Buy</button>
    <output>{count}</output>
    {isThere && <NotifyBell />}
  </>;
}

createRoot(document.querySelector("main")).render(<StrictMode><Shop /></StrictMode>);
"""


def bundle(site: Site) -> None:
    """As it is while one works on it, which is when React is strict."""
    subprocess.run(
        [
            MODULES / ".bin" / "esbuild",
            site.directory / "Shop.jsx",
            "--bundle",
            "--jsx=automatic",
            '--define:process.env.NODE_ENV="development"',
            f"--outfile={site.directory}/static/shop.js",
        ],
        env=os.environ | {"NODE_PATH": str(MODULES)},
        check=True,
        capture_output=True,
        timeout=deadline(60),
    )


def test_the_bell_of_react_lives_through_renders_and_mounts(site: Site, windows: Any) -> None:
    site.write("templates/notify/base.html", REACT_LAYOUT)
    site.write("NotifyBell.jsx", block(PAGE, "react: NotifyBell.jsx", comment="//"))
    site.write("Shop.jsx", REACT_SHOP)
    bundle(site)
    page = site.open()
    sockets = start_at(page, ELSEWHERE)
    assert_works(page, sockets)
    send_by_http(page, "error")
    page.locator("notify-bell .bell").click()
    page.evaluate("document.querySelectorAll('main button')[1].click()")
    expect(page.locator("output")).to_have_text("1")
    expect(page.locator(f"{PANEL} article").first).to_be_visible()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.get_by_role("button", name="Bell").click()
        expect(page.locator("notify-bell")).to_have_count(0)
        page.get_by_role("button", name="Bell").click()
        expect(page.locator("notify-bell")).to_have_count(1)
        assert_works(page, sockets)
    assert windows.complaints == []

    stranger = windows.open(page.url)
    with stranger.expect_response("**/elements/bell/") as asked:
        stranger.goto("/accounts/login/")
    assert asked.value.status == 401
    stranger.evaluate("fetch('/api/notify/elements/bell/')")  # whose answer comes after theirs
    expect(stranger.locator("main")).to_have_text("BellBuy0")


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("HTMX", "htmx-2"),
        ("HTMX", "htmx.org"),
        ("Turbo", "@hotwired/turbo"),
        ("React", "react"),
    ],
)
def test_the_page_names_the_version_that_is_tried(name: str, package: str) -> None:
    told = json.loads((MODULES / package / "package.json").read_text("utf-8"))
    assert f"{name} {told['version']}" in (ROOT / PAGE).read_text("utf-8")


# Into a document of the server's own: what Playwright makes up has no address, and Chromium lets no
# such document open a socket to this machine.
INTO_PAGE = """() => {
  const bell = Object.assign(document.createElement("div"), { id: "bell" });
  const script = document.createElement("script");
  Object.assign(script, { type: "module", src: "/plain.js" });
  document.body.replaceChildren(bell, script);
}"""


def test_a_page_that_no_template_made_has_a_live_bell(server, ada, windows):
    def script(route: Route) -> None:
        text = block(PAGE, "without templates: bell.js", comment="//")
        route.fulfill(body=text, content_type="text/javascript")

    page = windows.open(server.url, session=ada)
    page.route("**/plain.js", script)
    page.goto("/healthz")
    page.evaluate(INTO_PAGE)
    bell = page.locator("notify-bell .bell")
    expect(bell).to_have_attribute("aria-label", "Notifications")
    wait_until_live(page)
    send_by_http(page, "info")
    expect(page.locator("notify-bell .badge")).to_have_text("1")
    bell.click()
    row = page.locator("notify-bell .panel article")
    expect(row).to_have_count(1)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("button", name="Mark all as read")).to_be_hidden()
    assert windows.complaints == []
