"""API tokens in the admin."""

from __future__ import annotations

import re

import pytest

from notify.models import ApiToken
from tests.unit.admin.helpers import allow, errors_of, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

TOKENS = "/admin/notify/apitoken/"


def plain_token(response):
    [plain] = re.findall(r"ntf_[\w-]{40,}", text_of(response))
    return plain


def test_a_token_is_shown_once(admin_client, ada):
    allow(ada, "send_notice")
    response = admin_client.post(
        f"{TOKENS}add/", {"name": "robot", "user": ada.pk, "scopes": ["send"]}
    )
    plain = plain_token(response)  # in the answer itself: a message would be in a cookie
    assert "messages" not in response.cookies
    assert "no-store" in response["Cache-Control"]
    token = ApiToken.objects.authenticate(plain)
    assert token
    assert (token.name, token.user, token.scopes) == ("robot", ada, ["send"])
    for url in (TOKENS, f"{TOKENS}{token.pk}/change/"):
        page = admin_client.get(url).content.decode()
        assert plain not in page
        assert token.token_hash not in page
        assert token.prefix in page


def test_a_token_is_never_changed(admin_client, ada):
    token, _plain = ApiToken.objects.issue(ada, "robot", ["inbox"])
    page = f"{TOKENS}{token.pk}/change/"
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"name": "x", "scopes": ["send"]}).status_code == 403


def test_a_revoked_token_authenticates_nobody(admin_client, ada):
    token, plain = ApiToken.objects.issue(ada, "robot", ["inbox"])
    response = admin_client.post(
        TOKENS, {"action": "revoke", "_selected_action": [token.pk]}, follow=True
    )
    assert "1 token revoked." in text_of(response)
    assert ApiToken.objects.authenticate(plain) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"name": ""}, "name"),
    ],
)
def test_an_invalid_token_form_is_refused(admin_client, ada, fields, field):
    wanted = {"name": "robot", "user": ada.pk, "scopes": ["inbox"]} | fields
    response = admin_client.post(f"{TOKENS}add/", wanted)
    assert list(errors_of(response)) == [field]
    assert not ApiToken.objects.exists()


def test_a_sending_token_is_created_only_for_a_user_who_may_send(admin_client, ada):
    """Although its creator is a superuser: the token acts for its user."""
    wanted = {"name": "robot", "user": ada.pk, "scopes": ["inbox", "send"]}
    errors = errors_of(admin_client.post(f"{TOKENS}add/", wanted))
    assert list(errors) == ["scopes"]
    assert "permission to send notices" in str(errors["scopes"])
    allow(ada, "send_notice")
    admin_client.post(f"{TOKENS}add/", wanted)
    assert ApiToken.objects.get().user == ada


def test_a_token_grants_no_more_than_its_creator_may_do(make_user, client, ada):
    may = ("add_apitoken", "view_apitoken", "view_user")
    creator = allow(make_user("creator", is_staff=True), *may)
    client.force_login(creator)
    theirs, _plain = ApiToken.objects.issue(ada, "of ada", ["inbox"])

    def make(user, scope):
        wanted = {"name": "robot", "user": user.pk, "scopes": [scope]}
        return client.post(f"{TOKENS}add/", wanted)

    assert list(errors_of(make(ada, "inbox"))) == ["user"]
    assert list(errors_of(make(creator, "send"))) == ["scopes"]
    assert plain_token(make(creator, "inbox"))
    assert "of ada" not in client.get(TOKENS).content.decode()
    assert client.get(f"{TOKENS}{theirs.pk}/change/").status_code == 302
