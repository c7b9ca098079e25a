from __future__ import annotations

import pytest

from notify.models.users import user_pk
from tests.unit.inbox.helpers import people

pytestmark = pytest.mark.django_db


def test_user_pk_converts_a_key_to_a_primary_key():
    [ada] = people(1)
    assert user_pk(str(ada.pk)) == ada.pk
