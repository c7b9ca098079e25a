"""The change list that all model admins of notify use."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList


class LenientChangeList(ChangeList):
    """Ignores filters in the URL that the database cannot evaluate (the year 10000, or a day
    without a midnight in UTC), as Django ignores other invalid lookups."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(*args, **kwargs)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
