"""Addresses in messages. No request is at hand, so a setting says where the site is."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse
from django.utils.encoding import punycode

from notify import conf


def site_url() -> str:
    """Such as "https://example.org".

    Raises:
        ImproperlyConfigured: NOTIFY_SITE_URL is not set.
    """
    found = conf.current().site_url
    if found is None:
        raise ImproperlyConfigured(
            "E-mails need the address of the site for their links. Set NOTIFY_SITE_URL, such as "
            "'https://example.org'."
        )
    return found


def host() -> str:
    """The site's host, in ASCII."""
    return punycode(urlsplit(site_url()).hostname or "")


def absolute(url: str) -> str:
    """A link of a notice, which is a path of the site or an http(s) address."""
    return f"{site_url()}{url}" if url.startswith("/") else url


def inbox() -> str | None:
    """The page of all notices; None where the project has none of our pages."""
    return _page("notify:dashboard")


def manage() -> str | None:
    """The page on which people choose what they are told, and where."""
    return _page("notify:preferences") or inbox()


def unsubscribe(token: str) -> str | None:
    return _page("notify:unsubscribe", token)


def _page(name: str, *args: str) -> str | None:
    try:
        return absolute(reverse(name, args=args))
    except NoReverseMatch:
        return None
