import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import notify
from notify.models import Notice
from notify.templatetags.notify import notify_is_link, notify_when
from tests.harness.server import ROOT


@pytest.fixture
def render(rf):
    def of(source, user, *, path="/", **cookies):
        request = rf.get(path)
        request.user = user
        request.COOKIES |= cookies
        context = Context({"request": request, "user": user})
        return Template("{% load notify %}" + source).render(context).strip()

    return of


@pytest.mark.parametrize("tag", ["notify_inbox", "notify_connection"])
def test_an_anonymous_user_gets_no_element(render, tag):
    assert render(f"{{% {tag} %}}", AnonymousUser()) == ""


def test_an_anonymous_user_gets_no_bell_and_stored_data_is_deleted(render):
    html = render("{% notify_bell %}", AnonymousUser())
    assert re.fullmatch(
        r'<script type="module" src="[^"]*notify/signed-out.min.js"></script>', html
    )


@pytest.mark.parametrize("tag", ["notify_bell", "notify_inbox", "notify_connection"])
def test_a_user_gets_the_element_with_its_script(render, make_user, tag):
    html = render(f"{{% {tag} %}}", make_user("ada"))
    assert html.startswith(f"<{tag.replace('_', '-')} data-config=")
    script = "bell.min.js" if tag == "notify_bell" else "elements.min.js"
    assert f"notify/{script}" in html


@pytest.mark.django_db(transaction=True)
def test_without_a_script_the_bell_is_its_number_and_on_the_inboxs_page_no_link(
    render, make_user, settings
):
    settings.NOTIFY_WELCOME = False
    ada, inbox = make_user("ada"), reverse("notify:dashboard")

    def plain(path):
        (link,) = re.findall(
            r"<noscript>(.*)</noscript>", render("{% notify_bell %}", ada, path=path)
        )
        return link

    assert plain("/") == f'<a class="plain" href="{inbox}">Notifications</a>'
    for title in ("One", "Two"):
        notify.send(to=ada, title=title)
    assert plain("/") == f'<a class="plain" href="{inbox}">Notifications <strong>2</strong></a>'
    assert (
        plain(inbox) == '<a class="plain" aria-current="page">Notifications <strong>2</strong></a>'
    )


def test_a_page_without_a_request_gets_no_element():
    assert Template("{% load notify %}{% notify_bell %}").render(Context()).strip() == ""


@pytest.mark.django_db(transaction=True)
def test_unread_is_the_current_number(render, make_user, settings):
    settings.NOTIFY_WELCOME = False
    ada = make_user("ada")
    assert render("{% notify_unread %}", ada) == "0"
    notify.send(to=ada, title="One")
    notify.send(to=ada, title="Two")
    assert render("{% notify_unread %}", ada) == "2"
    assert render("{% notify_unread %}", AnonymousUser()) == "0"


def test_demo_users_are_named_only_with_debug(render, make_user, settings):
    source = "{% notify_has_demo_users as demo %}{{ demo }}"
    settings.DEBUG = True
    assert render(source, AnonymousUser()) == "False"
    for name in ("ada", "bob", "cleo", "admin"):
        make_user(name)
    assert render(source, AnonymousUser()) == "True"
    settings.DEBUG = False
    assert render(source, AnonymousUser()) == "False"


@pytest.mark.parametrize("tag", ["notify_inbox", "notify_connection"])
def test_an_element_names_the_shared_scripts_as_the_page_loads_them(render, make_user, tag):
    html = render(f"{{% {tag} %}}", make_user("ada"))
    [config] = re.findall(r'data-config="([^"]+)"', html)
    scripts = re.findall(r'<script type="module" src="([^"]+)">', html)
    names = ["bell", "panel", "elements"]
    assert scripts == [f"/static/notify/{name}.min.js" for name in names]
    told = json.loads(unescape(config))
    assert [told["script"], told["panel"]] == scripts[:2]


def test_a_time_has_its_shortest_unambiguous_form(settings):
    now = timezone.now()
    assert notify_when(now) == "now"
    assert notify_when(now - timedelta(minutes=4, seconds=5)) == "4 min"
    assert notify_when(now.replace(year=now.year - 2, month=11, day=12)).startswith("12 Nov 20")
    assert len(notify_when(now - timedelta(days=3))) == len("Tue 14:02")


def test_the_day_ends_at_the_midnight_of_the_zone(monkeypatch):
    evening = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: evening + timedelta(hours=3))
    assert notify_when(evening) == "17:00"
    with timezone.override(ZoneInfo("Asia/Kathmandu")):  # where it is 01:45 of the next day
        assert notify_when(evening) == "Sat 22:45"


@pytest.fixture
def old_notice(db, make_user, settings, django_capture_on_commit_callbacks):
    """A notice to Ada, created on 1 March at 21:30 UTC; returns Ada."""
    settings.NOTIFY_WELCOME = False
    ada = make_user("ada")
    with django_capture_on_commit_callbacks(execute=True):
        notify.send(to=ada, title="Hello")
    Notice.objects.update(created=datetime(2024, 3, 1, 21, 30, tzinfo=UTC))
    return ada


@pytest.mark.parametrize(
    ("zone", "when", "day"),
    [
        (None, "March 1, 2024, 9:30 p.m. UTC", "1 Mar 2024"),
        ("Asia/Kathmandu", "March 2, 2024, 3:15 a.m. Asia/Kathmandu", "2 Mar 2024"),
        ("America/New_York", "March 1, 2024, 4:30 p.m. America/New_York", "1 Mar 2024"),
        ("Middle/Earth", "March 1, 2024, 9:30 p.m. UTC", "1 Mar 2024"),
    ],
)
def test_the_inbox_uses_the_time_zone_of_the_browser(render, old_notice, zone, when, day):
    cookies = {} if zone is None else {"notify_zone": zone}
    html = render("{% notify_inbox %}", old_notice, **cookies)
    [(title, text)] = re.findall(r'<time datetime="[^"]+" title="([^"]+)">([^<]+)</time>', html)
    assert (title, text) == (when, day)
    assert timezone.get_current_timezone_name() == "UTC"  # the rest of the page keeps its time zone


def test_a_time_zone_that_the_project_activates_needs_no_script(render, old_notice):
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert 'title="March 2, 2024, 6:30 a.m. Asia/Tokyo"' in render(
            "{% notify_inbox %}", old_notice
        )


@pytest.mark.parametrize(
    ("url", "is_link"),
    [("/a", True), ("https://a/", True), ("javascript:x", False), ("", False), (None, False)],
)
def test_only_paths_and_http_urls_are_links(url, is_link):
    assert notify_is_link(url) is is_link


@pytest.fixture
def reader(make_user, notify_immediate_delivery):
    """A user with a notification; the process has already queried the version of its database."""
    ada = make_user("ada")
    notify.send(to=ada, title="Hello")
    return ada


PAGE = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
COSTS = re.findall(r"^\| `(\{% \w+ %\})` \| (\d) \| (.+) \|$", PAGE, re.MULTILINE)


def respond(tag, user):
    def view(request: HttpRequest) -> HttpResponse:
        request.user = user
        context = Context({"request": request})
        return HttpResponse(Template("{% load notify %}" + tag).render(context))

    with CaptureQueriesContext(connection) as queries:
        response = CsrfViewMiddleware(view)(RequestFactory().get("/"))
    return len(queries), settings.CSRF_COOKIE_NAME in response.cookies, response.get("Vary")


def test_the_table_of_costs_has_all_tags_that_depend_on_the_user():
    assert [tag for tag, _, _ in COSTS] == [
        f"{{% notify_{name} %}}" for name in ("bell", "inbox", "connection", "unread")
    ]


@pytest.mark.parametrize(("tag", "queries", "response_gets"), COSTS)
def test_a_tag_costs_what_the_documentation_says(tag, queries, response_gets, reader):
    costs = "CSRF" in response_gets
    assert respond(tag, reader) == (int(queries), costs, "Cookie" if costs else None)
    assert respond(tag, AnonymousUser()) == (0, False, None)
