"""The plan to approve. The key that says yes is neither the one that came before nor enter, and haste is dropped.

For 400 ms after the dialog opened nothing is heard, so keys typed ahead cannot approve what was not yet seen.
Pastes are not keys and do nothing. A production environment is approved by its name, typed.
"""

from __future__ import annotations

from collections.abc import Callable

from console.acting import Prepared
from panels.dialog import Dialog
from panels.line import Line, Row, Span, Tone, fit, wrapped
from panels.plain import inert

DEAF = 0.4  # wall seconds


def _tone(text: str) -> Tone:
    """The words are the engine's: ``!`` marks a warning, steps begin at the margin, an arrow is a change."""
    if text.lstrip().startswith("! "):
        return Tone.WARN
    if not text.startswith(" "):
        return Tone.STRONG
    return Tone.PLAIN if "→" in text else Tone.DIM


def _rows(text: str, width: int) -> tuple[Row, ...]:
    """One line of the plan, whole: what is too long goes on below."""
    tone = _tone(text)
    return tuple(Row(fit((Span(f" {part}", tone),), width)) for part in wrapped(inert(text), width - 1))


class PlanDialog(Dialog[bool]):
    """Answers True for approved. ``name`` is the environment's, to be typed; "" where ``Y`` is enough."""

    def __init__(
        self, prepared: Prepared, monotonic: Callable[[], float], name: str = "", *, ascii: bool = False
    ) -> None:
        super().__init__(ascii=ascii)
        self.title_text = f"plan: {inert(prepared.title)}"
        self._prepared = prepared
        self._monotonic = monotonic
        self._phrase = name
        self._typed = ""
        self._deaf_until = float("inf")

    def on_mount(self) -> None:
        self._deaf_until = self._monotonic() + DEAF

    def rows(self, width: int) -> tuple[Row, ...]:
        return tuple(row for line in self._prepared.lines for row in _rows(line, width))

    def asks(self) -> Line:
        if not self._prepared.changes:
            return (Span(" nothing to do; any key closes", Tone.STRONG),)
        leave: Line = (Span("esc", Tone.KEY), Span(" leaves it", Tone.DIM))
        if self._phrase:
            typed = Span(inert(self._typed) + "▏", Tone.STRONG)
            return (Span(f" type {inert(self._phrase)} and enter: ", Tone.WARN), typed, Span("   "), *leave)
        changes = f"{self._prepared.changes} change{'s' if self._prepared.changes != 1 else ''}"
        return (Span(" Y", Tone.KEY), Span(f" makes {changes}, ", Tone.STRONG), *leave)

    def pressed(self, key: str, character: str | None) -> None:
        if self._monotonic() < self._deaf_until:
            return
        if not self._prepared.changes:
            self.dismiss(None)
        elif self._phrase:
            self._type(key, character)
        elif character == "Y":
            self.dismiss(True)
        else:
            self.scroll_by(key)

    def _type(self, key: str, character: str | None) -> None:
        if key == "enter" and self._typed == self._phrase:
            self.dismiss(True)
            return
        if key == "backspace":
            self._typed = self._typed[:-1]
        elif character is not None and character.isprintable():
            self._typed += character
        elif self.scroll_by(key):  # here letters are the name's
            return
        self.draw()
