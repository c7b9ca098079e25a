"""Names and numbers of one direction of writing in a text of another."""

FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"  # Unicode, UAX 9


def isolate(text: object) -> str:
    """`str(text)`, so that it is read in its own direction inside a text of any language, and does
    not turn around what stands beside it: a Hebrew name, a comma and a number in an English text,
    an order's number in an Arabic one."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}"


def unisolated(text: str) -> str:
    """The text as somebody types it who searches for it."""
    return text.replace(FIRST_STRONG_ISOLATE, "").replace(POP_DIRECTIONAL_ISOLATE, "")
