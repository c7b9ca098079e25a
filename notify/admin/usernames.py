"""Usernames from a text field or an uploaded file: one per line, or CSV."""

from __future__ import annotations

import csv

from django.contrib.auth import get_user_model
from django.http import HttpRequest

MAX_FILE_BYTES = 1_000_000


def parse_usernames(text: str) -> list[str]:
    """The distinct usernames in `text`: lines, CSV cells, or the CSV column headed "username".

    Raises:
        csv.Error: `text` is not valid CSV.
    """
    delimiter = next((one for one in "\t;," if one in text.partition("\n")[0]), ",")
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    ]
    headings = {"username", get_user_model().USERNAME_FIELD.lower()}
    first = [cell.lower() for cell in rows[0]] if rows else []
    column = next((n for n, cell in enumerate(first) if cell in headings), None)
    if column is not None:
        cells = [row[column] for row in rows[1:] if len(row) > column]
    else:
        cells = [cell for row in rows for cell in row]
    return list(dict.fromkeys(cell for cell in cells if cell))


def move_file_to_text_field(request: HttpRequest) -> None:
    """Appends the names of an uploaded file to the `usernames` field, where they stay visible and
    survive a redisplay of the form. An unreadable file stays in `request.FILES`, for the form to
    reject."""
    file = request.FILES.get("usernames_file")
    if file is None or (file.size or 0) > MAX_FILE_BYTES:
        return
    try:
        names = parse_usernames(file.read().decode("utf-8-sig"))
    except (UnicodeDecodeError, csv.Error):
        return
    data = request.POST.copy()
    data["usernames"] = "\n".join(filter(None, [data.get("usernames", ""), *names]))
    request.POST = data  # type: ignore[assignment]
    request.FILES.pop("usernames_file")
