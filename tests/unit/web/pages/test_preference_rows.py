"""Preferences as rows and cells."""

from __future__ import annotations

from notify.web.pages.preference_rows import channel_name, table_of


def cell(**fields):
    said = {
        "value": True,
        "locked": False,
        "chosen": None,
        "by_default": True,
        "rhythm": "",
        "rhythm_by_default": "",
        "text": "Default",
    }
    return {"inbox": said | fields}


def test_rows_and_cells_are_in_the_order_of_the_channels():
    table = table_of(
        {
            "channels": ["inbox", "email"],
            "all": cell(chosen=False) | {"email": cell(chosen=True)["inbox"]},
            "categories": [
                {
                    "key": "",
                    "name": "Other",
                    "description": "",
                    "channels": {},
                    "kinds": [{"key": "a.b", "name": "A B", "channels": cell(locked=True)}],
                }
            ],
        }
    )
    assert [one.name for one in table["channels"]] == ["Inbox", "Email"]
    assert table["columns"] == 3
    assert [one.choice for one in table["all"].cells] == ["off", "on"]
    [other] = table["categories"]
    assert (other.scope, other.cells) == ("category:", [None, None])
    [kind] = other.kinds
    assert (kind.scope, kind.name, kind.cells[0].locked) == ("kind:a.b", "A B", True)
    ids = [one.id for row in (table["all"], kind) for one in row.cells if one]
    assert len(set(ids)) == len(ids) == 3


def test_a_channel_of_a_project_has_its_key_as_name():
    assert (channel_name("inbox"), channel_name("fax")) == ("Inbox", "Fax")


def test_what_leaves_the_browser_comes_at_once_or_so_often():
    said = {
        **cell(),
        "email": cell(chosen=True, rhythm="daily", rhythm_by_default="weekly")["inbox"],
    }
    inbox, email = table_of({"channels": ["inbox", "email"], "all": said, "categories": []})[
        "all"
    ].cells
    assert inbox.options == [("", "Default (on)"), ("on", "On"), ("off", "Off")]
    assert email.options == [
        ("", "Default (weekly)"),
        ("off", "Off"),
        ("on", "At once"),
        ("hourly", "Hourly"),
        ("daily", "Daily"),
        ("weekly", "Weekly"),
    ]
    assert (inbox.choice, email.choice, email.held) == ("", "daily", "Daily")
