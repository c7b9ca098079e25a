"""Signing in without a form."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase


def new_session(user: AbstractBaseUser) -> SessionBase:
    """A saved session of `user`; no signal is sent, so no notice comes of it."""
    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session


def session_cookie(user: AbstractBaseUser) -> str:
    """The value of a `Cookie` header that signs `user` in, to a server with HTTPS on or off."""
    names = ("__Host-sessionid", "sessionid")  # config/settings.py
    key = new_session(user).session_key
    return "; ".join(f"{name}={key}" for name in names)
