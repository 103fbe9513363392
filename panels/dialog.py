"""A dialog: a frame with lines in the middle, that answers with a value or with None when it is left.

Keys are read raw rather than bound: what a dialog does not know does nothing, and a paste is not a key.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen

from panels.keys import BY_KEY
from panels.line import Line, Row, Span, Tone, fit
from panels.lines import Lines
from panels.look import SCROLLS

Answer = TypeVar("Answer")
BESIDE = 6  # rows: the frame, a blank and the question, and the header and footer that stay in sight


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """``rows``, ``asks`` and ``pressed`` are the three things that a dialog says of itself."""

    title_text = ""
    leave_keys: tuple[str, ...] = ("escape", "ctrl+c")

    def __init__(self, *, ascii: bool = False) -> None:
        super().__init__()
        self._ascii = ascii

    def compose(self) -> ComposeResult:
        frame = Vertical(Lines(id="said", ascii=self._ascii), Lines(id="asks", ascii=self._ascii), id="frame")
        frame.border_title = self.title_text
        yield frame

    def rows(self, width: int) -> tuple[Row, ...]:
        """What is in the frame, scrolled where it is longer."""
        return ()

    @property
    def chosen(self) -> str:
        """The key of a row that is kept in sight; "" for none."""
        return ""

    def asks(self) -> Line:
        """The last line, always in sight: which keys answer."""
        return ()

    def pressed(self, key: str, character: str | None) -> None:
        """A key that neither leaves nor scrolls."""

    def on_lines_sized(self) -> None:
        self.draw()

    def draw(self) -> None:
        said = self.query_one("#said", Lines)
        rows = self.rows(said.size.width)
        said.styles.height = max(1, min(len(rows), self.app.size.height - BESIDE))
        said.show(rows, self.chosen)
        asks = self.query_one("#asks", Lines)
        asks.show((Row(_scroll(said)), Row(fit(self.asks(), asks.size.width))))

    def on_key(self, event: Key) -> None:
        event.stop()
        if not self.is_current:  # it is over, and this key was on its way
            return
        if event.key in self.leave_keys:
            self.dismiss(None)
            return
        self.pressed(event.key, event.character)

    def scroll_by(self, key: str) -> bool:
        """Whether the key was one that scrolls."""
        known = BY_KEY.get(key)
        step = SCROLLS.get(known.id) if known is not None else None
        if step is None:
            return False
        said = self.query_one("#said", Lines)
        said.scroll_lines(step(max(1, said.size.height // 2)))
        self.draw()
        return True


def _scroll(said: Lines) -> Line:
    """That there is more than can be seen, and how much of it is still below."""
    if not (said.above or said.below):
        return ()
    left: Line = (Span(f" … {said.below} more below, ", Tone.WARN),) if said.below else (Span(" "),)
    return (*left, Span("arrows", Tone.KEY), Span(" scroll", Tone.DIM))
