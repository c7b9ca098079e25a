from __future__ import annotations

from typing import get_args

import pytest

from notify.models import Message, OutboxItem
from notify.outbox.states import IN_A_MESSAGE, ITEMS, MESSAGES, Move, may, target

FINAL = {"handed", "refused", "deferred", "dropped"}


def test_nothing_leaves_a_final_state():
    assert {state.value for state, _ in MESSAGES} == set(Message.State.values) - FINAL


@pytest.mark.parametrize("move", get_args(Move))
def test_each_move_leads_to_one_state_and_says_what_becomes_of_the_items(move):
    assert may(move)
    assert target(move) in Message.State
    assert ITEMS[move] in OutboxItem.State


def test_only_what_has_not_left_is_free_again():
    free = [move for move, state in ITEMS.items() if state == OutboxItem.State.WAITING]
    assert free == ["drop", "defer"]
    assert may("drop") == [Message.State.CLAIMED]
    assert may("defer") == [Message.State.SENDING]


def test_a_late_answer_counts_where_the_message_is_unknown():
    assert {move for (state, move) in MESSAGES if state == Message.State.UNKNOWN} == {
        "hand",
        "refuse",
    }
    assert OutboxItem.State.UNKNOWN in IN_A_MESSAGE
