import pytest
from django.conf.locale import LANG_INFO

import notify
from notify.web.pages.first_page import Query

DASHBOARD = "/notify/"
pytestmark = pytest.mark.django_db(transaction=True)


def test_the_rows_are_in_the_html(page, ada):
    notify.send(to=ada, title="<b>One</b>", body="text", category="ops", level="error")
    html = page.get(DASHBOARD).content.decode()
    assert "&lt;b&gt;One&lt;/b&gt;" in html
    assert 'data-level="error" data-unread' in html
    assert '<script id="notify-seed" type="application/json">' in html
    assert "\\u003Cb\\u003EOne" in html  # the seed, which cannot end its script


def test_the_script_does_not_start_from_a_filtered_page(page, ada):
    notify.send(to=ada, title="One", category="ops")
    html = page.get(DASHBOARD, {"category": "ops"}).content.decode()
    assert "notify-seed" not in html
    assert '<option value="ops" selected>ops</option>' in html
    html = page.get(DASHBOARD, {"category": "none"}).content.decode()
    assert '<div class="state nothing">' in html


def test_categories_of_other_pages_can_be_chosen(page, ada, monkeypatch):
    monkeypatch.setattr("notify.inbox.reading.RESET_ROWS", 1)
    notify.send(to=ada, title="First", category="ops")
    notify.send(to=ada, title="Second")
    html = page.get(DASHBOARD).content.decode()
    assert "First" not in html
    assert '<option value="ops">ops</option>' in html


@pytest.mark.parametrize(
    "query", ["tab=x&level=loud", "q=%00&category=%00", "before=x", "before=-1"]
)
def test_invalid_filters_count_as_missing(page, ada, query):
    notify.send(to=ada, title="One")
    response = page.get(f"{DASHBOARD}?{query}")
    assert response.status_code == 200
    assert "One" in response.content.decode()


def test_older_notifications_have_a_url(page, ada):
    for number in range(51):
        notify.send(to=ada, title=f"Notice {number}")
    html = page.get(DASHBOARD).content.decode()
    assert 'href="?before=2"' in html
    assert ">Notice 0<" in page.get(DASHBOARD, {"before": "2"}).content.decode()


def test_a_query_string_leaves_out_defaults():
    assert Query().with_() == "?"
    assert Query(tab="unread", q="a b").with_(tab="all") == "?q=a+b"


def test_a_script_link_is_no_link(page, ada):
    notice = notify.send(to=ada, title="One")
    type(notice).objects.filter(pk=notice.pk).update(url="javascript:alert(1)")
    assert 'href="javascript' not in page.get(DASHBOARD).content.decode()


def test_only_the_browser_of_this_session_may_cache_the_page(page):
    answer = page.get(DASHBOARD)
    assert {"private", "no-cache"} == set(answer["Cache-Control"].split(", "))
    assert "Cookie" in answer["Vary"]


def test_a_german_browser_gets_german(page, ada):
    notify.send(to=ada, title="One")
    html = page.get(DASHBOARD, headers={"accept-language": "de"}).content.decode()
    assert "1 ungelesen" in html
    assert "Alle als gelesen markieren" in html
    assert "Posteingang" in html


@pytest.mark.parametrize(
    ("site", "page_in", "said"),
    [
        ("en", "de", "Übersetzte Benachrichtigungen werden auf Englisch durchsucht."),
        ("en-us", "de", "Übersetzte Benachrichtigungen werden auf Englisch durchsucht."),
        ("de", "en", "Translated notifications are searched in German."),
        ("en", "en", None),
        ("en-us", "en", None),
        ("de", "de", None),
    ],
)
def test_the_search_says_in_which_language_it_searches_where_it_is_not_the_pages(
    page, settings, site, page_in, said
):
    settings.LANGUAGE_CODE = site
    html = page.get(DASHBOARD, headers={"Accept-Language": page_in}).content.decode()
    assert ('id="searched-in"' in html) is ('aria-describedby="searched-in"' in html)
    assert ('id="searched-in"' in html) is (said is not None)
    assert said is None or said in html


def test_a_language_that_django_does_not_know_is_told_by_its_code(page, settings, monkeypatch):
    monkeypatch.delitem(LANG_INFO, "en")
    html = page.get(DASHBOARD, headers={"Accept-Language": "de"}).content.decode()
    assert "Übersetzte Benachrichtigungen werden auf en durchsucht." in html


def test_marks_by_a_form(page, ada):
    notice = notify.send(to=ada, title="One")
    response = page.post(
        "/notify/mark/", {"mark": f"read:{notice.pk}", "next": "/notify/?tab=unread"}
    )
    assert response["Location"] == "/notify/?tab=unread"
    assert 'class="unread" dir="auto"></span>' in page.get(DASHBOARD).content.decode()


def test_all_are_marked_by_a_form(page, ada):
    notify.send(to=ada, title="One")
    html = page.get(DASHBOARD).content.decode()
    value = html.split('value="read-all:')[1].split('"')[0]
    response = page.post(
        "/notify/mark/", {"mark": f"read-all:{value}", "next": "https://evil.example/"}
    )
    assert response["Location"] == DASHBOARD
    assert 'class="unread" dir="auto"></span>' in page.get(DASHBOARD).content.decode()


def test_what_is_read_is_archived_by_a_form(page, ada):
    first, _second = notify.send(to=ada, title="One"), notify.send(to=ada, title="Two")
    page.post("/notify/mark/", {"mark": f"read:{first.pk}"})
    html = page.get(DASHBOARD).content.decode()
    value = html.split('value="archive-read:')[1].split('"')[0]
    page.post("/notify/mark/", {"mark": f"archive-read:{value}"})
    html = page.get(DASHBOARD).content.decode()
    assert "Two" in html
    assert "One" not in html
    assert "One" in page.get(f"{DASHBOARD}?tab=archived").content.decode()


def test_marks_of_another_epoch_change_nothing(page, ada):
    notify.send(to=ada, title="One")
    assert page.post("/notify/mark/", {"mark": "read-all:9:old"}).status_code == 302
    assert "1 unread" in page.get(DASHBOARD).content.decode()


@pytest.mark.parametrize(
    "mark", ["", "read", "read:x", "read:-1", "read:99999999999999999999", "burn:1", "read-all:1"]
)
def test_an_invalid_mark_is_refused(page, mark):
    response = page.post("/notify/mark/", {"mark": mark})
    assert response.status_code == (302 if mark == "read-all:1" else 400)


def test_marking_needs_post_and_a_user(client, db):
    assert client.get("/notify/mark/").status_code == 405
    assert client.post("/notify/mark/", {"mark": "read:1"}).status_code == 302
