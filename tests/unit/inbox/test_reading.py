from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notify import protocol, sending
from notify.changes import Cursor
from notify.inbox import marking, reading, work
from notify.models import Inbox
from tests.unit.inbox.helpers import (
    batch_of,
    changes_since,
    committed,
    cursor_of,
    deliver,
    deliver_many,
    ids,
    inbox_of,
    key,
    people,
    titles,
)

pytestmark = pytest.mark.django_db


def test_changes_since_a_cursor_are_sorted_by_version(ada):
    notices = deliver_many(ada, 3)
    since = cursor_of(ada)
    marking.mark_ids(key(ada), "read", [notices[2].pk])
    marking.mark_ids(key(ada), "seen", [notices[0].pk])

    latest = changes_since(ada, since)

    assert not latest.reset
    assert (latest.since, latest.version) == (3, 5)
    assert [(row["id"], row["version"]) for row in latest.rows] == [
        (notices[2].pk, 4),
        (notices[0].pk, 5),
    ]
    assert (latest.unseen, latest.unread) == (1, 2)


def test_a_cursor_that_is_up_to_date_gets_no_rows(ada):
    deliver(ada)
    latest = changes_since(ada, cursor_of(ada))
    assert (latest.reset, latest.since, latest.version, latest.rows) == (False, 1, 1, [])


def test_without_a_cursor_it_is_a_reset_of_the_newest_unarchived(ada):
    notices = deliver_many(ada, 4)
    marking.mark_ids(key(ada), "archived", [notices[1].pk])
    sending.recall(notices[2])
    work.carry_out(batch_of(notices[2]).pk)

    latest = changes_since(ada, None)

    assert latest.reset
    assert [row["id"] for row in latest.rows] == [notices[3].pk, notices[0].pk]
    assert latest.next is None


def test_a_missing_inbox_is_created_and_is_an_empty_reset(ada):
    latest = changes_since(ada, None)

    assert (latest.reset, latest.version, latest.rows, latest.next) == (True, 0, [], None)
    assert latest.epoch == cursor_of(ada).epoch
    assert inbox_of(ada).version == 0


def test_a_user_who_does_not_exist_gets_none(ada):
    gone = people(1, "gone")[0]
    name = key(gone)
    gone.delete()

    found = reading.changes([(name, None), (key(ada), None), (name, Cursor("e", 1))])

    assert found[0] is None
    assert found[1] is not None
    assert found[2] is None
    assert reading.page(name) is None


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param(lambda at: Cursor("another", at.since), id="another epoch"),
        pytest.param(lambda at: Cursor(at.epoch, at.since + 1), id="ahead of the server"),
        pytest.param(lambda at: None, id="none"),
    ],
)
def test_a_cursor_that_cannot_be_followed_gets_a_reset(ada, cursor):
    deliver_many(ada, 2)
    assert changes_since(ada, cursor(cursor_of(ada))).reset


def test_a_cursor_of_version_0_follows_while_no_row_was_deleted(ada):
    changes_since(ada, None)
    fresh = cursor_of(ada)
    deliver_many(ada, 2)

    latest = changes_since(ada, fresh)

    assert not latest.reset
    assert titles(latest.rows) == ["Notice 0", "Notice 1"]


@pytest.mark.parametrize(("changed", "reset"), [(200, False), (201, True)])
def test_more_than_200_changed_rows_are_a_reset(ada, changed, reset):
    start = cursor_of_new(ada)
    batch_of_rows(ada, changed)

    assert changes_since(ada, start).reset is reset


@pytest.mark.parametrize(("rows", "reset"), [(50, False), (51, True)])
def test_a_version_with_more_rows_than_a_frame_takes_is_a_reset(ada, rows, reset):
    batch_of_rows(ada, rows)
    before = cursor_of(ada)
    list(marking.mark_through(key(ada), "seen", before.epoch, before.since))

    assert changes_since(ada, before).reset is reset


def test_as_many_rows_of_a_version_are_read_as_a_frame_takes():
    assert reading.MAX_ROWS_OF_A_VERSION == protocol.MAX_FRAME_ROWS == reading.RESET_ROWS


def test_the_changes_of_many_users_are_one_query(django_assert_num_queries):
    users = people(20)
    deliver_many(users, 2)
    epochs = {user: cursor_of(user).epoch for user in users}

    with django_assert_num_queries(1):
        found = reading.changes(
            [
                (key(user), Cursor(epochs[user], n % 3))
                for n, user in zip(range(20), users, strict=True)
            ]
        )

    assert [len(one.rows) for one in found] == [2, 1, 0] * 6 + [2, 1]
    assert [one.user for one in found] == [key(user) for user in users]


def test_the_same_user_may_have_several_cursors(ada):
    deliver_many(ada, 3)
    epoch = cursor_of(ada).epoch
    wanted = [Cursor(epoch, 1), None, Cursor("other", 1), Cursor(epoch, 3)]

    found = reading.changes([(key(ada), cursor) for cursor in wanted])

    assert [(one.reset, len(one.rows)) for one in found] == [
        (False, 2),
        (True, 3),
        (True, 3),
        (False, 0),
    ]


def test_a_reset_says_where_the_next_page_begins(ada):
    deliver_many(ada, 5)

    [latest] = reading.resets([key(ada)], 2)

    assert titles(latest.rows) == ["Notice 4", "Notice 3"]
    assert latest.next == 4
    assert titles(reading.page(key(ada), before=latest.next).rows) == [
        "Notice 2",
        "Notice 1",
        "Notice 0",
    ]


def test_a_reset_of_no_rows_is_the_head(ada):
    deliver(ada)
    [latest] = reading.resets([key(ada)], 0)
    assert (latest.version, latest.rows, latest.next) == (1, [], 2)


def test_pages_follow_each_other_without_a_gap(ada):
    deliver_many(ada, 7)
    seen, before = [], None
    while True:
        page = reading.page(key(ada), before=before, limit=3)
        seen += titles(page.rows)
        before = page.next
        if before is None:
            break
    assert seen == [f"Notice {n}" for n in range(6, -1, -1)]


def test_a_page_that_is_just_full_is_the_last(ada):
    deliver_many(ada, 3)
    assert reading.page(key(ada), limit=3).next is None


def test_an_arrival_between_two_pages_moves_nothing(ada):
    deliver_many(ada, 4)
    first = reading.page(key(ada), limit=2)
    deliver(ada, "late")
    second = reading.page(key(ada), before=first.next, limit=2)
    assert titles(first.rows) + titles(second.rows) == [f"Notice {n}" for n in (3, 2, 1, 0)]


def test_the_tabs(ada):
    plain, read, archived, recalled = deliver_many(ada, 4)
    marking.mark_ids(key(ada), "read", ids([read, recalled]))
    marking.mark_ids(key(ada), "archived", [archived.pk])
    sending.recall(recalled)
    work.carry_out(batch_of(recalled).pk)

    def tab(name):
        return [row["id"] for row in reading.page(key(ada), tab=name).rows]

    assert tab("all") == [read.pk, plain.pk]
    assert tab("unread") == [plain.pk]
    assert tab("archived") == [archived.pk]
    assert set(reading.TABS) == {"all", "unread", "archived"}


def test_the_archived_may_be_recalled_and_are_hidden_then(ada):
    notice = deliver(ada)
    marking.mark_ids(key(ada), "archived", [notice.pk])
    sending.recall(notice)
    work.carry_out(batch_of(notice).pk)
    assert reading.page(key(ada), tab="archived").rows == []


def test_filters(ada):
    deliver(ada, "one", category="orders", level="error")
    deliver(ada, "two", category="orders")
    deliver(ada, "three", level="error")

    def found(**wanted):
        return titles(reading.page(key(ada), **wanted).rows)

    assert found(category="orders") == ["two", "one"]
    assert found(level="error") == ["three", "one"]
    assert found(category="orders", level="error") == ["one"]
    assert found(category="none") == []
    assert found(category="") == ["three"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("discount", ["50% discount"]),
        ("DISCOUNT", ["50% discount"]),
        ("50%", ["50% discount"]),
        ("5%d", []),
        ("a_b", ["a_b"]),
        ("_", ["a_b"]),
        (r"C:\temp", ["plain"]),
        ("\\", ["plain"]),
        ("'; DROP TABLE x; --", []),
    ],
)
def test_a_search_is_for_words_and_not_for_patterns(ada, words, expected):
    deliver(ada, "50% discount")
    deliver(ada, "a_b")
    deliver(ada, "plain", body=r"look into C:\temp")
    assert titles(reading.page(key(ada), q=words).rows) == expected


@pytest.mark.parametrize("words", ["ärger", "ÄRGER", "Ärger", "λόγοι", "ΛΌΓΟΙ", "привет"])
def test_a_search_ignores_case_beyond_ascii(ada, words):
    deliver(ada, "ÄRGER Λόγοι", body="Привет")
    deliver(ada, "arger logos", body="privet")
    assert titles(reading.page(key(ada), q=words).rows) == ["ÄRGER Λόγοι"]


def test_each_page_of_a_search_looks_at_a_limited_number_of_rows(ada, monkeypatch):
    monkeypatch.setattr(reading, "SEARCHED_ROWS", 3)
    for n in range(8):
        deliver(ada, "needle" if n in (0, 6) else f"hay {n}")
    pages = [reading.page(key(ada), q="needle")]
    while pages[-1].next is not None:
        pages.append(reading.page(key(ada), q="needle", before=pages[-1].next))
    assert [titles(page.rows) for page in pages] == [["needle"], [], ["needle"]]


def test_a_search_that_fills_its_page_continues_below_its_last_row(ada, monkeypatch):
    monkeypatch.setattr(reading, "SEARCHED_ROWS", 3)
    for n in range(4):
        deliver(ada, f"needle {n}")
    first = reading.page(key(ada), q="needle", limit=2)
    second = reading.page(key(ada), q="needle", limit=2, before=first.next)
    assert titles(first.rows + second.rows) == [f"needle {n}" for n in (3, 2, 1, 0)]
    assert second.next is None


def test_filters_and_pages_go_together(ada):
    for n in range(6):
        deliver(ada, f"{n}", category="even" if n % 2 == 0 else "odd")
    first = reading.page(key(ada), category="even", limit=2)
    second = reading.page(key(ada), category="even", limit=2, before=first.next)
    assert titles(first.rows) == ["4", "2"]
    assert (titles(second.rows), second.next) == (["0"], None)


def test_categories_are_distinct_and_include_those_of_archived_rows(ada, bob):
    for category in ("orders", "billing", "", "orders", "recalled"):
        last = deliver(ada, "Hello", category=category)
    with committed():
        sending.recall(last)
    deliver(bob, "Hello", category="not ada's")
    with committed():
        sending.mark(key(ada), "archived", ids=[deliver(ada, "Old", category="archive").pk])

    assert reading.categories(key(ada)) == ["archive", "billing", "orders"]


def test_a_user_without_rows_has_no_categories(ada):
    assert reading.categories(key(ada)) == []


def test_categories_are_of_the_newest_rows(ada, monkeypatch):
    monkeypatch.setattr(reading, "CATEGORY_ROWS", 2)
    for category in ("a", "c", "b"):
        deliver(ada, "Hello", category=category)
    assert reading.categories(key(ada)) == ["b", "c"]


def test_another_users_inbox_is_not_read(ada, bob):
    deliver(bob, "for bob")
    deliver(ada, "for ada")
    assert titles(reading.page(key(ada)).rows) == ["for ada"]
    assert titles(changes_since(ada, None).rows) == ["for ada"]


def test_heads_are_of_users_who_have_an_inbox(ada, bob):
    deliver(ada)

    heads = reading.heads([key(ada), key(bob), "999999999"])

    assert list(heads) == [key(ada)]
    head = heads[key(ada)]
    assert (head.version, head.unseen, head.unread) == (1, 1, 1)


def test_heads_are_one_query_per_chunk(ada, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(reading, "USERS_PER_QUERY", 10)
    users = people(25)
    deliver(users)
    with django_assert_num_queries(3):
        assert len(reading.heads(map(key, users))) == 25


def test_only_inboxes_that_have_moved_are_returned(ada, bob):
    deliver([ada, bob])
    cursors = {key(user): cursor_of(user) for user in (ada, bob)} | {"999999999": Cursor("e", 1)}
    assert reading.moved(cursors) == {}
    deliver(ada)
    assert reading.moved(cursors) == {key(ada): cursor_of(ada)}
    Inbox.objects.filter(pk=bob.pk).update(epoch="another")
    assert reading.moved(cursors) == {key(user): cursor_of(user) for user in (ada, bob)}


def test_moved_inboxes_are_one_query_per_chunk(ada, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(reading, "USERS_PER_QUERY", 10)
    users = people(25)
    deliver(users)
    with django_assert_num_queries(3):
        assert len(reading.moved(dict.fromkeys(map(key, users), Cursor("e", 0)))) == 25


def test_rows_and_version_are_read_in_one_statement(ada):
    deliver_many(ada, 3)
    epoch = cursor_of(ada).epoch
    with CaptureQueriesContext(
        connection,
    ) as queries:
        reading.changes([(key(ada), Cursor(epoch, 1))])
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        reading.page(key(ada))
    assert len(queries) == 1


def cursor_of_new(user):
    changes_since(user, None)
    return cursor_of(user)


def batch_of_rows(user, count):
    """`count` arrivals, written quickly."""
    for n in range(count):
        deliver(user, f"{n}")
