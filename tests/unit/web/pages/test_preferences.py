"""The page of preferences, as the server draws it and as its form is carried out."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

import notify
from notify.models import Mute, Preference, Reader, Subscription
from notify.readers.profile import profile_of
from notify.web.pages.preferences import preferences_page

PAGE = "/notify/preferences/"
pytestmark = [pytest.mark.django_db(transaction=True)]


def shown(client, **query):
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def words(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_strangers_sign_in(client, db):
    assert client.get(PAGE).status_code == 302
    assert client.post(PAGE, {"set.inbox.all": "off"}).status_code == 302
    assert not Preference.objects.exists()


def test_it_has_a_row_for_everything_each_category_and_each_kind(page, ada):
    notify.send(to=ada, title="Hello", category="talk")
    text = shown(page)
    for scope in ("all", "category:account", "category:talk", "kind:notify.welcome"):
        assert f'data-scope="{scope}"' in text
    assert 'name="set.inbox.category:talk" aria-label="talk: Inbox"' in text
    assert 'name="set.inbox.kind:notify.password_changed"' not in text  # it is required
    assert "<style" not in text
    assert " style=" not in text


def test_it_shows_what_is_muted_and_followed(page, ada):
    assert "Nothing is muted." in shown(page)
    notify.mute(ada, "category:talk")
    notify.mute(ada, "topic:b", timedelta(days=300))
    notify.follow(ada, "post:3")
    text = words(shown(page))
    assert re.search(r"talk Until you unmute it Unmute talk", text)
    assert re.search(r"b Until \d+ \w+( \d+)? \d\d:\d\d Unmute b", text)
    assert "post:3 Unfollow post:3" in text


def test_what_was_changed_is_written(page, ada):
    notify.prefer(ada, "category:talk", value=True)
    answer = page.post(
        PAGE,
        {
            "set.inbox.all": "off",
            "was.inbox.all": "",
            "set.inbox.category:talk": "",
            "was.inbox.category:talk": "on",
            "set.inbox.category:account": "",
            "was.inbox.category:account": "",
            "set.zone": "Europe/Berlin",
            "was.zone": "",
            "set.quiet": "on",
            "set.quiet_start": "22:00",
            "set.quiet_end": "06:30",
            "was.quiet": "",
            "next": "/notify/preferences/?a=1",
        },
    )
    assert (answer.status_code, answer["Location"]) == (302, "/notify/preferences/?a=1")
    assert list(Preference.objects.values_list("scope", "value")) == [("all", False)]
    assert profile_of(str(ada.pk)) == {
        "zone": "Europe/Berlin",
        "language": "",
        "quiet": {"start": "22:00", "end": "06:30"},
    }
    text = shown(page)
    assert "<option selected>Europe/Berlin</option>" in text
    assert 'name="was.quiet" value="22:00-06:30"' in text
    page.post(PAGE, {"was.quiet": "22:00-06:30"})
    assert profile_of(str(ada.pk))["quiet"] is None


def test_what_was_not_changed_is_not_written(page):
    assert page.post(PAGE, {"set.inbox.all": "on", "was.inbox.all": "on"}).status_code == 302
    assert not Preference.objects.exists()
    assert not Reader.objects.exists()


def test_the_buttons_unmute_and_unfollow(page, ada):
    notify.mute(ada, "category:talk")
    notify.follow(ada, "post:3")
    assert page.post(PAGE, {"unmute": "category:talk"})["Location"] == PAGE
    assert not Mute.objects.exists()
    page.post(PAGE, {"unfollow": "post:3"})
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"set.inbox.all": "maybe"},
        {"set.fax.all": "on"},
        {"set.inbox.<b>": "on"},
        {"set.inbox.kind:notify.new_device": "off"},
        {"set.zone": "Mars/Base", "was.zone": ""},
        {"set.quiet": "on", "was.quiet": ""},
        {"unmute": "nothing"},
    ],
)
def test_what_cannot_be_chosen_is_400(page, fields):
    answer = page.post(PAGE, fields)
    assert answer.status_code == 400
    assert b"<b>" not in answer.content
    assert not Preference.objects.exists()
    assert not Reader.objects.exists()


def test_it_is_in_the_language_of_the_page(page):
    answer = page.get(PAGE, headers={"Accept-Language": "de"})
    assert "Standard dieser Website" in answer.content.decode()


def test_it_costs_six_queries_and_one_for_names(ada, rf, silent, django_assert_num_queries):
    request = rf.get(PAGE)
    request.user = ada
    preferences_page(request)
    with django_assert_num_queries(6):
        preferences_page(request)
    notify.mute(ada, "thing:order:7")
    with django_assert_num_queries(7):
        preferences_page(request)


def test_the_tag_is_for_the_signed_in_and_has_no_second_h1(page, ada, client, rf):
    from django.contrib.auth.models import AnonymousUser
    from django.template import RequestContext, Template

    template = Template("{% load notify %}{% notify_preferences %}")
    request = rf.get("/shop/settings/")
    request.user = AnonymousUser()
    assert template.render(RequestContext(request, {"request": request})).strip() == ""
    request.user = ada
    text = template.render(RequestContext(request, {"request": request}))
    assert "<h1" not in text
    assert 'name="next" value="/shop/settings/"' in text
    assert f'action="{PAGE}"' in text
