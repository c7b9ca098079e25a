import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.utils import timezone

import notify
from notify.templatetags.notify import notify_is_link, notify_when


@pytest.fixture
def render(rf):
    def of(source, user):
        request = rf.get("/")
        request.user = user
        context = Context({"request": request, "user": user})
        return Template("{% load notify %}" + source).render(context).strip()

    return of


@pytest.mark.parametrize("tag", ["notify_inbox", "notify_connection"])
def test_a_stranger_gets_no_element(render, tag):
    assert render(f"{{% {tag} %}}", AnonymousUser()) == ""


def test_a_stranger_gets_no_bell_and_what_was_kept_for_another_is_forgotten(render):
    html = render("{% notify_bell %}", AnonymousUser())
    assert re.fullmatch(r'<script type="module" src="[^"]*notify/signed-out.js"></script>', html)


@pytest.mark.parametrize("tag", ["notify_bell", "notify_inbox", "notify_connection"])
def test_a_user_gets_the_element_with_its_script(render, make_user, tag):
    html = render(f"{{% {tag} %}}", make_user("ada"))
    assert html.startswith(f"<{tag.replace('_', '-')} data-config=")
    script = "bell.js" if tag == "notify_bell" else "elements.js"
    assert f"notify/{script}" in html


def test_a_page_without_a_request_gets_no_element():
    assert Template("{% load notify %}{% notify_bell %}").render(Context()).strip() == ""


@pytest.mark.django_db(transaction=True)
def test_unread_is_the_number_of_now(render, make_user, settings):
    settings.NOTIFY_WELCOME = False
    ada = make_user("ada")
    assert render("{% notify_unread %}", ada) == "0"
    notify.send(to=ada, title="One")
    notify.send(to=ada, title="Two")
    assert render("{% notify_unread %}", ada) == "2"
    assert render("{% notify_unread %}", AnonymousUser()) == "0"


def test_demo_users_are_named_with_debug_only(render, make_user, settings):
    source = "{% notify_has_demo_users as demo %}{{ demo }}"
    settings.DEBUG = True
    assert render(source, AnonymousUser()) == "False"
    for name in ("ada", "bob", "cleo", "admin"):
        make_user(name)
    assert render(source, AnonymousUser()) == "True"
    settings.DEBUG = False
    assert render(source, AnonymousUser()) == "False"


def test_the_modules_of_a_script_are_asked_for_together(render, make_user):
    html = render("{% notify_bell %}", make_user("ada"))
    assert 'rel="modulepreload" href="/static/notify/client.js"' in html
    assert "bell-panel.js" not in html  # for whoever reaches for the bell


def test_a_time_is_as_short_as_it_stays_clear(settings):
    now = timezone.now()
    assert notify_when(now) == "now"
    assert notify_when(now - timedelta(minutes=4, seconds=5)) == "4 min"
    assert notify_when(now.replace(year=now.year - 2, month=11, day=12)).startswith("12 Nov 20")
    assert len(notify_when(now - timedelta(days=3))) == len("Tue 14:02")


@pytest.mark.parametrize(
    ("url", "is_link"),
    [("/a", True), ("https://a/", True), ("javascript:x", False), ("", False), (None, False)],
)
def test_only_what_leads_somewhere_is_a_link(url, is_link):
    assert notify_is_link(url) is is_link
