"""However a site writes numbers and times, what scripts, addresses and forms read is plain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import formats

import notify
from notify.models import ApiToken, Inbox, Notice
from tests.unit.admin import helpers
from tests.unit.formats.en import formats as strange

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent")]

SIGNS = re.compile(f"[{strange.THOUSAND_SEPARATOR}{strange.DECIMAL_SEPARATOR}‡]")
# What people hear or see: there the site's own way is right.
FOR_PEOPLE = {"title", "aria-label", "alt", "placeholder"}
MANY = 12_345


class NotForPeople(HTMLParser):
    """Attributes of a page, and data for its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._in_script = tag == "script"
        self.found += [f"{tag} {name}={value}" for name, value in attrs if name not in FOR_PEOPLE]

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.found.append(data)
        self._in_script = False


@pytest.fixture(autouse=True)
def grouped(settings: Any) -> Iterator[None]:
    settings.USE_THOUSAND_SEPARATOR = True
    settings.FORMAT_MODULE_PATH = "tests.unit.formats"
    formats.reset_format_cache()
    yield
    formats.reset_format_cache()


@pytest.fixture
def boss(make_user: Callable[..., User], client: Client) -> User:
    user = make_user("boss", is_superuser=True, is_staff=True, pk=MANY)
    client.force_login(user)
    return user


@pytest.fixture
def notice(boss: User, django_capture_on_commit_callbacks: Any) -> Notice:
    """The last of so many that their numbers have several digits."""
    ApiToken.objects.issue(boss, "a program", ["inbox"])
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(60):
            notice = notify.send(to=boss, title=f"Tea {n}", category="tea", url="/tea/")
    Inbox.objects.update(unseen=MANY, unread=MANY, acknowledged=MANY, opened=MANY)
    return notice


def is_plain(page: str) -> None:
    assert [said for said in NotForPeople(page).found if SIGNS.search(said)] == []


def test_the_signs_are_found_where_they_are():
    number = formats.localize(MANY)
    assert len(NotForPeople(f"<p data-n='{number}'>{number}</p>").found) == 1
    with pytest.raises(AssertionError):
        is_plain(f"<p data-n='{number}'>")
    with pytest.raises(AssertionError):
        is_plain(f"<script>{number}</script>")


@pytest.mark.parametrize(
    "address",
    ["/notify/", "/notify/?tab=archived", "/notify/?q=Tea&before=59", "/notify/operations/"],
)
def test_pages(client, notice, address):
    answer = client.get(address)
    assert answer.status_code == 200
    is_plain(answer.content.decode())


@pytest.mark.parametrize("page", ["change", "recall", "cancel", "progress"])
def test_pages_of_a_notice_in_the_admin(client, notice, page):
    answer = client.get(reverse(f"admin:notify_notice_{page}", args=[notice.pk]))
    assert answer.status_code == 200
    is_plain(answer.content.decode())


@pytest.mark.parametrize(
    "page", ["notice_changelist", "notice_add", "inbox_changelist", "apitoken_changelist"]
)
def test_other_pages_of_the_admin(client, notice, page):
    answer = client.get(reverse(f"admin:notify_{page}"))
    assert answer.status_code == 200
    is_plain(answer.content.decode())


def test_the_page_of_a_person(client, boss, notice):
    answer = client.get(reverse("admin:notify_inbox_change", args=[boss.pk]), {"notice": notice.pk})
    assert answer.context["search"].story is not None
    is_plain(answer.content.decode())


def test_a_question_before_it_is_sent(client, boss, notice):
    form = helpers.form(users=[boss.pk], send_at_0="2090-01-01", send_at_1="00:00:00")
    page = client.post(helpers.ADD, form | {"_dry_run": "1"}).content.decode()
    assert 'name="confirmed" value="1"' in page
    is_plain(page)


def test_the_api(client, notice):
    for address in ("inbox/", "inbox/changes/", "config/", f"notices/{notice.pk}/"):
        text = client.get(f"/api/notify/{address}").content.decode()
        assert not SIGNS.search(json.dumps(json.loads(text), ensure_ascii=False)), address


def test_the_number_that_a_site_prints_itself_is_for_people(client, boss, notice, settings):
    """`{% notify_unread %}` is a number, so a site may write it as its others."""
    page = client.get("/notify/").content.decode()
    assert f"{MANY} unread" in page
