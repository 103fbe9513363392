"""A line of the screen as plain data: spans of text with a tone, no Textual and no colours.

Every panel is a pure function that returns rows of these; one widget draws them all. So what the operator sees
can be tested without a terminal, and compared with what is already on the screen before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from textwrap import wrap
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from console.model.component import Health


class Tone(StrEnum):
    """What a piece of text means; the palette gives it a look. Colour is only for what is not normal."""

    PLAIN = "plain"
    DIM = "dim"  # labels, ages, what is stale
    STRONG = "strong"
    NAME = "name"  # what becomes CHOSEN when its row is chosen
    CHOSEN = "chosen"
    KEY = "key"  # keys to press: the one accent
    TITLE = "title"
    WARN = "warn"
    CRIT = "crit"
    UNKNOWN = "unknown"
    BADGE = "badge"  # the environment in the header
    BADGE_WARN = "badge warn"  # armed, paused
    BADGE_CRIT = "badge crit"  # a production environment


class Span(NamedTuple):
    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a view. ``key`` names what it is about; "" is a row that cannot be chosen."""

    line: Line
    key: str = ""


def tone_of(health: Health) -> Tone:
    """The tone of a value that a rule judged; normal values have no colour."""
    return {Health.OK: Tone.PLAIN, Health.WARN: Tone.WARN, Health.UNKNOWN: Tone.UNKNOWN, Health.CRIT: Tone.CRIT}[health]


def text_of(line: Line) -> str:
    return "".join(span.text for span in line)


def width_of(line: Line) -> int:
    """Terminal cells."""
    return sum(cell_len(span.text) for span in line)


def fit(line: Line, width: int) -> Line:
    """The line at exactly ``width`` cells: padded with blanks, or cut with an ellipsis where words are lost."""
    over = width_of(line) - width
    if over <= 0:
        return (*line, Span(" " * -over)) if over else line
    trimmed = _without_end_blanks(line)
    return fit(trimmed, width) if width_of(trimmed) <= width else _cut(trimmed, width)


def _without_end_blanks(line: Line) -> Line:
    words = list(line)
    while words and not words[-1].text.strip():
        words.pop()
    return (*words[:-1], Span(words[-1].text.rstrip(), words[-1].tone)) if words else ()


def _cut(line: Line, width: int) -> Line:
    """The first cells of a line that is longer, the last of them an ellipsis."""
    room = width - 1
    kept: list[Span] = []
    for span in line:
        size = cell_len(span.text)
        if size > room:
            return (*kept, Span(set_cell_size(span.text, room) + "…", span.tone)) if width else ()
        kept.append(span)
        room -= size
    return tuple(kept)


def cut(text: str, width: int) -> str:
    """At most ``width`` cells; what was longer ends in an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def pad(text: str, width: int) -> str:
    """Exactly ``width`` cells, to the left."""
    return set_cell_size(cut(text, width), width)


def right(text: str, width: int) -> str:
    """Exactly ``width`` cells, to the right."""
    shown = cut(text, width)
    return " " * (width - cell_len(shown)) + shown


def wrapped(text: str, width: int) -> tuple[str, ...]:
    """``text`` in lines of at most ``width`` characters, set in by two more than it was."""
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return tuple(wrap(text, width, subsequent_indent=indent, drop_whitespace=True)) or ("",)


def spread(left: Line, end: Line, width: int) -> Line:
    """``left`` and ``end`` at the two sides of ``width`` cells; ``left`` gives way."""
    return (*fit(left, max(0, width - width_of(end))), *end)


def packed(pieces: Iterable[Line], width: int, gap: str = "  ") -> Line:
    """As many whole pieces as fit, in order, with ``gap`` between; what does not fit is left out."""
    line: Line = ()
    for piece in pieces:
        longer = (*line, Span(gap), *piece) if line else piece
        if width_of(longer) > width:
            continue
        line = longer
    return line
