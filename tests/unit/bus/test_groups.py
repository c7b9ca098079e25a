from __future__ import annotations

from channels.layers import BaseChannelLayer

from notify.bus.groups import full_name, user_group

OURS = "0123456789abcdef"


def test_the_name_of_a_group_is_one_that_channels_accepts():
    longest = full_name(OURS, user_group("ä" * 300))
    assert BaseChannelLayer().require_valid_group_name(longest)


def test_a_key_that_channels_does_not_accept_has_a_group_of_its_own():
    assert user_group("7") == "user.7"
    assert user_group("ä") != user_group("ö")
