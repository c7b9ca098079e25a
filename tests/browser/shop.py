"""The foreign project, as a person sees it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def enter(page: Page) -> None:
    page.goto("/")
    page.locator("[name=username]").fill("ada")
    page.locator("[name=password]").fill("tea")
    page.get_by_text("Enter the shop").click()
    expect(page).to_have_title(re.compile("Tea and coffee"))
