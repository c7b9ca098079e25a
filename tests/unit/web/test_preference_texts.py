"""What decides, in words."""

from __future__ import annotations

import pytest

import notify
from notify.notices import PasswordChanged, Welcome
from notify.readers.catalogue import catalogue
from notify.readers.deciding import Rule
from notify.web.preference_texts import described, rule_text, why_text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("level", ["all", "category", "kind"])
def test_every_rule_has_words(rule, level):
    assert rule_text(rule, level, "Orders")


def test_a_choice_for_more_is_named_where_it_decides():
    assert rule_text(Rule.OWN_CATEGORY, "category", "Orders") == "Your choice"
    assert rule_text(Rule.OWN_CATEGORY, "kind", "Orders") == "Your choice for Orders"
    assert rule_text(Rule.OWN_ALL, "kind", "Orders") == "Your choice for everything"
    assert rule_text(Rule.MUTED, "kind", "Orders") == "You muted Orders"


def test_each_cell_says_what_decides(ada):
    held = described(catalogue(str(ada.pk)))
    assert held["all"]["inbox"]["text"] == "This site's default"
    # Other tests may have left categories of theirs.
    by_key = {one["key"]: one for one in held["categories"]}
    account, security = by_key["account"], by_key["security"]
    assert account["channels"]["inbox"]["text"] == "This site's default"
    assert security["channels"]["inbox"]["text"] == "Required"
    assert {kind["channels"]["inbox"]["text"] for kind in account["kinds"]} == {
        "Required",
        "This site's default",
    }


def text_of(user, notice, names=None):
    found = notify.why(user, notice)
    assert found is not None
    return why_text(found, notice, names or {})


def test_why_names_the_kind_the_category_and_what_was_muted(ada):
    welcome, told = notify.send(Welcome(), to=ada), notify.send(PasswordChanged(), to=ada)
    loose = notify.send(to=ada, title="Lunch", category="food")
    assert text_of(ada, welcome) == text_of(ada, loose) == "This site's default"
    assert text_of(ada, told) == "Required"
    notify.prefer(ada, "category:account", value=True)
    assert text_of(ada, welcome) == "Your choice for Account"
    notify.prefer(ada, "kind:notify.welcome", value=True)
    assert text_of(ada, welcome) == "Your choice for Welcome"
    notify.mute(ada, "category:food")
    assert text_of(ada, loose, {"category:food": "Food"}) == "You muted Food"
