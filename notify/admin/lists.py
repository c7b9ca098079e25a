"""The lists of the admin, as all of ours are."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList


class AnyAddressChangeList(ChangeList):
    """Takes a filter that the database cannot be asked for, such as a year 10000 or a day that has
    no midnight in UTC, as Django takes others that make no sense: the list comes without it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(*args, **kwargs)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
