"""The class that a project's kinds extend."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, dataclass_transform

from django.core.exceptions import ImproperlyConfigured

from notify.kinds import channels, fields, registry
from notify.kinds.about import About
from notify.kinds.category import Category


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Kind:
    """A kind of notice. Its annotated fields are what a notice of it is made of; texts are made of
    them, and of nothing else: no query, no request.

    A subclass without a `key` of its own is a base for others, and cannot be sent.

    Attributes:
        key: Up to 100 characters, in the database and on the wire for ever.
        category: A `Category`, or its key.
        level: One of `Level`.
        verbose_name: What people see of it where they choose what they want; a lazy translation, or
            a text. By default, the name of the class in words.
        defaults: Channels that are on or off for those who have not said what they want, such as
            `{"inbox": False}`. Those that are left out are as its category says.
        channels: Ways out of the browser for what stays unread, such as
            `[notify.Email(after=timedelta(hours=1))]`; an empty list is none. By default, those of
            its category.
        required: Channels on which nobody can turn it off or mute it, such as `("inbox",)`.
        at_least_once: Whether a message that may have left is sent again: for what is worse missed
            than told twice.

    Raises:
        InvalidNotice: A field has a value of another type; the field is named `params.<name>`.
        ImproperlyConfigured: At the definition of the class, if another kind has the key, or a
            field cannot be one.
    """

    key: ClassVar[str] = ""
    category: ClassVar[Category | str] = ""
    level: ClassVar[str] = "info"
    verbose_name: ClassVar[Any] = ""
    defaults: ClassVar[Mapping[str, bool]] = {}
    channels: ClassVar[Sequence[Any] | None] = None
    required: ClassVar[Collection[str]] = ()
    at_least_once: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            if hasattr(Kind, field.name):
                raise ImproperlyConfigured(
                    f"{cls.__qualname__}.{field.name} is a field, but Kind.{field.name} is what "
                    "texts and rules are read from. Give the field another name."
                )
        name, declared = cls.__qualname__, registry.declared_by(cls)
        channels.checked_declared(f"{name}.channels", declared)
        channels.checked_defaults(f"{name}.defaults", cls.defaults, declared)
        channels.check_required(f"{name}.required", cls.required, declared)
        if cls.__dict__.get("key"):
            registry.register(cls)

    def __post_init__(self) -> None:
        fields.check(self)

    def title(self) -> str:
        """Plain text, up to 200 characters, in the active language."""
        raise NotImplementedError(f"{type(self).__name__} needs a title()")

    def body(self) -> str:
        """Plain text, up to 4,000 characters."""
        return ""

    def url(self) -> str | None:
        """A path or an http(s) address."""
        return None

    def actions(self) -> Iterable[Mapping[str, str]]:
        """Up to four of `{"label": …, "url": …}`."""
        return ()

    def about(self) -> About | None:
        """What a notice of it is about: `About("order", self.number)`. Clients get it."""
        return None

    def data(self) -> Mapping[str, Any]:
        """What the browser gets beside the texts; the fields themselves stay on the server."""
        return {}
