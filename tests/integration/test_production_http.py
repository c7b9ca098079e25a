"""What a deployment answers over HTTP, whatever the page."""

from __future__ import annotations

import re

import httpx

from tests.harness.sessions import session_cookie

STATIC = re.compile(r'(?:src|href)="(/static/[^"]+)"')
HASHED = re.compile(r"\.[0-9a-f]{12}\.")


def test_every_static_file_of_a_page_has_a_hash_in_its_name_and_is_kept_for_ever(
    start_server, make_user
):
    cookie = session_cookie(make_user("ada"))
    server = start_server()
    with httpx.Client(base_url=server.url, headers={"Cookie": cookie}) as client:
        files = set(STATIC.findall(client.get("/notify/").text))

        assert {name.rpartition(".")[2] for name in files} == {"css", "js", "svg"}
        assert all(HASHED.search(name) for name in files), files
        for name in files:
            assert "immutable" in client.get(name).headers["Cache-Control"], name


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(start_server):
    server = start_server()

    page = httpx.get(f"{server.url}/accounts/login/")

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)


def test_plain_http_is_sent_to_https_but_for_the_probes(start_server):
    server = start_server(HTTPS="on")

    assert httpx.get(f"{server.url}/accounts/login/").headers["Location"].startswith("https://")
    assert httpx.get(f"{server.url}/healthz").status_code == 200


def test_a_proxy_may_say_that_it_speaks_https(start_server):
    server = start_server(HTTPS="on", BEHIND_PROXY="on")

    page = httpx.get(f"{server.url}/accounts/login/", headers={"X-Forwarded-Proto": "https"})

    assert page.status_code == 200
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    assert "; Secure" in page.headers["Set-Cookie"].title()


PATHS = ["/accounts/login/", "/notify/", "/api/notify/inbox/", "/healthz", "/nothing/", "/static/…"]


def test_no_other_site_embeds_what_is_served_and_no_page_asks_for_a_device(start_server, subtests):
    server = start_server()
    page = httpx.get(f"{server.url}/accounts/login/").text
    [style, *_] = re.findall(r'href="(/static/[^"]+\.css)"', page)

    for path in PATHS:
        answer = httpx.get(server.url + path.replace("/static/…", style))

        with subtests.test(path):
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "camera=()" in answer.headers["Permissions-Policy"]
