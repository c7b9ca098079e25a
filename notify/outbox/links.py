"""Addresses in messages. No request is at hand, so a setting says where the site is."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse
from django.utils.encoding import punycode

from notify import conf

READ = "notify-read"  # in the address of a page: the notice that led there


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


def to_notice(url: str | None, notice_id: int) -> str | None:
    """Where a message leads about a notice: to its own link, or to the inbox if it has none. A page
    of the site marks it as read once it is on the screen of who is signed in there (landing.js).

    Args:
        url: The notice's, as of `absolute`.
        notice_id: Its primary key.
    """
    target = absolute(url) if url else inbox()
    if target is None or not f"{target}/".startswith(f"{site_url()}/"):
        return target
    address, mark, fragment = target.partition("#")
    separator = "&" if "?" in address else "?"
    return f"{address}{separator}{READ}={notice_id}{mark}{fragment}"


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
