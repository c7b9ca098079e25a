"""The project of config/ in a layout of the site's own: what it has in the directory SITE goes
before ours. Styles are the site's own files, or have a nonce."""

import os
from pathlib import Path
from typing import Any

import csp.constants

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, CONTENT_SECURITY_POLICY, TEMPLATES

SITE = Path(os.environ["SITE"])
TEMPLATES = [TEMPLATES[0] | {"DIRS": [SITE / "templates", BASE_DIR / "templates"]}]
STATICFILES_DIRS = [SITE / "static"]
_directives: dict[str, Any] = {"style-src": [csp.constants.SELF, csp.constants.NONCE]}
CONTENT_SECURITY_POLICY = {"DIRECTIVES": CONTENT_SECURITY_POLICY["DIRECTIVES"] | _directives}
