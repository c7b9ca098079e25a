from unittest.mock import Mock

import pytest
from django.test import Client
from django.urls import reverse
from django.views.defaults import server_error

import notify
from notify import sending
from notify.access.authentication import public_user_id
from notify.bus.publisher import publisher
from notify.exceptions import Busy, EpochChanged
from notify.models import Notice, Notification, Reader
from notify.web import limits

DASHBOARD = "/notify/"
DEVICES = "/notify/devices/"


def test_the_dashboard_asks_who_you_are(client, db):
    response = client.get(DASHBOARD)
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('login')}?next={DASHBOARD}"


@pytest.mark.parametrize("path", [DASHBOARD, "/notify/operations/"])
@pytest.mark.parametrize("query", ["a" * 8000, '"' * 900, "é" * 400], ids=["a", "quotes", "é"])
def test_what_a_redirect_repeats_fits_into_the_headers_of_any_proxy(client, db, path, query):
    response = client.get(path, QUERY_STRING=query)
    assert response["Location"] == f"{reverse('login')}?next={path}"


def test_a_usual_query_is_repeated_after_signing_in(client, db):
    response = client.get(DASHBOARD, QUERY_STRING="q=" + "a" * 998)
    assert response["Location"] == f"{reverse('login')}?next={DASHBOARD}%3Fq%3D{'a' * 998}"
    assert len(client.get(DASHBOARD, QUERY_STRING="%" * 1000)["Location"]) < 3100


def test_a_signed_in_user_keeps_a_long_query(page):
    assert "a" * 4000 in page.get(DASHBOARD, {"q": "a" * 4000}).content.decode()


def test_the_dashboard_has_the_elements_and_their_configuration(page):
    html = page.get(DASHBOARD).content.decode()
    for element in ("notify-bell", "notify-inbox", "notify-connection", "notify-test"):
        assert f"<{element}" in html
    assert "&quot;socket&quot;: &quot;/ws/notify/&quot;" in html
    assert "&quot;api&quot;: &quot;/api/notify/&quot;" in html


def test_the_dashboard_has_no_inline_script_or_style(page):
    html = page.get(DASHBOARD).content.decode()
    assert "<style" not in html
    assert " style=" not in html
    assert html.count("<script") == html.count('<script type="module" src="') + html.count(
        'type="application/json"'  # data, which no policy runs
    )


def test_a_test_is_sent_to_oneself_only(page, ada, make_user):
    make_user("bob")
    response = page.post("/notify/test/")
    assert response.status_code == 201
    notice = Notice.objects.get(pk=response.json()["id"])
    assert notice.kind == "notify.test"


@pytest.mark.django_db(transaction=True)
def test_a_test_is_in_the_inbox_when_the_answer_comes(page, ada):
    response = page.post("/notify/test/")
    assert Notification.objects.get(user=ada).notice_id == response.json()["id"]


def test_the_page_of_another_user_sends_no_test(page, ada):
    assert page.post("/notify/test/", headers={"X-Notify-User": "other"}).status_code == 412
    assert not Notice.objects.exists()
    ours = {"X-Notify-User": public_user_id(str(ada.pk))}
    assert page.post("/notify/test/", headers=ours).status_code == 201


def test_a_test_is_429_while_others_hold_the_locks(page, monkeypatch):
    monkeypatch.setattr(notify, "send", Mock(side_effect=Busy("locked")))
    response = page.post("/notify/test/")
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "busy"
    assert response["Retry-After"] == "1"


@pytest.mark.django_db(transaction=True)
def test_a_mark_without_scripts_keeps_the_language_of_the_page(page, ada):
    notice = notify.send(to=ada, title="Hello")
    page.post("/notify/mark/", {"mark": f"read:{notice.pk}"}, headers={"accept-language": "de"})
    assert Notification.objects.get().seen_in == "de"


@pytest.mark.parametrize("error", [Busy("locked"), EpochChanged("another")])
def test_a_mark_that_fails_shows_the_page_again(page, monkeypatch, error):
    monkeypatch.setattr(sending, "mark", Mock(side_effect=error))
    assert page.post("/notify/mark/", {"mark": "read:1"}).status_code == 302


def test_too_many_tests_are_put_off(page, monkeypatch):
    monkeypatch.setattr(limits, "requests", limits.RateLimit(1))
    assert page.post("/notify/test/").status_code == 201
    response = page.post("/notify/test/")
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60
    assert Notice.objects.count() == 1


def test_a_few_tests_a_minute_are_enough(page, make_user):
    answers = [page.post("/notify/test/") for _ in range(limits.MAX_TESTS_PER_MINUTE + 1)]
    assert [answer.status_code for answer in answers] == [201] * limits.MAX_TESTS_PER_MINUTE + [429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert Notice.objects.count() == limits.MAX_TESTS_PER_MINUTE
    page.force_login(make_user("bob"))
    assert page.post("/notify/test/").status_code == 201


@pytest.mark.parametrize("back", ["foo", "foo:bar", "?tab=unread", "notify:dashboard"])
def test_the_next_url_of_a_mark_may_be_anything(page, back):
    response = page.post("/notify/mark/", {"mark": "read:1", "next": back})
    assert response.status_code == 302
    assert response["Location"] in {back, DASHBOARD}


@pytest.mark.parametrize("back", [f"{DASHBOARD}?q={'a' * 1500}", f"{DASHBOARD}?q={'é' * 400}"])
def test_where_a_mark_leads_back_to_is_no_longer_than_proxies_take(page, back):
    response = page.post("/notify/mark/", {"mark": "read:1", "next": back})
    assert response["Location"] == DASHBOARD


def test_what_is_forbidden_is_one_line_of_the_log(page, caplog):
    assert page.get("/notify/operations/").status_code == 403
    [record] = [one for one in caplog.records if one.name == "django.request"]
    assert record.exc_info is None


def test_too_many_marks_of_the_page_are_put_off(page, ada, monkeypatch):
    monkeypatch.setattr(limits, "requests", limits.RateLimit(1))
    assert page.post("/notify/mark/", {"mark": "read:1"}).status_code == 302
    response = page.post("/notify/mark/", {"mark": "read:1"})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 60


def test_a_test_needs_post_and_a_user(client, db):
    assert client.get("/notify/test/").status_code == 405
    response = client.post("/notify/test/")
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_signed_in"


def test_a_test_needs_the_csrf_token(ada):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    response = strict.post("/notify/test/")
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "csrf"
    assert not Notice.objects.exists()


def test_a_test_checks_the_user_of_the_page_before_the_csrf_token(ada):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    response = strict.post("/notify/test/", headers={"X-Notify-User": "other"})
    assert response.status_code == 412
    assert response.json()["error"]["code"] == "user"


def test_the_page_of_devices_and_alerts_is_for_its_user(page, client, db):
    answer = page.get(DEVICES)
    assert "no-store" in answer["Cache-Control"]
    for element in ("notify-connection", "notify-test", "notify-sockets", "notify-alerts"):
        assert f"<{element}" in answer.content.decode()
    client.logout()
    assert client.get(DEVICES)["Location"] == f"{reverse('login')}?next={DEVICES}"


def test_an_address_that_leads_nowhere_leads_home(page):
    answer = page.get("/nowhere/")
    assert answer.status_code == 404
    html = answer.content.decode()
    assert "Page not found" in html
    assert f'href="{DASHBOARD}"' in html


def test_the_page_of_an_error_needs_no_database(rf):  # without `db`, a query fails
    answer = server_error(rf.get("/"))
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()


def test_who_chooses_a_language_has_it_kept_and_their_windows_told(
    page, ada, monkeypatch, django_capture_on_commit_callbacks
):
    told = []
    monkeypatch.setattr(publisher, "publish_preferences", lambda *what: told.append(what))
    with django_capture_on_commit_callbacks(execute=True):
        response = page.post(reverse("notify:language"), {"language": "de", "next": DASHBOARD})
    assert response.status_code == 302
    assert Reader.objects.get(user=ada).language == "de"
    assert told == [(str(ada.pk), "reader")]
    refused = page.post(reverse("notify:language"), {"language": "<xx>"})
    assert (refused.status_code, refused.content) == (
        400,
        b"language: must be one of en, de, or empty.",
    )
    assert Reader.objects.get(user=ada).language == "de"
