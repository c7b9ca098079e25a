"""The built package in sites with other settings: one set of checks for each."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Windows, wait_until_live
from tests.harness.built import install_built_package, run
from tests.harness.nginx import Front
from tests.harness.process import Process
from tests.harness.redis import RedisServer
from tests.harness.server import Server
from tests.harness.waiting import eventually

SHOP = ROOT / "tests" / "foreign_project"
ADDRESS = ("127.0.0.1:{port}",)
RUNSERVER = ("-m", "django", "runserver", "--noreload", *ADDRESS)
SERVE = ("-m", "django", "serve", "-b", "127.0.0.1", "-p", "{port}")
GUNICORN = ("-m", "gunicorn", "--bind", *ADDRESS, "shop.wsgi")


@dataclass(frozen=True)
class Site:
    """How one is served; `path` is where it begins, for those who come from outside."""

    settings: str
    path: str = "/"
    command: tuple[str, ...] = RUNSERVER
    socket_command: tuple[str, ...] = ()  # of another process, for the socket alone
    locations: str = ""  # of nginx before it: `pages` and `sockets` are addresses
    variables: dict[str, str] = field(default_factory=dict)


PROXY = "proxy_set_header Host $http_host; proxy_http_version 1.1;"
UPGRADE = "proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade;"
SITES = {
    "default": Site("shop.settings"),
    "hashed names only": Site("shop.variants.hashed", command=SERVE),
    "script name": Site(
        "shop.variants.script_name",
        path="/app/",
        locations=f"""
            location = /app/ws/notify/ {{ proxy_pass http://pages; {PROXY} {UPGRADE} }}
            location /app/ {{ proxy_pass http://pages; {PROXY} }}
        """,
    ),
    "prefix": Site("shop.variants.prefix", path="/links/"),
    "login required": Site("shop.variants.login_required"),
    "bare user": Site("shop.variants.bare_user"),
    "replica": Site("shop.variants.replica"),
    "split": Site(
        "shop.variants.split",
        command=GUNICORN,
        socket_command=SERVE,
        locations=f"""
            location = /ws/notify/ {{ proxy_pass http://sockets; {PROXY} {UPGRADE} }}
            location /assets/ {{ alias STATIC_ROOT/; }}
            location / {{ proxy_pass http://pages; {PROXY} }}
        """,
    ),
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment in which notify is the built wheel."""
    directory = tmp_path_factory.mktemp("foreign")
    return install_built_package(directory, directory / "venv")


class Visited:
    """A site that is served; `url` is where it begins."""

    def __init__(self, url: str, site: Site, manage: Callable[..., str]) -> None:
        self.url = url
        self.site = site
        self.manage = manage

    @property
    def api(self) -> str:
        return f"{self.url}api/notify/"


@pytest.fixture(params=SITES)
def visited(
    request: pytest.FixtureRequest, python: Path, tmp_path: Path, own_redis: RedisServer
) -> Iterator[Visited]:
    site = SITES[request.param]
    env = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "PYTHONPATH": str(SHOP),
        "DJANGO_SETTINGS_MODULE": site.settings,
        "SHOP_DATABASE": str(tmp_path / "shop.sqlite3"),
        "SHOP_REDIS": own_redis.url,
    }

    def manage(*arguments: str) -> str:
        return run([str(python), "-P", "-m", "django", *arguments], env=env)

    manage("check")
    manage("migrate", "--verbosity", "0")
    if "replica" in site.settings:
        manage("migrate", "--verbosity", "0", "--database", "replica")
    make = "from django.contrib.auth import get_user_model as model; model()._default_manager"
    manage("shell", "--no-imports", "-c", f"{make}.create_user('ada', password='tea')")
    if site.command is not RUNSERVER:
        manage("collectstatic", "--noinput", "--verbosity", "0")

    with ExitStack() as running:

        @contextmanager
        def shown(process: Process) -> Iterator[None]:
            yield
            print(process.log)  # noqa: T201  (pytest shows it with a failure)

        def served(name: str, command: tuple[str, ...]) -> Server:
            words = [str(python), "-P", *command]
            # gunicorn imports from where it is started, before anything else.
            server = Server(log=tmp_path / f"{name}.log", command=words, env=env, cwd=tmp_path)
            running.enter_context(server)
            running.enter_context(shown(server))
            return server

        pages = served("pages", site.command)
        url = pages.url
        if site.locations:
            sockets = served("sockets", site.socket_command) if site.socket_command else pages
            locations = site.locations.replace("STATIC_ROOT", str(tmp_path / "static"))
            front = Front(tmp_path, locations, {"pages": pages.port, "sockets": sockets.port})
            url = running.enter_context(front).url
        yield Visited(url + site.path, site, manage)


def enter(page: Page, site: Visited) -> None:
    page.goto(site.url)
    page.locator("[name=username]").fill("ada")
    page.locator("[name=password]").fill("tea")
    page.get_by_text("Enter the shop").click()
    expect(page).to_have_title(re.compile("Tea and coffee"))  # the bell puts a number before it


def test_the_bell_is_live_and_what_is_read_is_read_everywhere(
    visited: Visited, windows: Windows
) -> None:
    page = windows.open(visited.url)
    enter(page, visited)
    page.wait_for_load_state("networkidle")  # the panel's script is loaded when a page is idle
    scripts: list[str] = []
    page.on("request", lambda request: scripts.append(request.url))
    page.goto(visited.url)
    wait_until_live(page)
    bell = page.locator("notify-bell")
    before = int(bell.locator(".badge").inner_text())  # the welcome
    assert before == 1
    page.wait_for_load_state("networkidle")
    loaded = [url for url in scripts if url.endswith(".js") and "/notify/" in url]
    assert len(loaded) == len(set(loaded))

    page.get_by_text("Buy").click()
    expect(bell.locator(".badge")).to_have_text("2")
    bell.locator(".bell").click()
    expect(bell.locator("article").first.locator(".title")).to_contain_text("on its way")
    bell.get_by_text("Mark all as read").click()
    expect(bell.locator(".badge")).to_be_hidden()
    page.reload()
    wait_until_live(page)
    expect(bell.locator(".badge")).to_be_hidden()

    page.goto(f"{visited.url}notify/")
    expect(page.locator("notify-inbox article")).to_have_count(2)
    assert windows.complaints == []


def test_a_tab_leaves_the_inbox_when_another_signs_out(visited: Visited, windows: Windows) -> None:
    page = windows.open(visited.url)
    enter(page, visited)
    wait_until_live(page)
    other = page.context.new_page()
    other.goto(visited.url)
    other.get_by_text("Leave the shop").click()
    expect(page.locator("[name=password]")).to_be_visible()
    expect(page.locator("notify-bell article")).to_have_count(0)


def test_a_program_reads_the_inbox_with_a_token(visited: Visited) -> None:
    made = visited.manage("shell", "--no-imports", "-c", "from notify.models import ApiToken; "
        "from django.contrib.auth import get_user_model as model; "
        "ada = model()._default_manager.get(username='ada'); "
        "print(ApiToken.objects.issue(ada, 'program', ['inbox'])[1])")  # fmt: skip
    told = {"Authorization": f"Bearer {made.split()[-1]}"}
    inbox = f"{visited.api}inbox/"
    assert httpx.get(inbox).status_code == 401
    answer = httpx.get(inbox, headers=told)
    assert answer.status_code == 200, answer.text
    [welcome] = answer.json()["notifications"]
    mark = {"ref": "1", "as": "read", "ids": [welcome["id"]]}
    answer = httpx.post(f"{inbox}mark/", json=mark, headers=told)
    assert answer.status_code == 200, answer.text
    eventually(lambda: httpx.get(inbox, headers=told).json()["unread"] == 0)


def test_probes_answer_by_address(visited: Visited) -> None:
    for probe in ("healthz", "readyz"):
        assert httpx.get(f"{visited.url}{probe}").status_code == 200
