"""The project of config/ in a layout of the site's own: what it has in the directory SITE goes
before ours. Styles are the site's own files, or have a nonce."""

import os
from pathlib import Path
from typing import Any

import csp.constants

from config import settings as ours
from config.settings import *  # noqa: F403

SITE = Path(os.environ["SITE"])
ENGINE: dict[str, Any] = ours.TEMPLATES[0]
TEMPLATES = [ENGINE | {"DIRS": [SITE / "templates", *ENGINE["DIRS"]]}]
STATICFILES_DIRS = [SITE / "static"]
DIRECTIVES: dict[str, Any] = ours.CONTENT_SECURITY_POLICY["DIRECTIVES"]
STYLES = {"style-src": [csp.constants.SELF, csp.constants.NONCE]}
CONTENT_SECURITY_POLICY = {"DIRECTIVES": DIRECTIVES | STYLES}
