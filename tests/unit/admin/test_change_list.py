from __future__ import annotations

import pytest
from django.test import Client

from tests.unit.admin.helpers import LIST


@pytest.mark.parametrize(
    "query",
    ["created__year=10000&created__month=1", "created__gte=9999-12-31+23:59:59-12:00"],
)
def test_a_filter_that_the_database_cannot_evaluate_is_ignored(
    admin_client: Client, query: str
) -> None:
    response = admin_client.get(f"{LIST}?{query}", follow=True)
    assert response.status_code == 200
