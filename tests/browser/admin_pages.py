"""The pages of the admin on which a notice is written, sent and found, as their tests use them."""

from __future__ import annotations

import itertools
from typing import Any

from playwright.sync_api import Page, expect

from notify.admin.stopping import STOPPABLE_FOR
from tests.harness.waiting import deadline

ADD = "/admin/notify/notice/add/"
LIST = "/admin/notify/notice/"
BOSS = {"is_staff": True, "is_superuser": True}
STOPPABLE_S = STOPPABLE_FOR.total_seconds()
# Until what is sent can no longer be stopped, and has been sent.
STOPPED_MS = (STOPPABLE_S + deadline(10)) * 1000
LOOKS = list(itertools.product([320, 1280], ["light", "dark"]))


def preview(page: Page, look: str, selector: str) -> Any:
    return page.locator(f'notify-preview [data-look="{look}"] {selector}')


def number(page: Page) -> Any:
    return page.locator(".notify-number")


def confirm(page: Page, people: str) -> None:
    """Sends from the page that asks first."""
    expect(page.get_by_role("heading", name=f"Send to {people}?")).to_be_visible()
    page.get_by_role("button", name=f"Send to {people}").click()


def compose(page: Page, **fields: str) -> None:
    """The form, filled in as a person does it."""
    page.goto(ADD)
    expect(number(page)).to_have_text("No recipients yet")
    for name, value in fields.items():
        page.locator(f'[name="{name}"]').fill(value)


def listed(page: Page) -> Any:
    return page.locator("#result_list .field-title")


def stop(page: Page) -> Any:
    return page.get_by_role("button", name="Stop", exact=True)


def messages(page: Page) -> Any:
    return page.locator(".messagelist")
