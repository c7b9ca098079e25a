"""What a newcomer sees in the first minutes, and where something is not as it should be."""

from __future__ import annotations

import re
import subprocess

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, wait_until_live
from tests.browser.inbox_page import DASHBOARD, badge
from tests.conftest import StartServer
from tests.harness.server import PYTHON, ROOT, environment

ELSEWHERE = "/accounts/password_change/"
WITHIN_MS = PATIENCE_MS / 5  # 2 s


def test_what_a_shell_sends_is_seen_within_two_seconds_with_debug_and_nothing_installed(
    start_server: StartServer, ada, windows
):
    """So long a sweep that without the quick one of DEBUG it could not be seen."""
    options = {"DEBUG": "on", "NOTIFY_WELCOME": "off", "NOTIFY_SWEEP_INTERVAL": "120"}
    server = start_server(**options)
    page = windows.open(server.url, session=ada)
    page.goto(ELSEWHERE)
    wait_until_live(page)
    for count in ("1", "2"):
        command = [PYTHON, "manage.py", "notify_send", "--to", "ada", "--title", "From a shell"]
        subprocess.run(command, env=environment(**options), cwd=ROOT, check=True)
        expect(badge(page)).to_have_text(count, timeout=WITHIN_MS)
    assert windows.complaints == []


def test_where_nobody_serves_the_scripts_log_and_console_say_what_to_do(
    start_server: StartServer, ada, windows, tmp_path
):
    """The policy of the page is as strict as ever."""
    # DEBUG, so that names are not hashed; WhiteNoise finds nothing, as another server would not.
    server = start_server(
        DEBUG="on",
        DJANGO_SETTINGS_MODULE="tests.browser.without_static_files",
        NOTIFY_WELCOME="off",
    )
    page = windows.open(server.url, session=ada)
    page.goto(DASHBOARD)
    page.wait_for_load_state("networkidle")
    told = [one for one in windows.complaints if "notify's scripts are missing" in one]
    assert told
    assert all("collectstatic" in one and "runserver" in one for one in told)
    assert not [one for one in windows.complaints if "Content Security Policy" in one]
    assert len(re.findall("notify's scripts are missing", server.log)) == 1
