from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from notify import Category


@pytest.mark.parametrize("key", ["", "x" * 101])
def test_its_key_is_one_that_a_notice_can_have(key):
    with pytest.raises(ImproperlyConfigured, match="has 1 to 100 characters"):
        Category(key, "Orders")
