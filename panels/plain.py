"""Text from outside is data: pod, group, key and label names, alerts and errors never steer the terminal.

Whatever could move the cursor, change colours, reorder text or take no cell is shown instead of obeyed.
"""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len

from panels.line import cut

_PICTURES = 0x2400  # Unicode's control pictures: U+241B is the picture of ESC


def inert(text: str, width: int | None = None) -> str:
    """``text`` as harmless cells: ``␛`` for ESC, ``\\x9b`` for C1, ``\\u202e`` for what reorders or has no width.

    With ``width`` at most that many cells, an ellipsis at the end of what was longer. Idempotent.
    """
    shown = text if text.isascii() and text.isprintable() else "".join(map(_shown, unicodedata.normalize("NFC", text)))
    return shown if width is None else cut(shown, width)


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "␡"
    if code <= 0xFF and not character.isprintable():
        return f"\\x{code:02x}"
    if _invisible(character):
        return f"\\u{code:04x}"
    return character


def _invisible(character: str) -> bool:
    """Formats (bidi overrides, joiners), surrogates, unassigned, line separators, and marks without a cell."""
    if character == " ":
        return False
    return not character.isprintable() or cell_len(character) == 0
