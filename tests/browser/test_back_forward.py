"""Back to a page that the browser has kept as it was (the back/forward cache)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

import notify
from tests.browser.devtools import DevTools, Tab
from tests.browser.test_sleeping_tabs import RECORD, open_sockets
from tests.harness.server import Server
from tests.harness.waiting import eventually

INBOX = "document.querySelector('notify-inbox')"
STATE = f"{INBOX}?.client?.status.state"
ROWS = f"{INBOX}.shadowRoot.querySelectorAll('article').length"
MORE = f"{INBOX}.shadowRoot.querySelector('.load-more').click()"
UNREAD = f"{INBOX}.client.unread"
# Where the browser has made the page anew: why it was not kept.
SIGN_IN = "/accounts/login/"
KEPT = """window.kept === true || JSON.stringify(
    performance.getEntriesByType('navigation')[0].notRestoredReasons)"""


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    return start_server(NOTIFY_WELCOME="off", NOTIFY_NEW_DEVICE="off", NOTIFY_SWEEP_INTERVAL="1")


@pytest.fixture
def ada(make_user: Callable[..., User], settings) -> User:
    settings.NOTIFY_WELCOME = False
    user = make_user("ada")
    notify.send_many([notify.NewNotice(to=user, title=f"Number {number}") for number in range(70)])
    return user


def open_inbox(browser: DevTools, server: Server, script: str = "") -> Tab:
    tab = browser.tab()
    tab.call("Page.enable")
    tab.call("Page.addScriptToEvaluateOnNewDocument", source=script)
    tab.goto(f"{server.url}/notify/")
    eventually(lambda: tab.evaluate(STATE) == "live")
    tab.evaluate("window.kept = true")
    return tab


def back(tab: Tab) -> None:
    tab.evaluate("history.back()")
    eventually(lambda: tab.evaluate("location.pathname") == "/notify/")


def test_back_leads_to_the_inbox_as_it_was_left_and_current(browser, server, ada):
    tab = open_inbox(browser, server)
    tab.evaluate(f"{INBOX}.shadowRoot.querySelector('[data-tab=unread]').click()")
    eventually(lambda: tab.evaluate(MORE) or tab.evaluate(ROWS) == 70)
    tab.evaluate("scrollTo(0, 2000)")
    where = tab.evaluate("[location.search, scrollY]")
    assert where == ["?tab=unread", 2000]

    tab.goto(f"{server.url}/accounts/password_change/")
    eventually(lambda: tab.evaluate("location.pathname") == "/accounts/password_change/")
    notify.send(to=ada, title="Meanwhile")
    back(tab)
    assert tab.evaluate(KEPT) is True
    assert tab.evaluate("[location.search, scrollY]") == where
    eventually(lambda: tab.evaluate(STATE) == "live")
    eventually(lambda: tab.evaluate(UNREAD) == 71)
    assert tab.evaluate("scrollY") == 2000


def test_a_tab_that_leaves_hands_the_socket_over_and_comes_back_as_a_follower(browser, server, ada):
    first, second = (open_inbox(browser, server, RECORD) for _ in range(2))
    assert [open_sockets(tab) for tab in (first, second)] == [1, 0]
    first.activate()
    first.goto(f"{server.url}/healthz")
    eventually(lambda: open_sockets(second) == 1, what="a socket of the tab that is left")
    eventually(lambda: second.evaluate(STATE) == "live")
    back(first)
    assert first.evaluate(KEPT) is True
    eventually(lambda: first.evaluate(STATE) == "live")
    notify.send(to=ada, title="Meanwhile")
    for tab in (first, second):
        eventually(lambda tab=tab: tab.evaluate(UNREAD) == 71)
    assert [open_sockets(tab) for tab in (first, second)] == [0, 1]


def test_after_signing_out_back_shows_nothing_of_the_inbox(browser, server, ada):
    tab = open_inbox(browser, server)
    tab.evaluate("addEventListener('pageshow', () => sessionStorage.shown = shown())")
    tab.evaluate("window.shown = () => !document.documentElement.hidden")
    tab.evaluate("document.querySelector('#account-menu form[action*=logout]').submit()")
    eventually(lambda: tab.evaluate("location.pathname") == SIGN_IN)
    eventually(lambda: tab.evaluate("localStorage.getItem('notify-user')") is None)
    tab.evaluate("history.back()")
    eventually(lambda: "next=" in tab.evaluate("location.search"))
    assert tab.evaluate("[location.pathname, sessionStorage.shown ?? 'not restored']") in (
        [SIGN_IN, "false"],
        [SIGN_IN, "not restored"],
    )
