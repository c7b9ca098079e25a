"""The project of config/ in a layout of the site's own: what it has in the directory SITE goes
before ours. Styles are the site's own files, or have a nonce."""

import os
from pathlib import Path

import csp.constants

from config.settings import *  # noqa: F403
from config.settings import CONTENT_SECURITY_POLICY, TEMPLATES

SITE = Path(os.environ["SITE"])
TEMPLATES[0]["DIRS"].insert(0, SITE / "templates")
STATICFILES_DIRS = [SITE / "static"]
CONTENT_SECURITY_POLICY["DIRECTIVES"]["style-src"] = [csp.constants.SELF, csp.constants.NONCE]
