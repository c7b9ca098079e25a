from __future__ import annotations

import unicodedata

import pytest
from django.contrib.auth.models import Group, User, UserManager

from notify.exceptions import InvalidNotice, UnknownUsers
from notify.sending import names
from notify.sending.names import groups_named, users_named
from tests.unit.inbox.helpers import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew(db):
    """Five users, and a group."""
    Group.objects.create(name="crew")
    return people(5, "crew")


def pks(users):
    return [user.pk for user in users]


def test_users_by_name(crew):
    assert {user.pk for user in users_named(["crew-0", "crew-1", "crew-0"])} == set(pks(crew[:2]))
    with pytest.raises(UnknownUsers, match="no such user: Crew-1, nobody"):
        users_named(["crew-0", "nobody", "Crew-1"])


def test_groups_by_name(crew):
    assert groups_named(["crew"]) == [Group.objects.get(name="crew")]
    with pytest.raises(InvalidNotice, match="no such group: none"):
        groups_named(["crew", "none"])


def test_many_usernames_are_looked_up_in_chunks(crew, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(names, "NAMES_PER_QUERY", 2)
    usernames = [user.username for user in crew]
    with django_assert_num_queries(3):
        assert sorted(user.pk for user in users_named(usernames)) == pks(crew)


def test_many_groupnames_are_looked_up_in_chunks(db, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(names, "NAMES_PER_QUERY", 2)
    group_names = [Group.objects.create(name=f"group {n}").name for n in range(5)]
    with django_assert_num_queries(3):
        assert sorted(group.name for group in groups_named(group_names)) == sorted(group_names)


def test_unknown_groups_are_not_all_listed(db):
    with pytest.raises(InvalidNotice, match="and 30 more") as caught:
        groups_named(f"group {n}" for n in range(50))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_a_username_is_found_in_any_normal_form_in_which_it_can_sign_in(form):
    zoe = User.objects.create_user("zoë \N{LATIN SMALL LIGATURE FI}ne")
    assert users_named([unicodedata.normalize(form, "zoë \N{LATIN SMALL LIGATURE FI}ne")]) == [zoe]


def test_a_username_that_was_stored_in_another_normal_form_is_found_as_it_is():
    written = unicodedata.normalize("NFD", "zoë")
    [zoe] = User.objects.bulk_create([User(username=written)])
    assert users_named([written]) == [zoe]
    another = User.objects.create_user(written)  # in its own
    assert users_named([written]) == [zoe]
    assert users_named([another.username]) == [another]


def test_a_username_is_looked_up_as_the_projects_manager_does(crew, monkeypatch):
    def look_up(self: UserManager[User], username: str) -> User:
        return self.get(username__iexact=username)

    monkeypatch.setattr(UserManager, "get_by_natural_key", look_up, raising=False)
    assert set(users_named(["CREW-0", "crew-1", "Crew-0"])) == set(crew[:2])
    User.objects.create(username="CREW-1")
    with pytest.raises(UnknownUsers, match="no such user: Crew-1, nobody"):
        users_named(["Crew-0", "Crew-1", "crew-1", "nobody"])


def test_unknown_usernames_do_not_cost_a_query_each(crew, django_assert_num_queries):
    with django_assert_num_queries(1), pytest.raises(UnknownUsers):
        users_named(f"nobody {n}" for n in range(50))
