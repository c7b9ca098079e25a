"""A user without permissions and groups, whose key is a text."""

from shop.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "shop.people"]
AUTH_USER_MODEL = "people.Person"
