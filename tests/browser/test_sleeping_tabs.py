"""Tabs that are hidden, frozen, dead or slept, in a Chromium whose tabs really are."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

import notify
from tests.browser.devtools import DevTools, Tab
from tests.browser.inbox_page import LISTEN, TITLES
from tests.harness.server import Server
from tests.harness.waiting import deadline, eventually

# What a tab has shown and been told, and how often its timers ran; from before its first script.
RECORD = """
window.ticks = 0;
setInterval(() => ticks++, 100);
window.sockets = [];
window.WebSocket = class extends WebSocket {
    constructor(...args) { super(...args); sockets.push(this); }
};
window.told = [];
addEventListener("load", () => {
    const { client } = document.querySelector("notify-inbox");
    client.addEventListener("notification", ({ detail }) => told.push(detail.title));
});
"""
STATE = "document.querySelector('notify-inbox')?.client?.status.state"


@pytest.fixture
def server(start_server: Callable[..., Server]) -> Server:
    return start_server(
        NOTIFY_WELCOME="off",
        NOTIFY_NEW_DEVICE="off",
        NOTIFY_SWEEP_INTERVAL="1",  # notices come from the process of the test
        NOTIFY_PING_INTERVAL="2",
        NOTIFY_PING_TIMEOUT="2",
    )


@pytest.fixture
def ada(make_user: Callable[..., User], settings) -> User:
    settings.NOTIFY_WELCOME = False
    return make_user("ada")


@pytest.fixture
def tabs(browser: DevTools, server: Server) -> list[Tab]:
    """Two on the dashboard: the first has the socket, and the second is in front."""
    tabs = []
    for _ in range(2):
        tab = browser.tab()
        tab.call("Page.enable")
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=RECORD + LISTEN)
        tab.goto(f"{server.url}/notify/")
        eventually(lambda tab=tab: tab.evaluate(STATE) == "live")
        tabs.append(tab)
    assert [open_sockets(tab) for tab in tabs] == [1, 0]
    tabs[1].activate()
    eventually(lambda: tabs[0].evaluate("document.visibilityState") == "hidden")
    return tabs


def sockets(tab: Tab) -> int:
    return int(tab.evaluate("sockets.length"))


def open_sockets(tab: Tab) -> int:
    return int(tab.evaluate("sockets.filter(({ readyState }) => readyState < 2).length"))


def shows(tab: Tab, *titles: str) -> None:
    eventually(lambda: tab.evaluate(TITLES) == list(titles), what=f"{titles} in the tab")


# The switches are on a page of their own; an element of theirs does the same on this one.
SWITCH = """(() => {
    const alerts = document.createElement("notify-alerts");
    const box = (name) => `<input type="checkbox" name="${name}">`;
    alerts.innerHTML = box("sound") + box("desktop") + "<output></output>";
    document.body.append(alerts);
})()"""


def check(tab: Tab, alert: str) -> None:
    if not tab.evaluate("document.querySelector('notify-alerts') !== null"):
        tab.evaluate(SWITCH)
    tab.evaluate(f"document.querySelector('notify-alerts [name={alert}]').click()")
    eventually(
        lambda: tab.evaluate(f"document.querySelector('notify-alerts [name={alert}]').checked")
    )


def alerts(tabs: list[Tab]) -> tuple[list[str], int]:
    """What desktop notifications the tabs have shown together, and how many tones they played."""
    titles = [title for tab in tabs for title in tab.evaluate("shown.map(({ title }) => title)")]
    return titles, sum(tab.evaluate("tones") for tab in tabs)


def ticks_within_2s(tab: Tab) -> int:
    before = tab.evaluate("ticks")
    time.sleep(2)
    return int(tab.evaluate("ticks") - before)


def test_a_hidden_tab_with_slow_timers_keeps_its_socket_and_misses_nothing(tabs, ada):
    hidden, _ = tabs
    assert hidden.evaluate("document.visibilityState") == "hidden"
    assert ticks_within_2s(hidden) <= 4  # of 20
    time.sleep(5)  # more than an interval and a time-out: the pings of the server were answered
    notify.send(to=ada, title="Hello")
    for tab in tabs:
        shows(tab, "Hello")
        assert tab.evaluate("told") == ["Hello"]
    assert sum(map(open_sockets, tabs)) == 1


def test_an_alert_comes_once_a_browser_and_not_while_a_tab_is_looked_at(tabs, ada, browser):
    _, front = tabs
    for tab in tabs:
        tab.evaluate("Notification.permission = 'granted'")
    check(front, "desktop")
    check(front, "sound")
    assert alerts(tabs) == ([], 2)  # so that one knows it
    notify.send(to=ada, title="Looked at")
    for tab in tabs:
        shows(tab, "Looked at")
    time.sleep(3)  # a hidden tab waits for the one that is looked at, and its timers are slow
    assert alerts(tabs) == ([], 2)

    browser.tab().activate()  # of some other site
    for tab in tabs:
        eventually(lambda tab=tab: tab.evaluate("document.visibilityState") == "hidden")
        assert ticks_within_2s(tab) <= 4  # of 20
    notify.send(to=ada, title="Out of sight")
    eventually(lambda: alerts(tabs) == (["Out of sight"], 4), what="an alert")
    time.sleep(3)  # of the other tab, if it had not heard of it
    assert alerts(tabs) == (["Out of sight"], 4)


def test_of_many_alerts_at_a_time_one_sounds(tabs, ada, browser):
    for tab in tabs:
        tab.evaluate("Notification.permission = 'granted'")
    check(tabs[1], "desktop")
    check(tabs[1], "sound")
    assert alerts(tabs) == ([], 2)  # so that one knows it
    browser.tab().activate()  # of some other site
    for tab in tabs:
        eventually(lambda tab=tab: tab.evaluate("document.visibilityState") == "hidden")
    for number in range(5):
        notify.send(to=ada, title=f"Number {number}")
    eventually(lambda: (len(alerts(tabs)[0]), alerts(tabs)[1]) == (5, 4), what="five alerts")
    time.sleep(1)  # of the others, if they sounded
    assert alerts(tabs)[1] == 4


def test_from_a_frozen_leader_the_tab_in_front_takes_over_within_two_seconds(tabs, ada):
    frozen, front = tabs
    frozen.freeze()
    eventually(lambda: sockets(front) == 1, 2, what="a socket of the tab in front")
    eventually(lambda: front.evaluate(STATE) == "live")
    notify.send(to=ada, title="One")
    shows(front, "One")
    assert ticks_within_2s(frozen) == 0
    assert frozen.evaluate("told") == []
    frozen.thaw()
    shows(frozen, "One")
    eventually(lambda: open_sockets(frozen) == 0, what="the old socket's end")
    notify.send(to=ada, title="Two")
    for tab in tabs:
        shows(tab, "Two", "One")
        assert tab.evaluate("told") == ["One", "Two"]
    assert [open_sockets(tab) for tab in tabs] == [0, 1]


def test_from_a_leader_that_hangs_the_tab_in_front_takes_over_within_two_seconds(tabs, ada):
    leader, front = tabs
    leader.hang(6)
    eventually(lambda: sockets(front) == 1, 2, what="a socket of the tab in front")
    notify.send(to=ada, title="One")
    shows(front, "One")
    shows(leader, "One")
    assert [open_sockets(tab) for tab in tabs] == [0, 1]
    notify.send(to=ada, title="Two")
    for tab in tabs:
        shows(tab, "Two", "One")
        assert tab.evaluate("told") == ["One", "Two"]


def test_from_a_leader_that_hangs_nobody_takes_over_until_a_tab_is_looked_at(tabs, browser):
    leader, follower = tabs
    browser.tab().activate()  # of some other site
    for tab in tabs:
        eventually(lambda tab=tab: tab.evaluate("document.visibilityState") == "hidden")
    leader.hang(30)
    time.sleep(3)  # longer than a take-over takes
    assert sockets(follower) == 0
    follower.activate()
    eventually(lambda: sockets(follower) == 1, 2, what="a socket of the tab that is looked at")


def test_when_the_leaders_process_dies_another_tab_has_a_socket_within_two_seconds(tabs, ada):
    leader, front = tabs
    leader.crash()
    eventually(lambda: sockets(front) == 1, 2, what="a socket of the other tab")
    eventually(lambda: front.evaluate(STATE) == "live")
    notify.send(to=ada, title="Hello")
    shows(front, "Hello")


def test_a_laptop_that_slept_is_current_soon_after_it_wakes(tabs, ada, browser):
    _, front = tabs
    before = front.evaluate("ticks")
    browser.sleep()
    notify.send(to=ada, title="One")
    time.sleep(6)  # the server has given its socket up
    notify.send(to=ada, title="Two")
    browser.wake()
    woken = time.monotonic()
    passed = front.evaluate("ticks") - before
    shows(front, "Two", "One")
    assert time.monotonic() - woken < deadline(8)
    assert passed < 40  # six seconds are missing
    eventually(lambda: front.evaluate("told") == ["One", "Two"])
