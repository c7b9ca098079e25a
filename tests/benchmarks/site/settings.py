from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.site.urls"
