"""Beside an app that has taken a name that others like, notify starts, migrates and sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.harness.server import manage

SETTINGS: dict[str, Any] = {"DJANGO_SETTINGS_MODULE": "tests.neighbour_project.settings"}

USES_BOTH = """
from django.contrib.auth import get_user_model
import notify
ada = get_user_model().objects.create_user("ada")
ada.notifications.create(verb="of the neighbour")
notify.send(to=ada, title="ours")
print([one.verb for one in ada.notifications.all()])
print([one.notice.title for one in ada.notify_notifications.all()])
print(get_user_model().objects.filter(notifications__verb="of the neighbour").count())
"""


def test_both_inboxes_live_beside_each_other_while_people_move(tmp_path: Path) -> None:
    own = SETTINGS | {"DATABASE_URL": f"sqlite:///{tmp_path / 'own.sqlite3'}"}
    assert "no issues" in manage("check", **own)
    manage("migrate", "--run-syncdb", **own)
    said = manage("shell", "--no-imports", "-c", USES_BOTH, NOTIFY_WELCOME="off", **own)
    assert said.splitlines() == ["['of the neighbour']", "['ours']", "1"]
