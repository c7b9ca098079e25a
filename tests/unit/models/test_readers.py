"""What is known of people as readers."""

from __future__ import annotations

import pytest

from notify.models import Reader


@pytest.mark.django_db
def test_a_reader_is_named_by_what_is_known(ada) -> None:
    assert str(Reader(user=ada)) == f"{ada.pk}: ?"
    assert str(Reader(user=ada, language="de", shown_language="en")) == f"{ada.pk}: de"
