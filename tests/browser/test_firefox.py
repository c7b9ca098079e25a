"""The page in Firefox. Playwright drives only a Firefox of its own; puppeteer drives Debian's."""

from __future__ import annotations

import subprocess

from tests.browser.conftest import ROOT
from tests.conftest import PASSWORD
from tests.harness.waiting import deadline


def test_sign_in_live_arrival_two_tabs_keys_and_the_bell(server, make_user):
    make_user("ada", is_staff=True, is_superuser=True)
    words = [server.url, "ada", PASSWORD, str(deadline(10) * 1000)]
    done = subprocess.run(
        ["node", "tests/browser/firefox.mjs", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=deadline(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
