"""The environment of a test process; pytest loads this before Django reads config/settings.py.

DATABASE_URL is left as it is: SQLite where it is not set, else what tests.harness.run started.
The channel layer of the test process itself is the one in memory; a test that wants Redis asks
for `redis_server` and gives its URL to the servers that it starts.
"""

import os

os.environ.setdefault("SECRET_KEY", "the key of the tests, which every process of a test shares")
os.environ["DEBUG"] = "on"  # static files as they are; pytest-django turns settings.DEBUG off
os.environ.pop("REDIS_URL", None)
