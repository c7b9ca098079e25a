"""The button on a user's page that leads to their inbox."""

from __future__ import annotations

import pytest

from tests.unit.admin.helpers import INBOXES, allow

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("may", [True, False])
def test_only_staff_who_may_see_inboxes_get_it(client, make_user, may):
    staff = allow(make_user("staff", is_staff=True), "view_user", *(["view_inbox"] * may))
    client.force_login(staff)
    page = client.get(f"/admin/auth/user/{staff.pk}/change/").content.decode()
    assert (f'href="{INBOXES}{staff.pk}/change/"' in page) is may
