"""Where a person is reached by e-mail."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode
from django.utils.module_loading import import_string

from notify import conf
from notify.outbox.channel import AddressRefused

_ALLAUTH = "account"  # the label of allauth.account


def email_of(user: Any) -> str | None:
    """What NOTIFY_READER says, if it has an "email"; else, with allauth, the verified address;
    else the user's e-mail field. None for nowhere.

    Raises:
        Exception: What the project's function or allauth's table does. It is not known where this
            person is reached; another of their addresses may be wrong.
    """
    said = _of_project(user)
    if "email" in said:
        return said["email"] or None
    if apps.is_installed("allauth.account"):
        return _verified(user)
    field = getattr(user, "get_email_field_name", lambda: "email")()
    return getattr(user, field, "") or None


def deliverable(address: str) -> str:
    """The address as SMTP without extensions takes it: the name of its host in ASCII.

    Raises:
        AddressRefused: It is none, or its local part is not ASCII: Django does not send with
            SMTPUTF8.
    """
    local, _, host = address.rpartition("@")
    try:
        ascii_address = f"{local}@{punycode(host)}"
        validate_email(ascii_address)
    except (UnicodeError, ValidationError) as error:
        raise AddressRefused("This is no e-mail address.") from error
    if not ascii_address.isascii():
        raise AddressRefused("Its part before the @ is not ASCII, which needs SMTPUTF8.")
    return ascii_address


def _of_project(user: Any) -> dict[str, Any]:
    path = conf.current().reader
    if path is None:
        return {}
    return import_string(path)(user) or {}


def _verified(user: Any) -> str | None:
    """The verified address of allauth, the primary one if it is."""
    found = apps.get_model(_ALLAUTH, "EmailAddress")._default_manager
    verified = found.filter(user=user, verified=True).order_by("-primary", "pk")
    first: str | None = verified.values_list("email", flat=True).first()
    return first
