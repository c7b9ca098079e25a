"""The project of config/ beside an app that has taken names that many sites have taken."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.neighbour_project.notifications"]
NOTIFY_API_KEY = "of GOV.UK Notify"
