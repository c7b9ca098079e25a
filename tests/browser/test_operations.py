"""The page of live operations in Chromium."""

from __future__ import annotations

import itertools
import re

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import expect

import notify
from tests.browser.layout import findings

PATH = "/notify/operations/"


@pytest.fixture
def staff(signed_in):
    session = signed_in("staff", is_staff=True)
    may = Permission.objects.get(codename="view_operations")
    User.objects.get(username="staff").user_permissions.add(may)
    return session


def test_plots_move_with_what_happens(server, signed_in, windows, staff, screenshot):
    session = signed_in("ada")
    page = windows.open(server.url, session=staff)
    page.goto(PATH)
    expect(page.locator(".from")).to_have_text("One server process")
    users = page.locator('[data-plot="users"] output')
    expect(users).to_have_text("1")
    other = windows.open(server.url, session=session)
    other.goto("/notify/")
    expect(users).to_have_text("2")
    other.get_by_role("button", name="Send a test").click()
    delay = page.locator('[data-plot="delay_p99"] output')
    expect(delay).to_have_text(re.compile("[0-9] ms$"))
    other.context.close()
    expect(page.locator("tbody tr")).to_contain_text(["page closed"])
    expect(users).to_have_text("1")
    line = page.locator('[data-plot="users"] path')
    assert line.get_attribute("d").count("L") >= 2
    screenshot(page, "operations")
    assert windows.complaints == []


def test_it_is_for_those_who_may(server, signed_in, windows):
    session = signed_in("ada")
    page = windows.open(server.url, session=session)
    assert page.goto(PATH).status == 403
    page.goto("/notify/")
    page.locator(".account").click()
    expect(page.get_by_role("link", name="Operations")).to_have_count(0)


@pytest.mark.parametrize(
    ("width", "colours"), list(itertools.product([320, 1280], ["light", "dark"]))
)
def test_axe_finds_nothing(server, windows, staff, screenshot, width, colours):  # noqa: PLR0917
    notify.send(to=User.objects.get(username="staff"), title="Hello")
    size = {"width": width, "height": 900}
    page = windows.open(server.url, session=staff, viewport=size, color_scheme=colours)
    page.goto(PATH)
    expect(page.locator(".from")).to_have_text("One server process")
    screenshot(page, f"operations-{width}-{colours}")
    assert findings(page) == []
