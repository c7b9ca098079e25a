"""What a notice is about."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID


class About(NamedTuple):
    """A thing of the project that notices are about: an order, a pull request, a room.

    Attributes:
        type: What it is, for the project, such as "order"; up to 100 characters.
        id: Which one, up to 200 characters; numbers and UUIDs are stored as text.
    """

    type: str
    id: str | int | UUID
