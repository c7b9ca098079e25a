"""The inbox's page, as its tests look at it, and sending to ada."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

import notify

DASHBOARD = "/notify/"
PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 640},
    "is_mobile": True,
    "has_touch": True,
}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
SEND = """async ({ levels, csrf, atOnce }) => {
    const sent = [];
    for (const level of levels) {
        const sending = fetch("/api/notify/notices/", {
            method: "POST",
            headers: { "Content-Type": "application/json", ...csrf },
            body: JSON.stringify({ to: { users: ["ada"] }, title: `This is ${level}`, level }),
        });
        sent.push(sending);
        if (!atOnce) await sending;
    }
    await Promise.all(sent);
}"""

# Chromium shows no desktop notification without a desktop: what is asked of it is written down.
TITLES = """[...document.querySelector('notify-inbox').shadowRoot
    .querySelectorAll('article .title-text')].map((title) => title.lastChild.textContent)"""
LISTEN = """
window.shown = [];
window.tones = 0;
window.Notification = class {
    static permission = "default";
    static requestPermission() {
        window.asked = navigator.userActivation.isActive;
        this.permission = window.refuses ? "denied" : "granted";
        return Promise.resolve(this.permission);
    }
    constructor(title, options) { shown.push({ title, ...options }); }
    close() {}
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...times) { tones++; return start.apply(this, times); };
"""


def inbox(page: Page) -> Any:
    return page.locator("notify-inbox")


def tab(page: Page, name: str) -> None:
    inbox(page).get_by_role("link", name=name).click()


def said(page: Page) -> Any:
    return inbox(page).locator(".results")


def rows(page: Page) -> Any:
    return page.locator("notify-inbox article")


def titles(page: Page) -> Any:
    return page.locator("notify-inbox article .title")


def unread(page: Page) -> Any:
    return page.locator("notify-inbox .unread")


def badge(page: Page) -> Any:
    return page.locator("notify-bell .badge")


FOCUSED = """() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    const { localName, className, id, textContent } = active;
    return `${localName}.${className}#${id} ${textContent.trim()}`;
}"""


def focused(page: Page) -> str:
    """What has the focus, through shadow roots: class, id and text of the element."""
    return str(page.evaluate(FOCUSED))


def focused_once_closed(popover: Locator) -> str:
    """What has the focus as soon as this is hidden, before any task of the page has run."""
    return str(popover.evaluate(f"(popover) => {{ popover.hidePopover(); return ({FOCUSED})(); }}"))


def live(page: Page) -> None:
    expect(page.locator("notify-connection .label")).to_have_text("Live")


def send_to_ada(*texts: str, **fields: Any) -> None:
    """Only before the first window is opened."""
    for title in texts:
        notify.send(to=User.objects.get(username="ada"), title=title, **fields)


def send_by_http(page: Page, *levels: str, at_once: bool = False) -> None:
    config = "JSON.parse(document.querySelector('[data-config]').dataset.config).csrf"
    page.evaluate(SEND, {"levels": levels, "csrf": page.evaluate(config), "atOnce": at_once})
