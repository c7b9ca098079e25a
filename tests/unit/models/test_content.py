from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from hypothesis import example, given
from hypothesis import strategies as st

from notify.exceptions import InvalidNotice
from notify.models import Level, Notice, content


def check(**fields):
    return content.check(**({"title": "Hello"} | fields))


def refused(**fields):
    """The field and the message of the refusal."""
    with pytest.raises(InvalidNotice) as caught:
        check(**fields)
    assert str(caught.value) == f"{caught.value.field}: {caught.value.message}"
    return caught.value.field, caught.value.message


def test_the_defaults_are_those_of_the_model():
    fields = check()
    notice = Notice()
    for name, value in fields.items():
        if name != "title":
            assert value == getattr(notice, name), name


def test_a_refusal_is_a_value_error_too():
    with pytest.raises(ValueError, match="title: must contain a visible character"):
        check(title="")


# Texts


INVISIBLE = [
    "",
    " ",
    "\n\t",
    "\x7f\x85",
    "\N{NO-BREAK SPACE}",
    "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH JOINER}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
    "\N{BRAILLE PATTERN BLANK}",
    "\N{HANGUL FILLER}\N{HALFWIDTH HANGUL FILLER}\N{HANGUL CHOSEONG FILLER}",
    "\N{RIGHT-TO-LEFT OVERRIDE}\N{POP DIRECTIONAL ISOLATE}",
    "\N{VARIATION SELECTOR-16}\N{TAG SPACE}\N{SOFT HYPHEN}",
]


@pytest.mark.parametrize("title", INVISIBLE, ids=ascii)
def test_a_title_without_a_visible_character_is_refused(title):
    assert refused(title=title) == ("title", "must contain a visible character.")


@pytest.mark.parametrize("title", INVISIBLE, ids=ascii)
def test_one_visible_character_is_enough_for_a_title(title):
    for seen in ("x", "\N{ARABIC NUMBER SIGN}", "\N{HEAVY BLACK HEART}", "\ue000", "\U0001fadf"):
        assert check(title=title + seen)["title"] == title + seen


@pytest.mark.parametrize("text", INVISIBLE[1:], ids=ascii)
def test_a_label_and_a_category_need_a_visible_character_too(text):
    assert refused(actions=[{"label": text, "url": "/"}])[0] == "actions"
    assert refused(category=text) == (
        "category",
        "must contain a visible character. Leave it out for no category.",
    )


@pytest.mark.parametrize(
    ("field", "limit"), [("title", 200), ("body", 4000), ("category", 100), ("kind", 100)]
)
def test_a_text_has_a_limit_and_the_refusal_names_both_lengths(field, limit):
    assert check(**{field: "ü" * limit})[field] == "ü" * limit
    name, message = refused(**{field: "ü" * (limit + 1)})
    assert name == field
    assert f"{limit + 1} characters" in message
    assert f"at most {limit} are allowed" in message


@pytest.mark.parametrize("field", ["title", "body", "category", "kind", "key", "url"])
@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x\udfff"], ids=ascii)
def test_text_that_a_database_or_json_cannot_store_is_refused(field, value):
    assert refused(**{field: value})[0] == field


@pytest.mark.parametrize("field", ["title", "body", "category", "kind"])
@pytest.mark.parametrize("value", [None, 1, b"bytes", ["a"]], ids=repr)
def test_a_text_is_a_string(field, value):
    name, message = refused(**{field: value})
    assert name == field
    assert type(value).__name__ in message


def test_a_lazy_translation_is_sent_in_the_active_language():
    title = check(title=gettext_lazy("Hello"))["title"]
    assert (type(title), title) == (str, "Hello")


@pytest.mark.parametrize("level", [*Level, *Level.values])
def test_levels(level):
    assert check(level=level)["level"] == str(level)


@pytest.mark.parametrize("level", ["INFO", "debug", "", None, 20, ["info"]], ids=repr)
def test_an_unknown_level_is_refused_and_the_known_ones_are_named(level):
    field, message = refused(level=level)
    assert field == "level"
    assert "info, success, warning, error, critical" in message


# Links


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/orders/7/?a=b&c=%20d#part",
        "/bücher/",
        "https://example.org",
        "http://example.org:8000/path",
        "HTTPS://EXAMPLE.ORG/",
        "https://user@example.org/",
        "https://[::1]/",
    ],
)
def test_a_link_is_a_path_or_http(url):
    assert check(url=url)["url"] == url


@pytest.mark.parametrize("url", [None, ""])
def test_no_link(url):
    assert check(url=url)["url"] == ""


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "https:/evil",
        "https:evil.example",
        "https://",
        "https://[::1",
        "ftp://example.org/",
        "mailto:ada@example.org",
        "orders/7/",
        "?page=2",
        "#top",
        "example.org",
        "https://exa mple.org/",
        "/two words",
        "/line\nend",
        "\N{RIGHT-TO-LEFT OVERRIDE}/",
        "http:///path",
    ],
)
def test_anything_else_is_not_a_link(url):
    for field, fields in {
        "url": {"url": url},
        "actions": {"actions": [{"label": "Open", "url": url}]},
    }.items():
        name, message = refused(**fields)
        assert name == field
        assert "/orders/7/" in message


def test_a_link_has_a_length():
    assert check(url="/" + "a" * 1999)
    assert refused(url="/" + "a" * 2000)[0] == "url"


# Actions


def test_actions_are_labels_with_links():
    actions = ({"label": f"{n}", "url": f"/{n}/"} for n in range(4))
    assert check(actions=actions)["actions"] == [
        {"label": f"{n}", "url": f"/{n}/"} for n in range(4)
    ]


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param([{"label": "a", "url": "/"}] * 5, id="too many"),
        pytest.param([{"label": "a"}], id="no url"),
        pytest.param([{"url": "/"}], id="no label"),
        pytest.param([{"label": "a", "url": "/", "method": "POST"}], id="more than that"),
        pytest.param([{"label": " ", "url": "/"}], id="a blank label"),
        pytest.param([{"label": "a" * 81, "url": "/"}], id="a long label"),
        pytest.param([{"label": 1, "url": "/"}], id="a label that is no text"),
        pytest.param([{"label": "a", "url": None}], id="a url that is no text"),
        pytest.param(["/"], id="no dictionary"),
        pytest.param({"label": "a", "url": "/"}, id="one that is not in a list"),
        pytest.param(None, id="None"),
        pytest.param(7, id="a number"),
    ],
)
def test_other_actions_are_refused(actions):
    assert refused(actions=actions)[0] == "actions"


# Data


def test_data_comes_back_as_json_reads_it():
    assert check(data={"a": (1, 2), 3: None})["data"] == {"a": [1, 2], "3": None}
    assert check(data=None)["data"] == {}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param([1], id="a list"),
        pytest.param("{}", id="a string"),
        pytest.param({"when": datetime(2024, 1, 1, tzinfo=UTC)}, id="a datetime"),
        pytest.param({"x": float("nan")}, id="not a number"),
        pytest.param({"x": float("inf")}, id="infinity"),
        pytest.param({"x": 2**53}, id="beyond what JavaScript counts"),
        pytest.param({"x": -(2**53)}, id="below what JavaScript counts"),
        pytest.param({"x": 10**500}, id="a long number"),
        pytest.param({"x": "a\0b"}, id="NUL in a value"),
        pytest.param({"a\0": 1}, id="NUL in a key"),
        pytest.param({"x": "\\\0"}, id="NUL after a backslash"),
        pytest.param({"x": "\ud800"}, id="half a surrogate pair"),
        pytest.param({(1, 2): 1}, id="a key that is a tuple"),
        pytest.param({"x": {1, 2}}, id="a set"),
        pytest.param({"x": "a" * 4096}, id="too much"),
    ],
)
def test_other_data_is_refused(data):
    assert refused(data=data)[0] == "data"


@pytest.mark.parametrize("text", [r"\u0000", r"\\u0000", "\\", "␀"])
def test_text_that_only_looks_like_nul_is_data(text):
    assert check(data={text: text})["data"] == {text: text}


def test_data_has_a_size_in_bytes():
    room = 4096 - len('{"x":""}')
    assert check(data={"x": "a" * room})
    assert "4097 bytes" in refused(data={"x": "a" * (room + 1)})[1]
    assert refused(data={"x": "ü" * (room // 2 + 1)})[0] == "data"


def test_data_that_holds_itself_is_refused():
    data: dict[str, Any] = {}
    data["data"] = data
    assert refused(data=data)[0] == "data"


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: {"x": inner}, lambda inner: (inner,)]
)
def test_data_has_a_depth(wrap):
    data = 1
    for _ in range(content.MAX_DATA_DEPTH - 1):
        data = wrap(data)
    assert check(data={"x": data})
    field, message = refused(data={"x": wrap(data)})
    assert field == "data"
    assert "16 levels deep" in message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
@example({"": "\\u0000"})
@example({"x": -0.0})
@example({"x": 1e308})
def test_accepted_data_is_json_that_every_side_reads_alike(data):
    with contextlib.suppress(InvalidNotice):
        taken = check(data=data)["data"]
        assert taken == data
        text = json.dumps(taken, ensure_ascii=False)
        assert "\\u0000" not in text.replace("\\\\", "")
        assert json.loads(text) == data


# Times


def test_times_are_kept_to_the_millisecond():
    moment = datetime(2099, 1, 1, microsecond=123_999, tzinfo=UTC)
    assert check(expires=moment)["expires"] == moment.replace(microsecond=123_000)
    assert check(send_at=moment)["send_at"] == moment.replace(microsecond=123_000)


@pytest.mark.parametrize("field", ["expires", "send_at"])
@pytest.mark.parametrize(
    "moment",
    [datetime(2099, 1, 1), "2099-01-01", 4_070_908_800, datetime(2099, 1, 1).date()],  # noqa: DTZ001
    ids=repr,
)
def test_a_time_has_a_time_zone(field, moment):
    name, message = refused(**{field: moment})
    assert name == field
    assert "time zone" in message


def test_an_expired_notice_is_refused():
    now = timezone.now()
    assert refused(expires=now)[0] == "expires"
    later = now + timedelta(hours=2)
    assert refused(expires=later - timedelta(hours=1), send_at=later)[0] == "expires"
    assert check(expires=later, send_at=later - timedelta(hours=1))


def test_a_past_time_of_sending_is_accepted():
    assert check(send_at=timezone.now() - timedelta(days=1))


# Keys


@pytest.mark.parametrize("key", ["", 1, "a" * 201])
def test_a_key_is_a_text_that_names_something(key):
    assert refused(key=key)[0] == "key"


def test_the_limits_are_those_of_the_columns():
    for field, limit in {
        "title": content.MAX_TITLE,
        "body": content.MAX_BODY,
        "category": content.MAX_NAME,
        "kind": content.MAX_NAME,
        "url": content.MAX_URL,
        "key": content.MAX_KEY,
    }.items():
        assert Notice._meta.get_field(field).max_length == limit
