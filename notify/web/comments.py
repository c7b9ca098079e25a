"""The browser's modules without what only their readers need.

They are written as they are served, and a third of them is comments. Where they are put for
serving anyway (into the wheel, by `collectstatic`) the comments stay behind. This module knows
nothing but text: the build of the wheel runs it by itself.
"""

import re

# Whole lines only, which is how comments are written here: nothing within a line is touched, so
# neither strings nor regular expressions can be taken for one.
_COMMENTS = re.compile(r"^[ \t]*(?:/\*\*.*?\*/[ \t]*$|//[^\n]*)\n?", re.DOTALL | re.MULTILINE)
_INDENTATION = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)


def without_comments(code: str) -> str:
    """A module's code without comments, indentation and empty lines; it does the same."""
    return _INDENTATION.sub("", _COMMENTS.sub("", code))
