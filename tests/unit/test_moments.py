"""Moments at the ends of the calendar, in zones east and west, by every door: refused, with the
field and the cure, or good wherever they are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

import notify
from notify.exceptions import InvalidNotice
from notify.inbox import retention
from notify.models import ApiToken, Notice, content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent", "zone")]

ZONES = ["Pacific/Kiritimati", "Europe/Berlin", "Etc/GMT+12"]
LAST, FIRST = content.LATEST, content.EARLIEST
BEYOND = [
    datetime.max.replace(tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime.max.replace(tzinfo=ZoneInfo("America/New_York")),
    datetime.max.replace(tzinfo=ZoneInfo("Pacific/Kiritimati")),
    LAST + timedelta(microseconds=1),
    FIRST - timedelta(microseconds=1),
    datetime.min.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=ZoneInfo("America/New_York")),
    datetime.min.replace(tzinfo=ZoneInfo("Pacific/Kiritimati")),
]


@pytest.fixture(params=ZONES)
def zone(request, settings):
    settings.TIME_ZONE = request.param


@pytest.fixture
def boss(make_user, client) -> User:
    user: User = make_user("boss", is_superuser=True, is_staff=True)
    client.force_login(user)
    return user


@pytest.fixture
def api(boss) -> dict[str, str]:
    _token, plain = ApiToken.objects.issue(boss, "a program", ["inbox", "send"])
    return {"Authorization": f"Bearer {plain}"}


def is_read_everywhere(client: Client, notice: Notice, user: User, api: dict[str, str]) -> None:
    """Each page and answer in which a notice, or its way to somebody, is told."""
    for address in (
        "/notify/",
        f"/notify/?q={notice.title}",
        reverse("admin:notify_notice_changelist"),
        reverse("admin:notify_notice_change", args=[notice.pk]),
        reverse("admin:notify_notice_recall", args=[notice.pk]),
        reverse("admin:notify_notice_progress", args=[notice.pk]),
        reverse("admin:notify_inbox_change", args=[user.pk]) + f"?notice={notice.pk}",
        "/api/notify/inbox/",
    ):
        assert client.get(address).status_code == 200, address
    status = client.get(f"/api/notify/notices/{notice.pk}/", headers=api)
    assert status.status_code == 200
    exported = StringIO()
    call_command("notify_export", user.get_username(), stdout=exported)
    assert str(notice.pk) in exported.getvalue()


# Refused


@pytest.mark.parametrize("field", ["expires", "send_at"])
@pytest.mark.parametrize("moment", BEYOND, ids=str)
def test_a_call_is_refused(boss, field, moment):
    with pytest.raises(InvalidNotice, match="start or end of the calendar") as caught:
        notify.send(to=boss, title="Tea", **{field: moment})
    assert caught.value.field == field
    assert Notice.objects.count() == 0


@pytest.mark.parametrize("field", ["expires", "send_at"])
@pytest.mark.parametrize(
    "moment",
    ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
     "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_the_api_refuses_it_by_its_field(client, api, field, moment):
    wanted = {"to": {"users": ["boss"]}, "title": "Tea", field: moment}
    answer = client.post(
        "/api/notify/notices/", wanted, content_type="application/json", headers=api
    )
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == [field]


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59", "9999-12-31T23:59:59Z", "0001-01-01T00:00"]
)
def test_the_command_refuses_it(boss, moment):
    with pytest.raises(CommandError, match="expires: is too close to the start"):
        call_command("notify_send", "--to", "boss", "--title", "Tea", "--expires", moment)


@pytest.mark.parametrize("field", ["expires", "send_at"])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("button", ["_save", "_dry_run"])
def test_the_form_refuses_it_on_its_field(client, boss, field, day, button):
    form = {"users": [boss.pk], "title": "Tea", "level": "info", "form_key": "k", button: "1"}
    form |= {f"{field}_0": day, f"{field}_1": "23:59:59" if day > "1" else "00:00:00"}
    page = client.post(reverse("admin:notify_notice_add"), form)
    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == [field]
    assert Notice.objects.count() == 0


# Good


def test_the_last_moment_is_good_wherever_it_is_read(client, boss, api):
    notice = notify.send(to=boss, title="Tea", expires=LAST, send_at=FIRST)
    later = notify.send(to=boss, title="Cake", send_at=LAST - timedelta(days=1), expires=LAST)
    assert notice.expires == LAST.replace(microsecond=999000)
    for one in (notice, later):
        one.refresh_from_db()
        is_read_everywhere(client, one, boss, api)


def test_the_same_moment_in_another_zone_is_the_same_notice(boss):
    at = datetime(2090, 1, 1, tzinfo=UTC)
    first = notify.send(to=boss, title="Tea", key="k", send_at=at)
    again = notify.send(
        to=boss, title="Tea", key="k", send_at=at.astimezone(ZoneInfo("Asia/Tokyo"))
    )
    assert again.pk == first.pk


# Asked for


LISTS = ["notice", "inbox", "apitoken"]
TIMES = {"notice": "created", "inbox": "acknowledged_at", "apitoken": "revoked"}


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize(
 "said",
    [
        "__gte=0001-01-01 00:00:00%2B14:00",
        "__lt=9999-12-31 23:59:59-14:00",
        "__gte=0001-01-01 00:00:00Z",
        "__lt=9999-12-31 23:59:59Z",
        "__year=0",
        "__year=1",
        "__year=9999",
        "__year=10000",
        "__date=9999-12-31",
        "__date=0001-01-01",
        "__gte=soon",
    ],
)  # fmt: skip
def test_a_list_of_the_admin_is_shown_or_asked_for_without_the_filter(client, boss, model, said):
    notify.send(to=boss, title="Tea")
    page = reverse(f"admin:notify_{model}_changelist")
    answer = client.get(f"{page}?{TIMES[model]}{said}", follow=True)
    assert answer.status_code == 200


@pytest.mark.parametrize("asked", ["0", "-1", "9" * 18, "9" * 40, "9999-12-31", "٣", "x"])
def test_a_number_of_a_notice_that_there_is_not_is_told(client, boss, asked):
    page = reverse("admin:notify_inbox_change", args=[boss.pk])
    assert client.get(page, {"notice": asked}).status_code == 200


@pytest.mark.parametrize(
    "asked", ["before=9999999999999999999", "before=0", "before=-1", "before=x"]
)
def test_a_page_of_the_inbox_is_shown(client, boss, asked):
    assert client.get(f"/notify/?{asked}").status_code == 200


def test_what_is_older_than_the_calendar_is_nothing(boss):
    notify.send(to=boss, title="Tea")
    out = StringIO()
    call_command("notify_prune", "--older-than", "999999d", stdout=out)
    assert Notice.objects.count() == 1
    pruned = retention.prune(timedelta.max, announce=lambda change: None)
    assert (pruned.notices, pruned.notifications) == (0, 0)
