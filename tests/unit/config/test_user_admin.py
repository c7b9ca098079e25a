from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User

from config.user_admin import UserWithInboxAdmin, register


@pytest.mark.django_db
def test_the_page_of_a_user_leads_to_their_inbox(admin_client, make_user):
    ada = make_user("ada")
    page = admin_client.get(f"/admin/auth/user/{ada.pk}/change/").content.decode()
    assert f"/admin/notify/inbox/{ada.pk}/change/" in page


def test_a_project_that_has_no_admin_of_users_gets_none(monkeypatch):
    site = admin.AdminSite()
    monkeypatch.setattr(admin, "site", site)
    register()
    assert not site.is_registered(User)


def test_it_takes_the_place_of_djangos():
    assert isinstance(admin.site.get_model_admin(User), UserWithInboxAdmin)
