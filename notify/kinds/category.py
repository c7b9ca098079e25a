"""What kinds belong to, for people who read and filter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from notify.kinds.channels import checked_declared, checked_defaults

MAX_KEY = 100  # as Notice.category
_PATH = re.compile(r"[MmZzLlHhVvCcSsQqTtAaEe0-9\s,.+-]*")  # SVG 2, 9.3: path data


@dataclass(frozen=True, slots=True)
class Category:
    """A category of kinds.

    Args:
        key: Up to 100 characters, in the database and on the wire for ever.
        label: What people see; a lazy translation, or a text.
        icon: Path data of SVG for lines in a square of 16, such as "M2 4h12v8H2zM2 4l6 5 6-5"; they
            get the colour and the width of the page's own icons.
        description: What people see beside the label where they choose what they want.
        defaults: Channels that are on or off for those who have not said what they want, such as
            `{"inbox": False}`. Those that are left out are on.
        channels: Ways out of the browser, such as `[notify.Email()]`, for those of its kinds that
            have no list of their own.
    """

    key: str
    label: Any
    icon: str = ""
    description: Any = ""
    defaults: Mapping[str, bool] = field(default_factory=dict, hash=False)
    channels: Sequence[Any] = field(default=(), hash=False)

    def __post_init__(self) -> None:
        if not self.key or len(self.key) > MAX_KEY:
            raise ImproperlyConfigured(
                f"The key of a category has 1 to {MAX_KEY} characters, not {len(self.key)}: "
                f"{self.key!r:.120}"
            )
        if not _PATH.fullmatch(self.icon):
            raise ImproperlyConfigured(
                f"The icon of the category {self.key!r} is no path data of SVG. Copy the attribute "
                "`d` of a <path>, without the element."
            )
        declared = checked_declared(f"The channels of the category {self.key!r}", self.channels)
        checked_defaults(f"The defaults of the category {self.key!r}", self.defaults, declared)
