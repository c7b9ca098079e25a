"""Notices that notify sends by itself, and the pattern for those of a project."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.test import Client
from django.utils import translation

import notify
from notify import receivers, sending
from notify.access import user_agents
from notify.changes import Locale
from notify.inbox import reading, renderings
from notify.models import KnownDevice, Notification
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
NEWER_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


def kinds(user):
    rows = Notification.objects.filter(user=user).order_by("arrived")
    return [kind.removeprefix("notify.") for kind in rows.values_list("notice__kind", flat=True)]


def new_user():
    return get_user_model().objects.create(username="ada")


# Welcome


def test_a_new_user_is_welcomed():
    assert kinds(new_user()) == ["welcome"]


def test_a_user_who_is_saved_again_is_not_welcomed_again():
    ada = new_user()
    ada.first_name = "Ada"
    ada.save()
    assert kinds(ada) == ["welcome"]


def test_the_welcome_can_be_switched_off(settings):
    settings.NOTIFY_WELCOME = False
    assert kinds(new_user()) == []


def test_a_user_made_through_a_proxy_is_welcomed():
    class Customer(User):
        class Meta:
            proxy = True
            app_label = "auth"

    assert kinds(Customer.objects.create(username="ada")) == ["welcome"]


def test_a_user_whose_creation_is_rolled_back_leaves_nothing():
    with transaction.atomic():
        new_user()
        transaction.set_rollback(True)
    assert not Notification.objects.exists()


@pytest.mark.parametrize("model", [Group, User])
def test_a_site_may_send_the_signals_of_a_save_itself(model):
    for signal in (pre_save, post_save):
        signal.send(sender=model, instance=model())


def test_fixtures_welcome_nobody(tmp_path, ada):
    file = tmp_path / "users.json"
    with file.open("w") as out:
        call_command("dumpdata", "auth.user", stdout=out)
    ada.delete()
    call_command("loaddata", str(file), verbosity=0)
    assert kinds(get_user_model().objects.get(username="ada")) == []


def test_the_welcome_is_read_in_the_language_of_its_reader():
    with translation.override("de"):
        ada = new_user()
    page = reading.page(str(ada.pk))
    assert page is not None
    german = renderings.in_locale(page, Locale("de", "UTC"))
    assert [row["title"] for one in (page, german) for row in one.rows] == ["Welcome", "Willkommen"]


@pytest.mark.parametrize("failure", [RuntimeError, DatabaseError])
def test_a_failing_welcome_does_not_prevent_the_creation_of_a_user(monkeypatch, caplog, failure):
    def fail(*args, **kwargs):
        if failure is DatabaseError:
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM there_is_no_such_table")
        raise failure

    monkeypatch.setattr(sending, "send", fail)
    with transaction.atomic():
        ada = new_user()
        assert get_user_model().objects.filter(pk=ada.pk).exists(), "the transaction goes on"
    assert get_user_model().objects.filter(pk=ada.pk).exists()
    assert "welcome failed" in caplog.text


# Password


def test_a_changed_password_sends_a_notice(ada):
    ada.set_password("another one")
    ada.save()
    assert kinds(ada) == ["password_changed"]


def test_a_form_of_django_that_changes_the_password_sends_a_notice(ada):
    form = SetPasswordForm(ada, {"new_password1": "y7-Zug!horse", "new_password2": "y7-Zug!horse"})
    assert form.is_valid()
    form.save()
    assert kinds(ada) == ["password_changed"]


def test_a_password_set_in_the_admin_sends_a_notice(ada, admin_client):
    new = {"password1": "y7-Zug!horse", "password2": "y7-Zug!horse", "usable_password": "true"}
    admin_client.post(f"/admin/auth/user/{ada.pk}/password/", new)
    assert kinds(ada) == ["password_changed"]


def test_a_hash_that_is_renewed_at_sign_in_is_no_change(ada, settings):
    settings.NOTIFY_NEW_DEVICE = False
    ada.password = make_password(PASSWORD, hasher="pbkdf2_sha1")
    ada.save()
    before = ada.password
    sign_in()
    ada.refresh_from_db()
    assert ada.password != before, "the hash was renewed"
    assert kinds(ada) == []


def test_a_save_that_leaves_the_password_out_is_no_change(ada):
    ada.set_password("another one")
    ada.save(update_fields=["last_name"])
    assert kinds(ada) == []


@pytest.mark.parametrize("none", ["", make_password(None)], ids=["empty", "unusable"])
def test_a_first_password_is_no_change(make_user, none):
    ada = make_user("ada")
    User.objects.filter(pk=ada.pk).update(password=none)
    ada.refresh_from_db()
    ada.set_password("the first")
    ada.save()
    assert kinds(ada) == []
    ada.set_password("the second")
    ada.save()
    assert kinds(ada) == ["password_changed"]


def test_a_user_who_is_saved_before_the_password_is_set_is_welcomed_only():
    ada = User(username="ada")
    ada.save()
    ada.set_password("the first")
    ada.save()
    assert kinds(ada) == ["welcome"]


def test_the_stored_password_counts_not_that_of_the_instance(ada):
    held = User.objects.get(pk=ada.pk)
    held.set_unusable_password()  # and not saved
    held.set_password("another one")
    held.save()
    assert kinds(ada) == ["password_changed"]


@pytest.mark.parametrize(
    ("fields", "told"), [(["last_name"], []), (["password"], ["password_changed"])]
)
def test_after_a_failed_save_only_one_that_writes_the_password_sends_a_notice(
    ada, make_user, fields, told
):
    make_user("bob")
    ada.set_password("another one")
    ada.username = "bob"
    with pytest.raises(DatabaseError):
        ada.save()
    ada.save(update_fields=fields)
    assert kinds(ada) == told


def test_only_a_save_that_writes_a_password_costs_another_query(ada, django_assert_num_queries):
    with django_assert_num_queries(1):
        ada.save(update_fields=["last_name"])


def test_the_password_notice_can_be_switched_off(ada, settings):
    settings.NOTIFY_PASSWORD_CHANGED = False
    ada.set_password("another one")
    ada.save()
    assert kinds(ada) == []


def test_it_links_to_the_page_that_changes_the_password(ada, settings):
    ada.set_password("another one")
    ada.save()
    assert Notification.objects.get(user=ada).notice.url == "/accounts/password_change/"
    settings.ROOT_URLCONF = "notify.urls"  # a project without that page
    assert receivers._password_page() is None


# Devices


def sign_in(user_agent=FIREFOX):
    client = Client(headers={"user-agent": user_agent})
    response = client.post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    assert response.status_code == 302
    return client


def test_the_first_device_is_known_silently(ada):
    sign_in()
    assert kinds(ada) == []
    assert KnownDevice.objects.filter(user=ada).count() == 1


def test_a_new_device_sends_one_notice(ada):
    sign_in(FIREFOX)
    sign_in(SAFARI)
    sign_in(SAFARI)
    sign_in(FIREFOX)
    assert kinds(ada) == ["new_device"]
    notice = Notification.objects.get(user=ada).notice
    assert notice.level == "warning"
    assert notice.body.startswith("From Safari · iPhone.")


def test_an_updated_browser_is_the_same_device(ada):
    sign_in(FIREFOX)
    seen = KnownDevice.objects.get().last_seen
    sign_in(NEWER_FIREFOX)
    assert kinds(ada) == []
    assert KnownDevice.objects.get().last_seen > seen


def test_the_device_notice_can_be_switched_off(ada, settings):
    settings.NOTIFY_NEW_DEVICE = False
    sign_in(FIREFOX)
    sign_in(SAFARI)
    assert kinds(ada) == []
    assert not KnownDevice.objects.exists()


def test_a_failing_device_notice_does_not_fail_the_sign_in(ada, monkeypatch, caplog):
    monkeypatch.setattr(user_agents, "fingerprint", lambda user_agent: 1 / 0)
    assert sign_in().get("/notify/").status_code == 200
    assert "_signed_in failed" in caplog.text


def test_markup_in_a_user_agent_is_not_shown(ada):
    sign_in(FIREFOX)
    sign_in("<script>alert(1)</script>")
    assert "<" not in Notification.objects.get(user=ada).notice.body


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox · Linux"),
        (SAFARI, "Safari · iPhone"),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"
            ),
            "Edge · Windows",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/120.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome · Android",
        ),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_device_has_a_readable_name(user_agent, name):
    assert user_agents.name(user_agent) == name


# A receiver of the project: the example of docs/triggers.md


def test_a_receiver_of_the_project_sends_on_commit_and_leaves_nothing_on_rollback(ada):
    @receiver(post_save, sender=Group)
    def tell_about_a_new_group(sender, *, instance, created, raw, **kwargs):
        if created and not raw:
            notify.send(
                to=ada,
                title=f"Group {instance.name} is new",
                kind="groups.new",
                key=f"group-{instance.pk}",
            )

    try:
        with transaction.atomic():
            group = Group.objects.create(name="kept")
            assert kinds(ada) == [], "before the commit nobody has it"
        group.save()
        with transaction.atomic():
            Group.objects.create(name="undone")
            transaction.set_rollback(True)
    finally:
        post_save.disconnect(tell_about_a_new_group, sender=Group)

    titles = Notification.objects.filter(user=ada).values_list("notice__title", flat=True)
    assert list(titles) == ["Group kept is new"]
