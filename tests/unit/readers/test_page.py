"""The blocks of docs/preferences.md do what the page says."""

from __future__ import annotations

from typing import Any

import pytest

import notify
from notify.kinds import registry
from notify.models import Notification, Place
from notify.readers.catalogue import catalogue
from tests.harness.documents import block
from tests.unit.inbox.helpers import committed, key, people

PAGE = "docs/preferences.md"


@pytest.mark.django_db
def test_five_opt_outs_are_five_kinds(announced: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {})
    module = {"Category": notify.Category, "Kind": notify.Kind, "__name__": "pontoon.notices"}
    exec(block(PAGE, "pontoon/notices.py"), module)  # noqa: S102
    [ada] = people(1)
    kinds = registry.all_kinds()
    assert {one["key"]: len(one["kinds"]) for one in catalogue(key(ada))["categories"]} == {
        "projects": 2,
        "translations": 3,
    }

    def wanted() -> set[str]:
        with committed():
            for kind in kinds:
                monkeypatch.setattr(kind, "title", lambda self: self.key, raising=False)
                notify.send(kind(), to=ada)
        found = Notification.objects.order_by("-arrived")[: len(kinds)]
        return {one.notice.kind for one in found if one.place == Place.INBOX}

    every = {kind.key for kind in kinds}
    assert len(every) == 5
    assert wanted() == every
    for one in kinds:
        notify.prefer(ada, f"kind:{one.key}", value=False)
        assert wanted() == every - {one.key}
        notify.prefer(ada, f"kind:{one.key}", value=None)
    notify.prefer(ada, "category:translations", value=False)
    assert wanted() == {"pontoon.new_strings", "pontoon.deadline"}
