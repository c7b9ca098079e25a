"""What the doctor reads in the configuration of nginx, with one mistake at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from notify.management.doctor import Level, examine_nginx
from tests.harness.documents import block, put_in
from tests.harness.server import ROOT

ALONE = (ROOT / "deploy" / "nginx.conf").read_text()
SPLIT = block("docs/deployment.md", "/etc/nginx/conf.d/shop.conf")
SOCKET = "location = /ws/notify/"


def findings(directory: Path, text: str) -> dict[str, tuple[str, str]]:
    """Level and text, by step."""
    path = directory / "nginx.conf"
    path.write_text(text)
    return {
        found.step: (found.level, found.text) for found in examine_nginx(str(path), "/ws/notify/")
    }


def including(directory: Path, text: str) -> str:
    """A distribution's main file, with `text` in a directory that it includes."""
    (directory / "conf.d").mkdir()
    (directory / "conf.d" / "shop.conf").write_text(text)
    return "events {} http { access_log /var/log/nginx/access.log; include conf.d/*.conf; }"


def test_both_shipped_files_are_ok(tmp_path: Path) -> None:
    for text in (ALONE, including(tmp_path, SPLIT)):
        found = findings(tmp_path, text)
        assert list(found) == ["Upstream", "Access log", "Error log"]
        assert {level for level, _ in found.values()} == {Level.OK}


@pytest.mark.parametrize("text", [ALONE, SPLIT], ids=["everything on serve", "split"])
@pytest.mark.parametrize(
    ("instead", "step", "level", "words"),
    [
        ({"8001 max_fails=0": "8001"}, "Upstream", Level.WEAK, "at 127.0.0.1:8001, nginx takes"),
        ({"max_fails=0": "max_fails=1"}, "Upstream", Level.WEAK, "127.0.0.1:8001 or 127.0.0.1:8"),
        (
            {"proxy_next_upstream_tries 0;": "proxy_next_upstream_tries 1;"},
            "Upstream", Level.HINT, "tries 1 of 2",
        ),
        ({"error_log /dev/null crit;": ""}, "Error log", Level.WEAK, "error_log /dev/null crit;"),
        (
            {"error_log /dev/null crit;": "error_log /var/log/nginx/socket.log crit;"},
            "Error log", Level.WEAK, "/var/log/nginx/socket.log records",
        ),
        ({'"$request_method $uri"': '"$request"'}, "Access log", Level.WEAK, "without $request"),
        ({"$uri": "$uri$is_args${args}"}, "Access log", Level.WEAK, "without $request"),
        ({".log without_query": ".log"}, "Access log", Level.WEAK, "without $request"),
    ],
)  # fmt: skip
def test_each_mistake_put_back_is_found_alone(
    text: str, instead: dict[str, str], *, step: str, level: Level, words: str, tmp_path: Path
) -> None:
    wrong = put_in(text, instead, "the file")
    found = findings(tmp_path, wrong if text is ALONE else including(tmp_path, wrong))
    assert found[step][0] == level
    assert words in found[step][1]
    assert {found[other][0] for other in set(found) - {step}} == {Level.OK}


@pytest.mark.parametrize(
    ("locations", "level"),
    [
        ("location / { %s }", Level.OK),
        ("location / { return 404; } location ^~ /ws/ { %s } location ~ . { }", Level.OK),
        ("location /ws/ { return 404; } location ~* ^/WS/ { %s }", Level.OK),
        ("location /ws/ { location = /ws/notify/ { %s } }", Level.OK),
        ("location = /ws/notify { %s } location / { return 404; }", Level.FAIL),
        ("location /ws/notify/ { %s } location ~ ^/ws/ { return 404; }", Level.FAIL),
    ],
)
def test_it_looks_at_the_location_that_nginx_chooses(
    locations: str, level: Level, tmp_path: Path
) -> None:
    here = "proxy_pass http://127.0.0.1:8001; access_log off; error_log /dev/null;"
    found = findings(tmp_path, f"events {{}} http {{ server {{ {locations % here} }} }}")
    assert {found[step][0] for step in found} == {level}


def test_it_does_not_guess_where_requests_choose_the_upstream(tmp_path: Path) -> None:
    text = put_in(ALONE, {"http://notify;": "http://$host;"}, "the file")
    level, words = findings(tmp_path, text)["Upstream"]
    assert level == Level.HINT
    assert "depends on the request" in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("events {} http { server { location / { return 404; } } }", "/etc/nginx/nginx.conf"),
        ("http { server {", "cannot be read"),
        ("events {} http { include missing.conf; }", "missing.conf"),
    ],
)
def test_it_says_what_it_cannot_read(text: str, words: str, tmp_path: Path) -> None:
    level, said = findings(tmp_path, text)["Configuration"]
    assert level == Level.FAIL
    assert words in said
