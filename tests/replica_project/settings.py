"""The router of Django's documentation ("Multiple databases"), and no default database."""

import os
from typing import Any

from config.environment import database
from tests.uuid_project import settings as other

SECRET_KEY = other.SECRET_KEY
USE_TZ = True
ALLOWED_HOSTS = other.ALLOWED_HOSTS
ROOT_URLCONF = other.ROOT_URLCONF
HAS_ADMIN = True
INSTALLED_APPS = [
    "django.contrib.admin",
    *(name for name in other.INSTALLED_APPS if "uuid_project" not in name),
]
MIDDLEWARE = other.MIDDLEWARE
TEMPLATES = other.TEMPLATES
STATIC_URL = other.STATIC_URL
DEFAULT_AUTO_FIELD = other.DEFAULT_AUTO_FIELD
LOGIN_URL = "/admin/login/"


def _database(alias: str) -> dict[str, Any]:
    found = database(os.environ.get("DATABASE_URL", f"sqlite:///{alias}.sqlite3"))
    if found["ENGINE"] == "django.db.backends.sqlite3":
        found["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
        found["NAME"] = f"{found['NAME']}.{alias}"
    return found | {"TEST": {"NAME": f"test_{alias}", "DEPENDENCIES": []}}


DATABASES: dict[str, dict[str, Any]] = {
    "default": {},
    "primary": _database("primary"),
    "replica": _database("replica"),
}
DATABASE_ROUTERS = ["tests.replica_project.router.PrimaryReplicaRouter"]
