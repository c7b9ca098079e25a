"""No channel layer; routes, and an admin where users may have permissions; the database of the run,
under a name of its own."""

import os
from pathlib import Path

from config.environment import database

USER_MODEL = os.environ.get("TEST_USER_MODEL", "Person")
HAS_ADMIN = USER_MODEL not in {"Nickname", "Clerk"}  # whose users have no has_perm
AUTH_USER_MODEL = f"people.{USER_MODEL}"
SECRET_KEY = "of another project"
USE_TZ = True
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "tests.uuid_project.urls"
INSTALLED_APPS = [
    *(["tests.uuid_project.office.OfficeConfig"] if HAS_ADMIN else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tests.uuid_project.people",
    "notify",
]
MIDDLEWARE = [
    "notify.web.probes.AnswerProbes",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parents[2] / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
DATABASES = {"default": database(os.environ.get("DATABASE_URL", "sqlite:///another.sqlite3"))}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
DATABASES["default"]["TEST"] = {"NAME": f"test_{USER_MODEL.lower()}"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
