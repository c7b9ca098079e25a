"""The page that a link of an e-mail leads to."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

import notify
from notify.bus.publisher import publisher
from notify.kinds import registry
from notify.models import Preference
from notify.outbox.unsubscribe import Subscription, token

ADDRESS = "ada@example.org"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {})
    security = notify.Category("security", "Security", channels=[notify.Email()])
    account = notify.Category("account", "Account", channels=[notify.Email()])

    class SignedIn(notify.Kind):
        key = "shop.signed_in"
        category = security

    class Renamed(notify.Kind):
        key = "shop.renamed"
        category = account


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Whose open pages were told of what."""
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(
        publisher, "publish_preferences", lambda user, what: told.append((user, what))
    )
    return told


@pytest.fixture
def strict() -> Client:
    """A mail provider: no cookies, no CSRF token."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def link(ada: User) -> str:
    ada.email = ADDRESS
    ada.save()
    return url_of(ada)


def chosen() -> dict[str, bool]:
    rows = Preference.objects.filter(channel="email")
    return dict(rows.values_list("scope", "value"))


OFF = {"category:account": False, "category:security": False}


def url_of(user: User, address: str = ADDRESS) -> str:
    subscription = Subscription.of(user, "email", ["security", "account"], address)
    return reverse("notify:unsubscribe", args=[token(subscription)])


def test_the_post_of_the_header_acts_without_a_sign_in(link: str, strict: Client) -> None:
    assert strict.post(link, ONE_CLICK).status_code == 200
    assert chosen() == OFF


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}]
)
def test_a_get_a_head_and_a_prefetch_change_nothing(
    link: str, strict: Client, method: str, headers: dict[str, str]
) -> None:
    assert getattr(strict, method)(link, headers=headers).status_code == 200
    assert chosen() == {}


@pytest.mark.parametrize("method", ["put", "delete", "options", "patch"])
def test_other_methods_are_refused(link: str, strict: Client, method: str) -> None:
    assert getattr(strict, method)(link).status_code == 405
    assert chosen() == {}


def test_the_page_says_what_it_ends_and_ends_it_by_its_button(link: str, strict: Client) -> None:
    page = strict.get(link).content.decode()
    assert "ada@example.org gets e-mails about Account, Security." in page
    assert 'value="unsubscribe"' in page
    after = strict.post(link, {"action": "unsubscribe"}).content.decode()
    assert "gets no more e-mails about Account, Security." in after
    assert 'value="undo"' in after
    assert chosen() == OFF


def test_it_is_undone_on_the_same_page(link: str, strict: Client) -> None:
    strict.post(link, ONE_CLICK)
    assert 'value="undo"' in strict.get(link).content.decode()
    page = strict.post(link, {"action": "undo"}).content.decode()
    assert 'value="unsubscribe"' in page
    assert chosen() == {}


def test_a_post_twice_is_as_once(
    link: str, strict: Client, ada: User, told: list[tuple[str, str]]
) -> None:
    assert [strict.post(link, ONE_CLICK).status_code for _ in range(2)] == [200, 200]
    assert chosen() == OFF
    assert told == [(str(ada.pk), "preferences")]  # once: the second has changed nothing


def test_an_undo_twice_is_as_once(link: str, strict: Client, told: list[tuple[str, str]]) -> None:
    for body in (ONE_CLICK, {"action": "undo"}, {"action": "undo"}):
        assert strict.post(link, body).status_code == 200
    assert chosen() == {}
    assert len(told) == 2


def test_a_choice_for_a_kind_does_not_keep_the_mails_coming(
    link: str, strict: Client, ada: User
) -> None:
    notify.prefer(ada, "kind:shop.renamed", value=True, channel="email")
    page = strict.post(link, ONE_CLICK).content.decode()
    assert "Unsubscribed" in page
    assert chosen() == OFF | {"kind:shop.renamed": False}
    strict.post(link, {"action": "undo"})
    assert chosen() == {"kind:shop.renamed": True}


def test_a_channel_that_is_gone_is_not_found(link: str, strict: Client, ada: User) -> None:
    other = Subscription.of(ada, "pigeon", ["account"], ADDRESS)
    url = reverse("notify:unsubscribe", args=[token(other)])
    for response in (strict.get(url), strict.post(url, ONE_CLICK)):
        assert response.status_code == 404
    assert chosen() == {}


def test_a_link_works_after_the_key_of_the_site_has_changed(
    link: str, strict: Client, settings: Settings
) -> None:
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    assert strict.post(link, ONE_CLICK).status_code == 404
    settings.SECRET_KEY_FALLBACKS = [old]
    assert strict.post(link, ONE_CLICK).status_code == 200
    assert chosen() == OFF


@pytest.mark.parametrize("body", [{}, {"action": "delete"}, {"List-Unsubscribe": "Two-Clicks"}])
def test_a_post_that_asks_for_nothing_changes_nothing(
    link: str, strict: Client, body: dict[str, str]
) -> None:
    assert strict.post(link, body).status_code == 400
    assert chosen() == {}


def test_a_token_that_was_changed_is_not_found(link: str, strict: Client) -> None:
    for changed in (link[:-3] + "/", link.replace("unsubscribe/", "unsubscribe/A")):
        for response in (strict.get(changed), strict.post(changed, ONE_CLICK)):
            assert response.status_code == 404
            assert "This link doesn&#x27;t work" in response.content.decode().replace("'", "&#x27;")
    assert chosen() == {}


def test_the_token_of_a_deleted_user_does_nothing_and_says_so(
    link: str, strict: Client, ada: User
) -> None:
    ada.delete()
    assert "The account was deleted." in strict.get(link).content.decode()
    assert strict.post(link, ONE_CLICK).status_code == 200  # nobody is mailed: what was asked for
    assert chosen() == {}


def test_who_holds_an_old_address_changes_nothing_for_the_new_one(
    link: str, strict: Client, ada: User
) -> None:
    ada.email = "lovelace@example.org"
    ada.save()
    page = strict.get(link).content.decode()
    assert "the account has another one now" in page
    assert "lovelace" not in page
    assert strict.post(link, ONE_CLICK).status_code == 200
    assert chosen() == {}


def test_the_address_of_the_page_is_kept_from_others(link: str, strict: Client) -> None:
    response = strict.get(link)
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"


def test_it_speaks_german(link: str, strict: Client) -> None:
    page = strict.get(link, headers={"Accept-Language": "de"}).content.decode()
    assert "Abbestellen" in page
    assert "bekommt E-Mails" in page


def test_while_the_address_is_not_known_a_link_does_nothing_and_may_be_tried_again(
    link: str, strict: Client, settings: Settings
) -> None:
    settings.NOTIFY_READER = f"{__name__}.broken"
    response = strict.post(link, ONE_CLICK)
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert chosen() == {}
    settings.NOTIFY_READER = None
    assert strict.post(link, ONE_CLICK).status_code == 200
    assert chosen() == OFF


def broken(user: User) -> None:
    raise ZeroDivisionError
