"""Usernames from text and from uploaded files."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from notify.admin.usernames import parse_usernames
from tests.unit.admin.helpers import ADD, form, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ada\nbob\n\n bob ", ["ada", "bob"]),
        ("ada, bob", ["ada", "bob"]),
        ("ada;bob", ["ada", "bob"]),
        ('"ada","o""neil"', ["ada", 'o"neil']),
        ("Name,Username\nAda L.,ada\nBob,bob\nshort", ["ada", "bob"]),
        ("", []),
    ],
)
def test_usernames_are_lines_or_csv_or_a_column(text, names):
    assert parse_usernames(text) == names


def test_pasted_and_uploaded_usernames_both_count(client, staff, make_user):
    for name in ("ada", "bob", "cleo"):
        make_user(name)
    file = SimpleUploadedFile("crew.csv", b"\xef\xbb\xbfusername,age\nbob,3\ncleo,4\n")
    response = client.post(ADD, form(usernames="ada", usernames_file=file), follow=True)
    assert "Sending to 3 people." in text_of(response)
