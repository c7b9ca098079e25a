"""What a browser calls itself, made into a name for people and one for comparing."""

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
    """`Firefox · Linux`, or as much of it as can be told; empty where nothing can."""
    parts = (_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))
    return " · ".join(part for part in parts if part)


def fingerprint(user_agent: str) -> str:
    """The same for a browser before and after its updates: version numbers are left out."""
    return hashlib.sha256(_VERSION.sub("", user_agent).encode()).hexdigest()


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((said for mark, said in names.items() if mark in user_agent), "")
