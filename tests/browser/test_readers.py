"""What was said once is read in each reader's language: live, and after they change it."""

from __future__ import annotations

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

import notify
from notify.notices import PasswordChanged
from tests.browser.inbox_page import DASHBOARD, DESK, titles, unread

SEND = """async (notice) => {
    const { csrf } = JSON.parse(document.querySelector("[data-config]").dataset.config);
    const answer = await fetch("/api/notify/notices/", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...csrf },
        body: JSON.stringify({ to: { users: ["ada", "bob"] }, ...notice }),
    });
    if (answer.status !== 201) throw new Error(await answer.text());
}"""


def choose(page: Page, language: str) -> None:
    page.locator(".account").click()
    page.get_by_role("combobox").and_(page.locator("[name=language]")).select_option(language)
    page.locator(".language button").click()


def test_two_people_read_one_notice_in_two_languages_and_one_of_them_changes_theirs(
    server, signed_in, windows, screenshot
):
    sessions = [signed_in("ada", is_staff=True, is_superuser=True), signed_in("bob")]
    notify.send(PasswordChanged(), to=list(User.objects.all()))
    ada, bob = (
        windows.open(server.url, session=session, locale=locale, **DESK)
        for session, locale in zip(sessions, ["en", "de"], strict=True)
    )
    for page in (ada, bob):
        page.goto(DASHBOARD)
    expect(titles(ada)).to_contain_text(["Your password was changed"])
    expect(titles(bob)).to_contain_text(["Dein Passwort wurde geändert"])

    ada.evaluate(SEND, {"kind": "notify.welcome", "params": {}})
    ada.evaluate(SEND, {"title": "Lunch"})  # shown as it was written
    expect(titles(ada)).to_contain_text(["Lunch", "Welcome", "Your password was changed"])
    expect(titles(bob)).to_contain_text(["Lunch", "Willkommen", "Dein Passwort wurde geändert"])
    screenshot(bob, "reader-german")

    toasts = bob.locator("notify-bell .toast")
    choose(bob, "en")
    expect(titles(bob)).to_contain_text(["Lunch", "Welcome", "Your password was changed"])
    expect(unread(bob)).to_have_text("3 unread")
    expect(toasts).to_have_count(0)
    assert windows.complaints == []
