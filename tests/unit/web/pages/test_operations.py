from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notify.metrics.figures import CLOSE_CODES
from notify.protocol import Code
from notify.web.pages.operations import CODES
from tests.unit.admin.helpers import allow

OPERATIONS = "/notify/operations/"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent")]


def test_every_close_code_has_a_meaning() -> None:
    assert set(Code) <= set(CODES)
    assert [str(int(code)) for code in CODES] == list(CLOSE_CODES)


def test_it_is_for_those_who_may_see_it(client: Client, ada: User) -> None:
    client.force_login(ada)
    refused = client.get(OPERATIONS)
    assert refused.status_code == 403
    assert "notify.view_operations" in refused.content.decode()
    allow(ada, "view_operations")
    page = client.get(OPERATIONS)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert str(int(Code.MAXIMUM_AGE)) in page.content.decode()
