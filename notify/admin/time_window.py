"""The notices that were sent within a window of time, which a link names:
`?sent_from=2026-12-01T14:02:00Z&sent_to=2026-12-01T14:03:00Z`. Either end may be left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import is_naive, localtime, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.admin.formatting import EMPTY
from notify.models import Notice

FROM, TO = "sent_from", "sent_to"


class TimeWindowFilter(admin.ListFilter):
    """Shown only while a window is chosen. It begins with its first moment and ends before its
    last."""

    title = gettext_lazy("time sent")

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.ends = {name: _moment(params.pop(name)[-1]) for name in (FROM, TO) if name in params}

    def has_output(self) -> bool:
        return bool(self.ends)

    def expected_parameters(self) -> list[str | None]:
        return [FROM, TO]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        begins, ends = (_shown(self.ends.get(name)) for name in (FROM, TO))
        without = changelist.get_query_string(remove=[FROM, TO])
        yield {"selected": False, "query_string": without, "display": _("Any time")}
        window = changelist.get_query_string()
        yield {"selected": True, "query_string": window, "display": f"{begins} {EMPTY} {ends}"}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        found: Any = queryset
        for name, moment in self.ends.items():
            due = GreaterThanOrEqual if name == FROM else LessThan
            found = found.filter(due(Coalesce("send_at", "created"), moment))
        return found  # type: ignore[no-any-return]


def _moment(text: str) -> datetime:
    """A time in ISO 8601, in the current zone unless it names its own."""
    try:
        moment = parse_datetime(text)
        if moment is None:
            raise ValueError(text)
        aware = make_aware(moment) if is_naive(moment) else moment
        localtime(aware)  # it is shown
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters(error) from error
    return aware


def _shown(moment: datetime | None) -> str:
    if moment is None:
        return ""
    local = localtime(moment)
    return f"{date_format(local, 'SHORT_DATE_FORMAT')} {date_format(local, 'H:i:s')}"
