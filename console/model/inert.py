"""Text from outside is data: what could steer a terminal is shown, not obeyed."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"


def inert(text: str, width: int | None = None) -> str:
    """The text on one line with every control, format and unassigned character escaped, cut to ``width`` characters.

    Right-to-left overrides and zero-width characters (Unicode category Cf) are escaped too: they can make
    one name look like another.
    """
    plain = "".join(char if _harmless(char) else _escaped(char) for char in text)
    if width is not None and len(plain) > width:
        return plain[: max(0, width - 1)] + ELLIPSIS[: min(1, width)]
    return plain


def _harmless(char: str) -> bool:
    return char == " " or (char.isprintable() and unicodedata.category(char)[0] != "C")


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
