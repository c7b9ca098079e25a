"""Names and fingerprints of browsers, from the User-Agent header."""

from __future__ import annotations

import hashlib
import re

# In this order: Edge and Opera also say Chrome, Chrome also says Safari, Android also says Linux.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
_VERSION = re.compile(r"\d[\w.]*")


def name(user_agent: str) -> str:
    """A name for people, such as `Firefox · Linux`. An unknown part is left out."""
    parts = (_first_match(_BROWSERS, user_agent), _first_match(_SYSTEMS, user_agent))
    return " · ".join(part for part in parts if part)


def fingerprint(user_agent: str) -> str:
    """A hash for comparing browsers. It leaves out version numbers, so updates do not change it."""
    return hashlib.sha256(_VERSION.sub("", user_agent).encode()).hexdigest()


def _first_match(names: dict[str, str], user_agent: str) -> str:
    return next((name for mark, name in names.items() if mark in user_agent), "")
