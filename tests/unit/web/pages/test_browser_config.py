from __future__ import annotations

import json

from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import set_script_prefix

from notify.web.pages.browser_config import browser_config, page_config


def test_a_page_carries_all_that_its_client_needs(rf: RequestFactory, ada: User) -> None:
    request = rf.get("/")
    request.user = ada
    config = json.loads(browser_config(request))
    assert config["socket"] == "/ws/notify/"
    assert config["api"] == "/api/notify/"
    assert config["inbox"] == "/notify/"
    assert list(config["csrf"]) == ["X-Csrftoken"]
    assert config["script"].endswith("notify/bell.min.js")
    assert ada.username not in json.dumps(config)


def test_below_a_prefix_all_addresses_have_it() -> None:
    set_script_prefix("/app/")
    try:
        config = page_config("7", {})
    finally:
        set_script_prefix("/")
    assert config["socket"] == "/app/ws/notify/"
    assert config["inbox"] == "/app/notify/"
    assert config["csrf"] == {}


def test_the_key_of_a_user_is_not_shown_and_tells_users_apart() -> None:
    shown = {page_config(user, {})["user"] for user in ("7", "8")}
    assert len(shown) == 2
    assert not shown & {"7", "8"}
