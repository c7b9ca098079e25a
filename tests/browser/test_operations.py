"""The page of live operations in Chromium."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings as project
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.utils import timezone
from playwright.sync_api import Page, expect

import notify
from notify import sending
from notify.models import Notice
from tests.browser.layout import findings
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.process import Process
from tests.harness.server import PYTHON, ROOT, SERVE, environment
from tests.harness.waiting import deadline, eventually
from tests.unit.inbox.helpers import people

PATH = "/notify/operations/"
SEEN_WITHIN_MS = deadline(5) * 1000  # whatever goes wrong, and that it no longer does
ALL_WELL = "Nothing needs attention."


@pytest.fixture
def staff(signed_in):
    session = signed_in("staff", is_staff=True)
    may = Permission.objects.filter(codename__in=["view_operations", "send_notice"])
    User.objects.get(username="staff").user_permissions.add(*may)
    return session


def aside(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls it in another thread: Playwright's event loop is on that of the test."""

    def work() -> Any:
        try:
            return call(*args, **kwargs)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def owe(users: list[User], **fields: Any) -> Notice:
    """A notice whose batch has been due for five minutes, as nobody carries it out."""
    later = timezone.now() + timedelta(hours=1)
    notice = notify.send(to=users, title="Hello", send_at=later)
    Notice.objects.filter(pk=notice.pk).update(send_at=None)
    notice.batch_set.update(due=timezone.now() - timedelta(minutes=5), **fields)
    return notice


def attention(page: Page) -> Any:
    return page.locator(".attention")


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
    expect(page.locator("table.closed tbody tr")).to_contain_text([re.compile("closed")])
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


@pytest.fixture
def variables():
    """Of the two servers, beside those that they always have."""
    return {}


@pytest.fixture
def command():
    """Of the two servers."""
    return SERVE


@pytest.fixture
def two_servers(start_server, own_redis, command, variables):
    """Whose batches only a worker carries out."""
    return [
        start_server(
            command=command,
            REDIS_URL=own_redis.url,
            NOTIFY_SERVER_WORKERS="0",
            NOTIFY_WELCOME="off",
            NOTIFY_NEW_DEVICE="off",
            **variables,
        )
        for _ in range(2)
    ]


@pytest.fixture
def worker(tmp_path, own_redis):
    variables = environment(NOTIFY_WELCOME="off", REDIS_URL=own_redis.url)
    command = [PYTHON, "manage.py", "notify_work"]
    worker = Process(command, log=tmp_path / "worker.log", env=variables, cwd=ROOT)
    yield worker
    worker.stop()


@pytest.fixture
def watching(two_servers, windows, staff):
    """The page on the first of two servers, which has heard both."""

    def watch(**options: Any) -> Page:
        page: Page = windows.open(two_servers[0].url, session=staff, **options)
        page.goto(PATH)
        expect(page.locator(".processes section")).to_have_count(2, timeout=SEEN_WITHIN_MS)
        return page

    return watch


def test_a_backlog_is_seen_paused_resumed_and_gone_with_a_worker(
    watching, worker, silent, windows, screenshot
):
    users = people(3)
    page = watching()
    expect(page.locator(".well")).to_have_text(ALL_WELL)
    aside(owe, users)
    expect(attention(page)).to_contain_text("Oldest due batch: 5 min", timeout=SEEN_WITHIN_MS)
    expect(attention(page)).to_contain_text("manage.py notify_work")
    row = page.locator("table.notices tbody tr")
    expect(row.locator(".state")).to_have_text("Sending")
    screenshot(page, "operations-backlog")
    row.get_by_role("button", name="Pause").click()
    expect(page.locator(".said")).to_have_text("Paused. Not yet sent to 3 people.")
    expect(row.locator(".state")).to_have_text("Paused", timeout=SEEN_WITHIN_MS)
    expect(page.locator('[data-figure="notify_notices_paused"] dd')).to_have_text("1")
    expect(page.locator(".well")).to_be_visible()
    row.get_by_role("button", name="Resume").click()
    expect(page.locator(".said")).to_have_text("Resumed. Sending to 3 people.")
    expect(row).to_have_count(0, timeout=SEEN_WITHIN_MS)
    aside(owe, users, attempts=2)
    expect(attention(page)).to_contain_text("Batches failing: 1", timeout=SEEN_WITHIN_MS)
    expect(row.locator(".state")).to_have_text("Failed, retrying")
    worker.start()
    expect(row).to_have_count(0, timeout=deadline(20) * 1000)  # it begins by loading Django
    expect(page.locator(".well")).to_be_visible()
    assert windows.complaints == []


def test_a_dead_redis_is_seen_and_no_process_is_called_dead_for_it(
    watching, two_servers, own_redis, screenshot
):
    page = watching()
    own_redis.kill()
    expect(page.locator(".from")).to_have_text(
        "This server process only: the channel layer is down.", timeout=SEEN_WITHIN_MS
    )
    expect(attention(page)).to_contain_text("Channel layer: Down")
    expect(attention(page)).to_contain_text("Redis is down or can't be reached.")
    expect(log_of(page, two_servers[0])).to_contain_text(
        ["The channel layer is down"], timeout=SEEN_WITHIN_MS
    )
    expect(page.locator("section.stale")).to_have_count(1, timeout=SEEN_WITHIN_MS)
    expect(attention(page)).not_to_contain_text("answered since")
    screenshot(page, "operations-redis")
    own_redis.start()
    expect(page.locator(".well")).to_be_visible(timeout=deadline(15) * 1000)
    expect(page.locator("section.stale")).to_have_count(0, timeout=SEEN_WITHIN_MS)


def log_of(page: Page, process: Any) -> Any:
    return page.locator("ul.log li").filter(has_text=f":{process.pid} · notify.")


@pytest.mark.parametrize("command", [(*SERVE, "tests.integration.failing_asgi:application")])
def test_what_servers_and_workers_log_is_shown_and_copied(  # noqa: PLR0917
    watching, two_servers, worker, silent, windows, screenshot
):
    users, (one, other) = people(3), two_servers
    page = watching(permissions=["clipboard-read", "clipboard-write"])
    failed = re.compile(
        r"^Error \d+:\d\d:\d\d [AP]M · .* · notify\.serve\.server · 2 times "
        r"Exception inside application: RuntimeError$"
    )
    expect(page.locator(".none.log")).to_be_visible()
    for server in (one, other):
        for _ in range(2):
            assert (
                httpx.get(f"{server.url}/fails-at-once/", timeout=deadline(10)).status_code == 500
            )
        expect(log_of(page, server)).to_have_text(failed, timeout=SEEN_WITHIN_MS)
    worker.start()
    notice = aside(owe, users, recipients=["nobody's key"])
    batch = aside(notice.batch_set.get).pk
    said = f"A batch failed and was postponed (batch {batch}): DataError"
    expect(log_of(page, worker)).to_contain_text(said, timeout=deadline(20) * 1000)
    expect(log_of(page, worker).locator(".level")).to_have_text("Warning")
    expect(page.locator("ul.log li").first).to_contain_text(said)  # the newest
    page.locator("ul.log").scroll_into_view_if_needed()
    screenshot(page, "operations-log")
    page.reload()
    for process in (one, other, worker):
        expect(log_of(page, process)).to_have_count(1, timeout=SEEN_WITHIN_MS)
    page.get_by_role("button", name="Copy as text").click()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert "Warnings and errors" in lines
    assert any(line.startswith("Warning ") and said in line for line in lines), lines
    other.kill()
    expect(attention(page)).to_contain_text(f":{other.pid} has", timeout=SEEN_WITHIN_MS)
    expect(log_of(page, other)).to_have_count(1)  # what it said last
    assert windows.complaints == []


@pytest.mark.parametrize(
    "variables", [{"NOTIFY_PING_TIMEOUT": "5", "NOTIFY_METRICS_TOKEN": "a token"}]
)
def test_a_client_that_reads_too_slowly_is_seen(watching, two_servers, signed_in, silent, windows):
    session, ada = signed_in("ada"), User.objects.get(username="ada")
    page, other = watching(), two_servers[1]
    shown = page.locator('[data-figure="notify_slow_sockets_closed_recently"] dd')
    expect(shown).to_have_text(["0", "0"])

    async def read_nothing() -> int:
        cookie = f"{project.SESSION_COOKIE_NAME}={session}"
        slow = Client(other.socket_url, cookie=cookie, origin=other.url, answer_pings=False)
        async with slow:
            await slow.frame("inbox")
            await orm(send_much, ada)
            return await slow.closed()

    with ThreadPoolExecutor(1) as pool:
        closed = pool.submit(asyncio.run, read_nothing())
        size = re.compile(r"^\d+ KB$")
        expect(page.locator("table.slow td")).to_have_text([str(ada.pk), size])
        assert closed.result() == 4508
    expect(page.locator(".none.slow")).to_be_visible(timeout=SEEN_WITHIN_MS)
    expect(shown.filter(has_text="1")).to_have_count(1, timeout=SEEN_WITHIN_MS)
    line = page.locator('[data-plot="slow_closed"] path')
    expect(line).to_have_attribute("d", re.compile(r",(?!46\.0)\d"), timeout=SEEN_WITHIN_MS)
    expect(page.locator("table.closed")).to_contain_text(re.compile("4508.*too slowly.*1"))
    token = {"Authorization": "Bearer a token"}
    told = httpx.get(f"{other.url}/metrics", headers=token, timeout=deadline(10)).text
    assert "\nnotify_slow_sockets_closed_recently 1.0\n" in told
    assert '\nnotify_sockets_closed_total{code="4508"} 1.0\n' in told


def send_much(user: User) -> None:
    for n in range(100):
        notify.send(to=user, title=str(n), body="x" * 4000, data={"x": "y" * 4000})


def test_a_dead_process_is_seen_until_another_takes_its_place(watching, two_servers, screenshot):
    page, dead = watching(), two_servers[1]
    name = f":{dead.pid}"
    dead.kill()
    expect(attention(page)).to_contain_text(
        re.compile(f"{name} has not answered since .*start it again"), timeout=SEEN_WITHIN_MS
    )
    expect(page.locator("section.stale h3")).to_have_text(re.compile(f"{name}$"))
    screenshot(page, "operations-dead")
    aside(dead.start)
    expect(page.locator(".well")).to_be_visible(timeout=SEEN_WITHIN_MS)
    expect(page.locator(".processes section")).to_have_count(2)
    aside(dead.terminate, deadline(30))
    expect(page.locator(".processes section")).to_have_count(1, timeout=SEEN_WITHIN_MS)
    expect(page.locator(".well")).to_be_visible()  # it has said that it ends


def test_a_worker_is_listed_missed_and_gone_when_it_ends(watching, worker, windows, screenshot):
    page = watching()
    sections = page.locator(".processes section")
    worker.start()
    last = sections.nth(2)
    expect(last.locator("h3")).to_have_text(
        re.compile(f":{worker.pid}$"), timeout=deadline(20) * 1000
    )
    expect(last.locator(".hint")).to_have_text(f"Worker, version {notify.__version__}")
    expect(last.locator('[data-figure="notify_layer_up"] dd')).to_have_text("Up")
    latency = last.locator('[data-figure="notify_database_latency_seconds"] dd')
    expect(latency).to_have_text(re.compile(r"\d ms$"))
    expect(last.locator("dt")).not_to_contain_text(["Open sockets"])
    expect(page.locator(".from")).to_contain_text("Totals across 2 server processes.")
    screenshot(page, "operations-worker")
    worker.kill()
    expect(attention(page)).to_contain_text(
        f":{worker.pid} has not answered since", timeout=SEEN_WITHIN_MS
    )
    worker.start()
    expect(page.locator(".well")).to_be_visible(timeout=deadline(20) * 1000)
    expect(sections).to_have_count(3)
    aside(worker.terminate, deadline(30))
    expect(sections).to_have_count(2, timeout=SEEN_WITHIN_MS)
    expect(page.locator(".well")).to_be_visible()
    assert windows.complaints == []


def test_a_peak_leads_to_the_notices_that_were_sent_then(server, windows, staff, screenshot):
    user = User.objects.get(username="staff")
    page = windows.open(server.url, session=staff)
    page.goto(PATH)
    plot = page.locator('[data-plot="deliveries"]')
    expect(plot.locator("output")).to_have_text("0")
    expect(plot.get_by_role("link")).to_have_count(0)
    [notice] = aside(lambda: [notify.send(to=user, title="What a peak")])
    link = plot.get_by_role("link")
    expect(link).to_have_text(re.compile(r"^\d+:\d\d:\d\d [AP]M: notices that were sent then$"))
    expect(page.locator('[data-plot="sockets"]').get_by_role("link")).to_have_count(0)
    plot.scroll_into_view_if_needed()
    screenshot(page, "operations-peak")
    old = timezone.now() - timedelta(minutes=5)
    aside(lambda: notify.send(to=user, title="Long before"))
    aside(lambda: Notice.objects.exclude(pk=notice.pk).update(created=old))
    link.click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator("#result_list")).to_contain_text("What a peak")
    assert windows.complaints == []


def test_without_servers_the_page_turns_grey_and_says_since_when(watching, two_servers, screenshot):
    page = watching()
    expect(page.locator(".as-of")).to_have_text(re.compile(r"As of \d+:\d\d:\d\d"))
    for server in two_servers:
        server.kill()
    stale = page.locator("notify-operations.stale")
    expect(stale).to_have_count(1, timeout=SEEN_WITHIN_MS)
    expect(page.locator(".from")).to_have_text("No response from the servers. Retrying.")
    expect(page.locator(".well")).to_be_hidden()  # nobody knows
    as_of = page.locator(".as-of").text_content()
    sockets = page.locator('[data-plot="sockets"] output')
    grey, line = (
        page.locator(selector).first.evaluate("one => getComputedStyle(one).color")
        for selector in ('[data-plot="sockets"] output', "figcaption")
    )
    assert grey == line
    assert sockets.text_content() != "\N{EN DASH}"
    screenshot(page, "operations-stale")
    page.wait_for_timeout(1500)  # time is the subject
    assert page.locator(".as-of").text_content() == as_of
    aside(two_servers[0].start)
    expect(stale).to_have_count(0, timeout=deadline(20) * 1000)


def test_it_opens_with_what_the_servers_remember(watching, two_servers):
    eventually(lambda: all("Listening" in one.log for one in two_servers))
    page = watching()
    page.wait_for_timeout(11_000)  # two readings
    page.reload()
    line = page.locator('[data-plot="sockets"] path')
    expect(line).to_have_attribute("d", re.compile("L"), timeout=SEEN_WITHIN_MS)
    first_x = float(re.match(r"M([\d.]+)", line.get_attribute("d")).group(1))
    assert first_x < 240 - 1.5  # from before the page was opened, as 0.4 are a second


def test_it_is_copied_as_text(watching, windows):
    page = watching(permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".well")).to_be_visible()
    page.get_by_role("button", name="Copy as text").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    lines = text.splitlines()
    assert lines[0] == "Operations"
    assert re.match(r"As of \d+:\d\d:\d\d", lines[1])
    for line in ("Batches waiting: 0", "Database: Up", "Channel layer: Up", "Processes"):
        assert line in lines, text
    assert sum(one.startswith("Uptime: ") for one in lines) == 2
    assert windows.complaints == []


@pytest.mark.parametrize(("width", "colours"), [(320, "dark"), (1280, "light")])
def test_axe_finds_nothing_in_a_bad_hour(  # noqa: PLR0917
    watching, own_redis, silent, screenshot, width, colours
):
    users = people(2)
    size = {"width": width, "height": 1800}
    page = watching(viewport=size, color_scheme=colours)
    aside(owe, users, attempts=2)
    aside(sending.pause, aside(owe, users))
    own_redis.kill()
    expect(attention(page)).to_contain_text("Channel layer", timeout=SEEN_WITHIN_MS)
    expect(page.locator("table.notices tbody tr")).to_have_count(2, timeout=SEEN_WITHIN_MS)
    expect(page.locator("section.stale")).to_have_count(1, timeout=SEEN_WITHIN_MS)
    expect(page.locator("ul.log li")).to_contain_text(
        ["The channel layer is down"], timeout=SEEN_WITHIN_MS
    )
    screenshot(page, f"operations-bad-{width}-{colours}")
    assert findings(page) == []
