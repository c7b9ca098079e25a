from __future__ import annotations

import pytest

from notify.access import user_agents

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
EDGE = "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox · Linux"),
        (CHROME, "Chrome · Android"),
        (EDGE, "Edge · Windows"),
        ("Safari", "Safari"),
        ("curl/8.5.0", ""),
    ],
)
def test_the_more_specific_mark_gives_the_name(user_agent: str, name: str) -> None:
    assert user_agents.name(user_agent) == name


def test_an_update_does_not_change_the_fingerprint_and_another_browser_does() -> None:
    updated = FIREFOX.replace("131", "132")
    assert user_agents.fingerprint(updated) == user_agents.fingerprint(FIREFOX)
    assert user_agents.fingerprint(CHROME) != user_agents.fingerprint(FIREFOX)
