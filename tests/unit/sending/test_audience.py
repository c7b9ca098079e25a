from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

from notify import sending, sql
from notify.exceptions import EmptyAudience, InvalidNotice, UnknownUsers
from notify.models import Notification
from notify.sending import audience
from notify.sending.audience import Audience, everyone
from tests.unit.inbox.helpers import deliver, people

pytestmark = pytest.mark.django_db


def keys(to, without=None):
    audience = Audience.of(to)
    audience.refuse_unknown()
    query = audience.selection(without).query()
    return sorted(key for key, *_ in sql.fetch(query.statement, query.params))


@pytest.fixture
def crew(db):
    """Five users, the last one not active, and a group of the first two and the last."""
    users = people(5, "crew")
    User.objects.filter(pk=users[4].pk).update(is_active=False)
    group = Group.objects.create(name="crew")
    group.user_set.set([users[0], users[1], users[4]])
    return users


def pks(users):
    return [user.pk for user in users]


def test_one_user(ada):
    assert keys(ada) == [ada.pk]


def test_the_user_of_a_request_which_is_a_lazy_object(ada):
    assert keys(SimpleLazyObject(lambda: ada)) == [ada.pk]
    assert keys([SimpleLazyObject(lambda: ada)]) == [ada.pk]


@pytest.mark.parametrize("form", [int, str])
def test_a_primary_key(ada, form):
    assert keys(form(ada.pk)) == [ada.pk]


def test_everyone_who_is_active(crew):
    assert keys(everyone()) == pks(crew[:4])


def test_the_active_members_of_a_group(crew):
    assert keys(Group.objects.get(name="crew")) == pks(crew[:2])


def test_the_active_users_who_have_a_permission_and_superusers(crew):
    may = Permission.objects.get(codename="send_notice")
    group = Group.objects.get(name="crew")
    group.permissions.add(may)
    crew[2].user_permissions.add(may)
    crew[0].user_permissions.add(may)
    root = User.objects.create(username="root", is_superuser=True)
    assert keys(may) == pks([*crew[:3], root])
    assert Audience.of(may).describe() == [f"permission:{may.pk}"]


def test_the_people_of_an_audience_are_those_in_its_batches(crew, ada):
    group = Group.objects.get(name="crew")
    for to in (ada, [ada, group], [everyone(), crew[4]], [crew[4], User.objects.all()[:2]]):
        assert sorted(Audience.of(to).people().values_list("pk", flat=True)) == keys(to)
    assert Audience.of([10**9]).people().count() == 0
    assert Audience.of([]).people().count() == 0


def make_groups(count):
    return Group.objects.bulk_create(Group(name=f"group {n}") for n in range(count))


@pytest.fixture
def statements():
    """Counts the statements of a call."""

    def count(call):
        with CaptureQueriesContext(connection) as queries:
            call()
        return len(queries)

    return count


def test_any_number_of_groups_is_one_query(crew, statements):
    groups = make_groups(3000)
    for group in groups[:20]:
        group.user_set.set([crew[0], crew[3], crew[4]])
    groups[2999].user_set.set([crew[1]])
    assert keys(groups) == pks([crew[0], crew[1], crew[3]])
    assert list(Audience.of(groups).people().order_by("pk").values_list("pk", flat=True)) == pks(
        [crew[0], crew[1], crew[3]]
    )
    assert statements(lambda: keys(groups)) == 1
    assert statements(lambda: list(Audience.of(groups).people())) == 1
    sending.send(to=groups[:1], title="the first, which asks for the database's facts")
    few = statements(lambda: sending.send(to=groups[:1], title="few"))
    assert statements(lambda: sending.send(to=groups, title="many")) == few


def test_any_number_of_permissions_is_one_query(crew, statements):
    permissions = list(Permission.objects.all())
    assert len(permissions) > 20
    crew[0].user_permissions.set(permissions[:5])
    group = Group.objects.get(name="crew")
    group.permissions.set(permissions[3:9])
    assert keys(permissions) == pks(crew[:2])
    assert statements(lambda: keys(permissions)) == 1
    assert statements(lambda: list(Audience.of(permissions).people())) == 1


def test_a_hundred_thousand_keys_are_twenty_queries(crew, statements):
    named = [*pks(crew), *(-n for n in range(1, 100_001 - len(crew)))]

    def ask():
        with pytest.raises(UnknownUsers) as caught:
            keys(named)
        assert len(caught.value.names) == 99_995
        assert len(str(caught.value)) < 1000
        assert "and 99975 more" in str(caught.value)

    assert statements(ask) == 20


@pytest.mark.parametrize("kind", ["groups", "querysets"])
def test_more_than_belong_in_one_query_are_refused(db, kind):
    named: dict[str, list[Any]] = {
        "groups": [Group(pk=n) for n in range(audience.MAX_GROUPS + 1)],
        "querysets": [User.objects.all()] * (audience.MAX_QUERYSETS + 1),
    }
    many = named[kind]
    with pytest.raises(InvalidNotice, match=f"{kind}. Pass a single queryset of users"):
        Audience.of(many)
    Audience.of(many[:-1])


def test_a_group_that_is_not_saved_is_refused(db):
    with pytest.raises(InvalidNotice, match="the group new is not saved"):
        Audience.of(Group(name="new"))


def test_a_repeated_recipient_is_described_as_before(crew):
    """The description is part of fingerprints that databases already contain."""
    group, may = Group.objects.get(name="crew"), Permission.objects.first()
    users = User.objects.all()
    recipients = [everyone(), group, may, group, users, crew[0], everyone(), crew[0].pk]
    assert Audience.of(recipients).describe() == [
        str(crew[0].pk), "everyone", "everyone", f"group:{group.pk}", f"group:{group.pk}",
        f"permission:{may.pk}", "queryset",
    ]  # fmt: skip


def test_a_named_user_is_a_recipient_even_if_not_active(crew):
    assert keys(crew[4]) == [crew[4].pk]


@pytest.mark.parametrize(
    "narrow",
    [
        pytest.param(lambda users: users.filter(is_active=True), id="filtered"),
        pytest.param(lambda users: users.order_by("-username")[1:], id="sliced"),
        pytest.param(lambda users: users.filter(is_active=True).distinct(), id="distinct"),
        pytest.param(lambda users: users.filter(is_active=True).values("username"), id="values"),
        pytest.param(
            lambda users: users.filter(username="crew-0").union(
                users.filter(username__in=["crew-1", "crew-2", "crew-3"])
            ),
            id="union",
        ),
        pytest.param(
            lambda users: (
                users.filter(username="crew-0")
                | users.filter(username__gt="crew-0", is_active=True)
            ),
            id="or",
        ),
    ],
)
def test_a_queryset_of_users(crew, narrow):
    assert keys(narrow(User.objects.filter(username__startswith="crew"))) == pks(crew[:4])


def test_a_queryset_whose_join_repeats_a_user_names_each_once(crew):
    Group.objects.create(name="other").user_set.set(crew[:2])
    assert keys(User.objects.filter(groups__name__in=["crew", "other"], is_active=True)) == pks(
        crew[:2]
    )


def test_a_mixture_names_each_once_in_the_order_of_locking(crew):
    mixture = [
        crew[3],
        crew[0].pk,
        str(crew[0].pk),
        Group.objects.get(name="crew"),
        User.objects.filter(pk=crew[1].pk),
    ]
    assert keys(mixture) == pks([crew[0], crew[1], crew[3]])


def test_an_iterator_is_an_iterable_too(crew):
    assert keys(user for user in crew[:2]) == pks(crew[:2])


def test_keys_are_in_the_order_of_locking(crew):
    assert keys(reversed(crew)) == pks(crew)
    assert keys(User.objects.filter(groups__isnull=False).order_by("-pk")) == sorted(
        pks([crew[0], crew[1], crew[4]])
    )


def test_batches_have_at_most_the_size_and_leave_one_out(crew, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    notice = sending.send(to=crew, actor=crew[0], title="Hello")
    batches = notice.batch_set.order_by("pk")
    assert [batch.recipients for batch in batches] == [pks(crew[1:3]), pks(crew[3:5])]
    assert [batch.size for batch in batches] == [2, 2]


@pytest.mark.postgres
def test_distinct_on_takes_the_first_in_its_order(crew):
    User.objects.filter(pk__in=pks(crew[:3])).update(last_name="Same")
    same = User.objects.filter(last_name="Same")
    assert keys(same.order_by("last_name", "-pk").distinct("last_name")) == [crew[2].pk]


def test_a_locking_queryset_is_read_without_its_lock(crew):
    assert keys(User.objects.filter(pk=crew[0].pk).select_for_update()) == [crew[0].pk]


def test_one_is_left_out(crew):
    assert keys(crew, without=crew[0].pk) == pks(crew[1:])
    assert keys([crew[0], everyone()], without=crew[0].pk) == pks(crew[1:4])


def test_keys_are_looked_up_in_chunks(crew, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(audience, "KEYS_PER_QUERY", 2)
    with django_assert_num_queries(4):
        assert keys(pks(crew)) == pks(crew)


@pytest.mark.parametrize("missing", [10**9, "1000000000", 2**31 - 1, -1])
def test_an_unknown_key_is_an_unknown_user(ada, missing):
    with pytest.raises(UnknownUsers) as caught:
        keys([ada, missing])
    assert caught.value.names == [str(missing)]
    assert "Nothing was sent" in str(caught.value)


def test_a_user_who_was_deleted_is_an_unknown_user(ada):
    held = User.objects.get(pk=ada.pk)
    ada.delete()
    with pytest.raises(UnknownUsers):
        keys(held)


@pytest.mark.parametrize(
    "nobody",
    [
        None,
        "ada",
        b"1",
        True,
        1.0,
        object(),
        AnonymousUser(),
        User(username="not saved"),
        [None],
        ["ada"],
        [[1]],
        {"users": [1]},
        "",
        2**70,
    ],
    ids=lambda nobody: type(nobody).__name__,
)
def test_anything_else_is_refused(nobody):
    with pytest.raises(InvalidNotice, match="is not a recipient") as caught:
        Audience.of(nobody)
    assert caught.value.field == "to"


def test_a_queryset_of_another_model_is_refused():
    with pytest.raises(InvalidNotice, match="of Group, not of users"):
        Audience.of(Group.objects.all())


@pytest.mark.parametrize(
    "empty",
    [
        pytest.param(list, id="no recipients"),
        pytest.param(User.objects.none, id="an empty queryset"),
        pytest.param(lambda: User.objects.filter(pk=0), id="a queryset that finds nobody"),
        pytest.param(everyone, id="everyone where nobody is"),
        pytest.param(lambda: Group.objects.create(name="empty"), id="an empty group"),
    ],
)
def test_an_empty_audience_is_an_error(empty):
    with pytest.raises(EmptyAudience) as caught:
        deliver(empty())
    assert isinstance(caught.value, ValueError)
    assert Notification.objects.count() == 0


def test_the_description_does_not_depend_on_who_is_in_a_group(crew):
    group = Group.objects.get(name="crew")
    recipients = [crew[1], group, crew[0]]
    before = Audience.of(recipients).describe()
    group.user_set.add(crew[3])
    assert Audience.of(reversed(recipients)).describe() == before
    assert Audience.of(everyone()).describe() != Audience.of(group).describe()
