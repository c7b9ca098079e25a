"""Where a form's answer leads."""

from __future__ import annotations

import pytest

from notify.web.pages.back import way_back


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/notify/?tab=unread", "/notify/?tab=unread"),
        ("http://testserver/a/", "http://testserver/a/"),
        ("https://evil.example/", "/home/"),
        ("//evil.example/", "/home/"),
        ("/" + "a" * 2000, "/home/"),
        ("", "/home/"),
    ],
)
def test_it_stays_on_this_site(rf, asked, leads_to):
    assert way_back(rf.post("/", {"next": asked}), "/home/") == leads_to
