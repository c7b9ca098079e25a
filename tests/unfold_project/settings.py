"""The project of config/ under django-unfold, whose pages need a laxer policy than ours."""

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, INSTALLED_APPS, MIDDLEWARE, TEMPLATES

INSTALLED_APPS = ["unfold", *INSTALLED_APPS]
# Its base_site.html instead of the one of config/, which is Django's with our icon.
TEMPLATES = [
    TEMPLATES[0]
    | {"DIRS": [BASE_DIR / "tests" / "unfold_project" / "templates", BASE_DIR / "templates"]}
]
MIDDLEWARE = ["tests.unfold_project.policy.LaxInTheAdmin", *MIDDLEWARE]
