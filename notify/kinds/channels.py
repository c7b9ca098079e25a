"""The channels by which a notice may reach somebody, and what may be said of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

INBOX = "inbox"
CHANNELS = (INBOX,)  # that there are without being declared
_METHODS = ("address", "render", "hand_over")


def checked_declared(owner: str, declared: Any) -> tuple[Any, ...]:
    """The ways out of the browser that a kind or a category declares, such as `[Email()]`.

    They are told by what they have, not by their class: nothing of `notify.outbox` is imported
    where nobody declares one.

    Raises:
        ImproperlyConfigured: It is no list of channels, or has two of a key; names the owner.
    """
    if not isinstance(declared, Sequence) or isinstance(declared, str):
        raise ImproperlyConfigured(
            f"{owner} must be a list of channels, as [notify.Email()], not {declared!r:.100}."
        )
    for one in declared:
        if isinstance(one, type):
            raise ImproperlyConfigured(
                f"{owner} has the class {one.__name__}: write {one.__name__}(), with brackets."
            )
        if not _is_channel(one):
            raise ImproperlyConfigured(
                f"{owner} has {one!r:.100}, which is no channel. Use notify.Email(), or an object "
                "of a subclass of notify.outbox.Channel."
            )
    keys = [one.key for one in declared]
    for key in keys:
        if key in CHANNELS or keys.count(key) > 1:
            raise ImproperlyConfigured(
                f"{owner} has two channels with the key {key!r}, or one that is there anyway. "
                "Leave one of them out."
            )
    return tuple(declared)


def _is_channel(one: Any) -> bool:
    return (
        isinstance(getattr(one, "key", None), str)
        and isinstance(getattr(one, "after", None), timedelta)
        and getattr(one, "unless", None) in {"read", "seen"}
        and all(callable(getattr(one, name, None)) for name in _METHODS)
    )


def checked_defaults(owner: str, defaults: Any, declared: Iterable[Any] = ()) -> dict[str, bool]:
    """Whether each channel is on by default, as a class or a setting says it.

    Args:
        owner: Whose they are, for errors.
        defaults: What is said.
        declared: The ways out of the browser that the owner declares.

    Raises:
        ImproperlyConfigured: It is no mapping of channels to `True` or `False`; names the owner.
    """
    known = _keys(declared)
    if not isinstance(defaults, Mapping) or not all(
        channel in known and isinstance(value, bool) for channel, value in defaults.items()
    ):
        raise ImproperlyConfigured(
            f"{owner} must say True or False of channels, as {{'inbox': False}}, not "
            f"{defaults!r:.100}. Channels are: {', '.join(known)}."
        )
    return dict(defaults)


def check_required(owner: str, required: Any, declared: Iterable[Any] = ()) -> None:
    """Raises ImproperlyConfigured if this is no collection of channels, such as `("inbox",)`."""
    known = _keys(declared)
    is_several = isinstance(required, Collection) and not isinstance(required, str)
    if not is_several or not all(channel in known for channel in required):
        raise ImproperlyConfigured(
            f"{owner} must name channels, as ('inbox',), not {required!r:.100}. Channels are: "
            f"{', '.join(known)}."
        )


def _keys(declared: Iterable[Any]) -> tuple[str, ...]:
    return (*CHANNELS, *(one.key for one in declared))
