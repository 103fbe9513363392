"""Text from outside is data: what could steer a terminal is shown, not obeyed."""

from __future__ import annotations

import unicodedata

_PICTURES = 0x2400  # Unicode's control pictures: U+241B is the picture of ESC


def inert(text: str) -> str:
    """``text`` on one line: ``␛`` for ESC, ``\\x9b`` for C1, ``\\u202e`` for what reorders text or is not seen.

    Right-to-left overrides, zero-width characters and marks without a letter go too: with them one name looks like
    another. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _harmless(char) else escaped(char) for char in unicodedata.normalize("NFC", text))


def escaped(char: str) -> str:
    """One character as harmless ones that name it."""
    code = ord(char)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "␡"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _harmless(char: str) -> bool:
    """Printable is what is neither control, format, surrogate, unassigned nor a separator other than the space."""
    return char.isprintable() and unicodedata.category(char) not in ("Mn", "Me")
