"""What kinds belong to, for people who read and filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

MAX_KEY = 100  # as Notice.category


@dataclass(frozen=True, slots=True)
class Category:
    """A category of kinds.

    Args:
        key: Up to 100 characters, in the database and on the wire for ever.
        label: What people see; a lazy translation, or a text.
    """

    key: str
    label: Any

    def __post_init__(self) -> None:
        if not self.key or len(self.key) > MAX_KEY:
            raise ImproperlyConfigured(
                f"The key of a category has 1 to {MAX_KEY} characters, not {len(self.key)}: "
                f"{self.key!r:.120}"
            )
