"""Tones as looks. Only the terminal's own sixteen colours and its own background: they are right in every theme,
on 16 colours and over SSH, and a colour costs five bytes instead of nineteen. Each tone that matters also differs
without colour (bold, inverse, a word), so it reads with NO_COLOR.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style

from panels.line import Tone

LOOKS: dict[Tone, Style] = {
    Tone.PLAIN: Style(),
    Tone.DIM: Style(dim=True),
    Tone.STRONG: Style(bold=True),
    Tone.NAME: Style(),
    Tone.CHOSEN: Style(color="cyan", bold=True, reverse=True),
    Tone.KEY: Style(color="cyan"),
    Tone.TITLE: Style(bold=True, color="cyan"),
    Tone.WARN: Style(color="yellow"),
    Tone.CRIT: Style(color="red", bold=True),
    Tone.UNKNOWN: Style(color="magenta"),
    Tone.BADGE: Style(color="cyan", bold=True, reverse=True),
    Tone.BADGE_WARN: Style(color="yellow", bold=True, reverse=True),
    Tone.BADGE_CRIT: Style(color="red", bold=True, reverse=True),
}

_ASCII = str.maketrans("▁▂▃▄▅▆▇█▶›…→←·└├│─×✓", "_.:-=+*#>>~><.`||-x+")


def ascii_text(text: str) -> str:
    """The same number of cells in ASCII: our own shapes by a lookalike, anything else as question marks."""
    if text.isascii():
        return text
    return "".join(_ascii_cell(character) for character in text.translate(_ASCII))


def _ascii_cell(character: str) -> str:
    return character if character.isascii() else "?" * cell_len(character)
