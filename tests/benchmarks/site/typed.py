from tests.benchmarks.site.settings import *  # noqa: F403

INSTALLED_APPS += ["tests.benchmarks.site"]  # noqa: F405  its notices.py
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]
