"""A Django project with django-notifications-hq. Its connection is as that of config/ is: with
prepared statements, unless DATABASE_PREPARE is off."""

import os
from urllib.parse import urlsplit

_url = urlsplit(os.environ["DATABASE_URL"])
_prepared = {"server_side_binding": True, "prepare_threshold": 5}

SECRET_KEY = os.environ["SECRET_KEY"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path[1:],
        "USER": _url.username,
        "HOST": _url.hostname,
        "PORT": _url.port,
        "OPTIONS": {} if os.environ.get("DATABASE_PREPARE") == "off" else _prepared,
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "notifications",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
