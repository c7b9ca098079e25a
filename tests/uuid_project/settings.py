"""No admin, no channel layer, no routes; the database of the run, under a name of its own."""

import os

from config.environment import database

USER_MODEL = os.environ.get("TEST_USER_MODEL", "Person")
AUTH_USER_MODEL = f"people.{USER_MODEL}"
SECRET_KEY = "of another project"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "tests.uuid_project.people",
    "notify",
]
DATABASES = {"default": database(os.environ.get("DATABASE_URL", "sqlite:///another.sqlite3"))}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
DATABASES["default"]["TEST"] = {"NAME": f"test_{USER_MODEL.lower()}"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
