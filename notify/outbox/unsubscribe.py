"""Tokens of the links by which people unsubscribe without a sign-in (RFC 8058).

A token is signed and has no end: an e-mail that is found years later still works. It names no
address, which would be read in the logs of every proxy; a digest of it is enough to tell whether
the person still has that one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.core import signing

from notify.exceptions import NotifyError

SALT = "notify.outbox.unsubscribe"
VERSION = 1
PREVIEW = "preview"  # in place of a token; it ends nothing
_DIGEST_BYTES = 9


class InvalidToken(NotifyError):
    """The token was cut or changed, or signed with a key that is none of ours."""


class Standing(Enum):
    """What a token may do today."""

    OPEN = "open"
    GONE = "gone"
    """The account was deleted; nobody is mailed."""
    MOVED = "moved"
    """The person has another address now, and who holds the old one has no say."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link ends: messages by a channel about categories, to the address of one person.

    Attributes:
        user: `str(user.pk)`.
        channel: The key of a channel.
        categories: Their keys; "" is that of notices without a category.
        address_digest: See `digest_of`.
    """

    user: str
    channel: str
    categories: tuple[str, ...]
    address_digest: str

    @classmethod
    def of(cls, user: Any, channel: str, categories: Sequence[str], address: str) -> Subscription:
        key = str(user.pk)
        return cls(key, channel, tuple(sorted(set(categories))), digest_of(key, address))

    def standing(self, user: Any, address: str | None) -> Standing:
        """What it may do today.

        Args:
            user: The one that it names; None if there is none.
            address: Where the channel reaches them now.
        """
        if user is None:
            return Standing.GONE
        if address is None or digest_of(self.user, address) != self.address_digest:
            return Standing.MOVED
        return Standing.OPEN


def digest_of(user: str, address: str) -> str:
    """Tells addresses of one person apart. Hosts and most servers ignore case."""
    data = f"{user}\0{address.strip().casefold()}".encode()
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES, person=b"notify.outbox").hexdigest()


def token(of: Subscription) -> str:
    """For an address: letters, digits, `-`, `_`, `:` and `.`."""
    payload = [VERSION, of.user, of.channel, list(of.categories), of.address_digest]
    return signing.dumps(payload, salt=SALT, compress=True)


def read(token: str) -> Subscription:
    """What a token names. SECRET_KEY_FALLBACKS count, too.

    Raises:
        InvalidToken: It was not made here.
    """
    try:
        version, user, channel, categories, digest = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidToken("This link was cut or changed.") from error
    if version != VERSION:
        raise InvalidToken("This link was made by a newer version of the site.")
    return Subscription(user, channel, tuple(categories), digest)
