"""The one widget: draws lines that somebody else composed, and repaints only the cells that changed.

Textual's own widgets repaint themselves whole at every change. Here the new lines are compared with those on
the screen first, and only the stretch of a row that differs is asked to be drawn again.
"""

from __future__ import annotations

from itertools import zip_longest

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from panels.line import Line, Row, Span, Tone, fit, text_of
from panels.palette import LOOKS, ascii_text


class Lines(Widget):
    """``show`` what is to be seen. The widget keeps the chosen row in sight and posts ``Sized`` when it has room."""

    class Sized(Message):
        """The widget has a new size: whoever composes its lines may now do so."""

    def __init__(self, *, id: str | None = None, classes: str | None = None, ascii: bool = False) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()
        self._chosen = ""
        self._top = 0
        self._seen: tuple[Line, ...] = ()
        self._ascii = ascii

    def show(self, rows: tuple[Row, ...], chosen: str = "") -> None:
        """Make these the rows on the screen. Drawing the same rows twice writes nothing."""
        self._rows, self._chosen = rows, chosen
        self._keep_in_sight()
        before, self._seen = self._seen, self._fitted()
        pairs = zip_longest(before, self._seen, fillvalue=())
        regions = [region for y, (was, now) in enumerate(pairs) if (region := _differ(y, was, now))]
        if regions:
            self.refresh(*regions)

    def scroll_lines(self, by: int) -> None:
        """Move the text under the window, for what has no chosen row."""
        self._top += by
        self.show(self._rows, self._chosen)

    @property
    def above(self) -> int:
        """Rows that lie above the window."""
        return self._top

    @property
    def below(self) -> int:
        """Rows that lie below the window."""
        return max(0, len(self._rows) - self._top - self.size.height)

    @property
    def text(self) -> str:
        """What is on the screen, without its looks."""
        return "\n".join(text_of(line).rstrip() for line in self._seen)

    def render_line(self, y: int) -> Strip:
        line = self._seen[y] if y < len(self._seen) else ()
        return Strip([Segment(self._text(span), LOOKS[span.tone]) for span in _merged(line)])

    def on_resize(self) -> None:
        self._keep_in_sight()
        self._seen = self._fitted()
        self.refresh()  # Textual has drawn the new size already, from the old lines
        self.post_message(self.Sized())

    def _fitted(self) -> tuple[Line, ...]:
        """The lines in the window, at its width, with the chosen one's name marked."""
        width, height = self.size
        rows = self._rows[self._top : self._top + height]
        blank = fit((), width)
        lines = [fit(_marked(row) if row.key and row.key == self._chosen else row.line, width) for row in rows]
        return (*lines, *[blank] * (height - len(lines)))

    def _text(self, span: Span) -> str:
        return ascii_text(span.text) if self._ascii else span.text

    def _keep_in_sight(self) -> None:
        height = self.size.height
        index = next((i for i, row in enumerate(self._rows) if row.key and row.key == self._chosen), None)
        if index is not None:
            self._top = min(max(self._top, index - height + 1), index)
        self._top = max(0, min(self._top, len(self._rows) - height))


def _marked(row: Row) -> Line:
    return tuple(Span(text, Tone.CHOSEN if tone is Tone.NAME else tone) for text, tone in row.line)


def _merged(line: Line) -> list[Span]:
    """Neighbours that look alike joined: fewer escape sequences."""
    merged: list[Span] = []
    for span in line:
        if merged and LOOKS[merged[-1].tone] == LOOKS[span.tone]:
            merged[-1] = Span(merged[-1].text + span.text, span.tone)
        elif span.text:
            merged.append(span)
    return merged


def _differ(y: int, before: Line, after: Line) -> Region | None:
    """The stretch of row ``y`` whose cells are not the same; None when all are."""
    if before == after:
        return None
    old, new = _cells(before), _cells(after)
    changed = [x for x, (was, now) in enumerate(zip_longest(old, new)) if was != now]
    return Region(changed[0], y, changed[-1] - changed[0] + 1, 1) if changed else None


def _cells(line: Line) -> list[tuple[str, Tone]]:
    """One entry a terminal cell; a wide character takes two. (Text is inert: nothing takes none.)"""
    return [(part, tone) for text, tone in line for each in text for part in (each, "")[: cell_len(each)]]
