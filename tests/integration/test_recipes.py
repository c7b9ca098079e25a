"""The blocks of docs/recipes.md that are Python, in a project that has the built package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.documents import block
from tests.harness.process import Process
from tests.harness.redis import RedisServer
from tests.harness.shop import Shop
from tests.harness.waiting import eventually

PAGE = "docs/recipes.md"
SETTINGS = """
import os
from settings_here import *
CELERY_BROKER_URL = os.environ["REDIS"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "notify.bus.layers.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS"]]},
    }
}
"""
EXPORT = """
from django.contrib.auth.models import User
from django.db import transaction
from django.test import RequestFactory
from shop.exports import export
with transaction.atomic():
    request = RequestFactory().get("/")
    request.user = User.objects.create_user("ada")
    assert export(request, 7).status_code == 202
"""
INBOX = """
from django.contrib.auth.models import User
from notify.testing import inbox
print([row.title for row in inbox(User.objects.get(username="ada"))])
"""
ORDERS = """
from django.contrib.auth.models import User
from django.test import TestCase
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient
from notify.testing import immediate_delivery, inbox


class OrderTest(TestCase):
    def setUp(self):
        self.ada = User.objects.create_user("ada")
        self.api = APIClient()
        self.api.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=self.ada)}")
        self.enterContext(immediate_delivery())

    def test_an_order_is_in_the_inbox_of_the_app(self):
        self.assertEqual(self.api.post("/api/orders/", {"note": "By Friday"}).status_code, 201)
        self.assertEqual(self.client.get("/api/notify/inbox/").status_code, 401)
        app = {"Authorization": f"Bearer {self.api.post('/api/inbox-token/').json()['token']}"}
        for _ in range(2):
            [row] = self.client.get("/api/notify/inbox/", headers=app).json()["notifications"]
            self.assertEqual(row["body"], "By Friday")
        self.assertEqual(self.client.post("/api/notify/ticket/", headers=app).status_code, 200)
        self.api.post("/api/inbox-token/")  # which replaces the one before
        self.assertEqual(self.client.get("/api/notify/inbox/", headers=app).status_code, 401)

    def test_what_cannot_be_sent_is_the_clients_own_error(self):
        refused = self.api.post("/api/orders/", {"note": "x" * 5000})
        self.assertEqual(refused.status_code, 400)
        self.assertIn("body", refused.json())
        self.assertEqual(inbox(self.ada), [])

    def test_a_stranger_sends_nothing(self):
        self.assertIn(self.client.post("/api/orders/").status_code, (401, 403))
"""


@pytest.fixture
def celery(shop: Shop, transactional_db: None) -> Iterator[Shop]:
    """The shop with its tasks, and nothing of them afterwards."""
    files = [
        *("shop/tasks.py", "shop/exports.py", "shop/celery.py", "shop/tests/test_exports.py"),
        "shop/__init__.py",
    ]
    before = (shop.directory / "shop/__init__.py").read_text(encoding="utf-8")
    shop.write("settings_celery.py", SETTINGS)
    shop.write_blocks(PAGE, files)
    with shop.own_database():
        yield shop
    for name in files[:-1]:
        (shop.directory / name).unlink()
    shop.write("shop/__init__.py", before)


def test_a_celery_worker_sends_what_a_view_has_handed_over(
    celery: Shop, redis_server: RedisServer, tmp_path: Path
) -> None:
    variables = {"REDIS": redis_server.url, "DJANGO_SETTINGS_MODULE": "settings_celery"}
    worker = Process(
        [
            *(str(celery.python), "-P", "-m", "celery", "-A", "shop", "worker"),
            *("-c", "1", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        log=tmp_path / "celery.log",
        env=celery.env | variables,
        cwd=celery.directory,
    )

    def heard() -> bool:
        message = layer.get_message(ignore_subscribe_messages=True)
        return message is not None and b"Your export is ready" in message["data"]

    with redis_server.client() as redis, redis.pubsub() as layer, worker:
        layer.psubscribe("*notify*")
        celery.run("django", "shell", "-v", "0", "-c", EXPORT, **variables)
        eventually(heard, seconds=60, what="the hint of the worker's notice")
    titles = celery.run("django", "shell", "-v", "0", "-c", INBOX, **variables)
    assert titles.strip() == "['Your export is ready', 'Welcome']"


def test_the_test_of_a_task_passes(celery: Shop) -> None:
    celery.write("shop/tests/__init__.py", "")
    said = celery.run("django", "test", "--noinput", "shop.tests.test_exports")
    assert "Ran 1 test" in said


def test_rest_framework_sends_and_opens_the_inbox_to_its_users(shop: Shop) -> None:
    shop.write_blocks(PAGE, ["shop/api.py"])
    settings = block(PAGE, "shop/settings.py, for Django REST framework")
    urls = block(PAGE, "shop/urls.py, for Django REST framework")
    shop.write(
        "settings_drf.py", f"from settings_here import *\n{settings}ROOT_URLCONF = 'urls_drf'\n"
    )
    shop.write("urls_drf.py", f"from shop.urls import urlpatterns\n{urls}")
    shop.write("drf/__init__.py", "")
    shop.write("drf/tests.py", ORDERS)
    said = shop.run("django", "test", "--noinput", "drf", DJANGO_SETTINGS_MODULE="settings_drf")
    assert "Ran 3 tests" in said
