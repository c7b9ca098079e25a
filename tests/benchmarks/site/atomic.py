"""The site with a transaction around each view, as most sites have it."""

from tests.benchmarks.site.settings import *  # noqa: F403
from tests.benchmarks.site.settings import DATABASES

DATABASES["default"]["ATOMIC_REQUESTS"] = True
