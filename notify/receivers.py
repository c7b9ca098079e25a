"""Notices that notify sends by itself: a welcome, a changed password, a new device.

Each has a switch: NOTIFY_WELCOME, NOTIFY_PASSWORD_CHANGED, NOTIFY_NEW_DEVICE. None may prevent the
save or sign-in that it reports: a failure is logged, and a savepoint undoes it, so that the
transaction around it goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models.signals import post_save, pre_save
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from notify import conf, sending, sql
from notify.access import user_agents
from notify.models import KnownDevice
from notify.notices import NewDevice, PasswordChanged, Welcome
from notify.sql import database

logger = logging.getLogger(__name__)

_HAD_PASSWORD = "_notify_had_password"  # noqa: S105  set on a user during a save


def failures_are_logged(receiver: Callable[..., None]) -> Callable[..., None]:
    """Makes `receiver` log its exceptions, and break no transaction."""

    @wraps(receiver)
    def receive(*args: Any, **kwargs: Any) -> None:
        try:
            with transaction.atomic(using=sql.alias()):
                receiver(*args, **kwargs)
        except Exception:
            logger.exception("%s failed; the save or sign-in continues.", receiver.__name__)

    return receive


# A site may send these signals itself, for its own models and with few arguments. A proxy of the
# user model is a sender of its own, so they are connected without `sender=`.


def _before_save(
    sender: Any,
    *,
    instance: Any,
    raw: bool = False,
    using: str | None = None,
    update_fields: Collection[str] | None = None,
    **kwargs: Any,
) -> None:
    if raw or not isinstance(instance, get_user_model()):
        return
    instance.__dict__.pop(_HAD_PASSWORD, None)  # left by a save that failed
    if not instance._state.adding and _writes_password(instance, update_fields):
        _note_password(instance, using)


@failures_are_logged
def _note_password(user: Any, using: str | None) -> None:
    """Notes whether the password that is being saved replaces another one. The first password of
    an account is no reason for a warning."""
    accounts = type(user)._base_manager.using(using).filter(pk=user.pk)
    stored = accounts.values_list("password", flat=True).first()
    user.__dict__[_HAD_PASSWORD] = bool(stored) and is_password_usable(stored)


def _after_save(
    sender: Any, *, instance: Any, created: bool = False, raw: bool = False, **kwargs: Any
) -> None:
    if raw or not isinstance(instance, get_user_model()):
        return
    if created:
        welcome(instance)
    elif instance.__dict__.pop(_HAD_PASSWORD, False):
        send_password_changed(instance)


@failures_are_logged
def welcome(user: AbstractBaseUser) -> None:
    if conf.current().welcome:
        sending.send(Welcome(), to=user)


@failures_are_logged
def send_password_changed(user: AbstractBaseUser) -> None:
    if conf.current().password_changed:
        sending.send(PasswordChanged(password_page=_password_page()), to=user)


@failures_are_logged
def _signed_in(
    sender: Any, *, request: HttpRequest | None = None, user: Any = None, **kwargs: Any
) -> None:
    if not conf.current().new_device or request is None or not isinstance(user, get_user_model()):
        return
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    if _is_new(user, user_agents.fingerprint(user_agent)):
        send_new_device(user, user_agents.name(user_agent))


def send_new_device(user: AbstractBaseUser, device: str) -> None:
    sending.send(NewDevice(device=device, password_page=_password_page()), to=user)


def _writes_password(user: Any, update_fields: Collection[str] | None) -> bool:
    """Whether this save writes a password that was given to `set_password`. A sign-in that only
    renews the hash clears `_password` before it saves (AbstractBaseUser.check_password)."""
    return getattr(user, "_password", None) is not None and (
        update_fields is None or "password" in update_fields
    )


def _is_new(user: AbstractBaseUser, fingerprint: str) -> bool:
    """Whether the user has known devices but not this one. From now on this one is known."""
    now = database.now()
    devices_of_user = KnownDevice.objects.filter(user_id=user.pk)
    if devices_of_user.filter(fingerprint=fingerprint).update(last_seen=now):
        return False
    had_others = devices_of_user.exists()
    _device, created = KnownDevice.objects.get_or_create(
        user_id=user.pk,
        fingerprint=fingerprint,
        defaults={"first_seen": now, "last_seen": now},
    )
    return had_others and created


def _password_page() -> str | None:
    try:
        return reverse("password_change")
    except NoReverseMatch:
        return None


pre_save.connect(_before_save, dispatch_uid="notify.receivers.user_is_saved")
post_save.connect(_after_save, dispatch_uid="notify.receivers.user_saved")
user_logged_in.connect(_signed_in, dispatch_uid="notify.receivers.signed_in")
