"""Our deployment, with this app, and the mail server of the tests at SMTP_PORT."""

import os
from typing import Any

import django

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR
from config.settings import INSTALLED_APPS as OURS
from config.settings import LOCALE_PATHS as OUR_PATHS

INSTALLED_APPS = [*OURS, "tests.outbox_project"]
LOCALE_PATHS = [*OUR_PATHS, BASE_DIR / "config" / "demo" / "locale"]  # of a letter's text
_MAIL: Any = {"host": "127.0.0.1", "port": int(os.environ.get("SMTP_PORT", "25"))}
if django.VERSION >= (6, 1):
    _BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    MAILERS = {"default": {"BACKEND": _BACKEND, "OPTIONS": _MAIL}}
else:
    EMAIL_HOST, EMAIL_PORT = _MAIL["host"], _MAIL["port"]
