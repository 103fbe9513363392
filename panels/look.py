"""What the operator looks at: the view, the row chosen in each, the filter, whether the screen is held still.

A value and pure moves over it, so that every key of the browsing kind is tested without a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Look:
    """``typed`` is the filter while it is typed, None otherwise. ``paused_since`` is wall seconds.

    ``trail`` is the way down from what is open: each id was a row of the drill-down before it. ``row`` is the one
    chosen in the last of them.
    """

    view: str = "topology"
    chosen: Mapping[str, str] = field(default_factory=dict)  # view → key of the row
    opened: bool = False
    trail: tuple[str, ...] = ()
    row: str = ""
    filter: str = ""
    typed: str | None = None
    paused_since: float | None = None

    @property
    def key(self) -> str:
        return self.chosen.get(self.view, "")

    @property
    def subject(self) -> str:
        """What the detail is about: the last that was drilled into, else the chosen row."""
        return self.trail[-1] if self.trail else self.key

    @property
    def deep(self) -> bool:
        """Whether there is anything to go back from."""
        return self.opened or bool(self.filter) or self.view != "topology"

    def choosing(self, key: str) -> Look:
        return replace(self, chosen={**self.chosen, self.view: key})

    def viewing(self, view: str) -> Look:
        return replace(self, view=view, opened=False, trail=(), row="")

    def into(self) -> Look:
        """One step down, into the row that is chosen in the drill-down."""
        return replace(self, trail=(*self.trail, self.row), row="")

    def back(self) -> Look:
        """One step back: up the trail, out of what is open, then out of the filter, then to the first view."""
        if self.opened and self.trail:
            return replace(self, trail=self.trail[:-1], row=self.trail[-1])
        if self.opened:
            return replace(self, opened=False, row="")
        return self._out()

    def _out(self) -> Look:
        if self.filter:
            return replace(self, filter="")
        return replace(self, view="topology")


def settled(look: Look, keys: tuple[str, ...]) -> Look:
    """A look whose chosen row exists: the same row while it is there, else the first."""
    if look.key in keys or not keys:
        return look
    return look.choosing(keys[0])


def down_rows(look: Look, what: str, rows: tuple[str, ...], page: int) -> Look:
    """The look with another row of the drill-down chosen, as the key ``what`` moves; of none, the first."""
    if look.row not in rows:
        return replace(look, row=rows[0])
    at = rows.index(look.row) + SCROLLS[what](page)
    return replace(look, row=rows[max(0, min(len(rows) - 1, at))])


def _moved(look: Look, keys: tuple[str, ...], by: int) -> Look:
    if not keys:
        return look
    at = keys.index(look.key) if look.key in keys else 0
    return look.choosing(keys[max(0, min(len(keys) - 1, at + by))])


Move = Callable[[Look, tuple[str, ...], int], Look]
MOVES: dict[str, Move] = {
    "down": lambda look, keys, page: _moved(look, keys, 1),
    "up": lambda look, keys, page: _moved(look, keys, -1),
    "first": lambda look, keys, page: _moved(look, keys, -len(keys)),
    "last": lambda look, keys, page: _moved(look, keys, len(keys)),
    "page_down": lambda look, keys, page: _moved(look, keys, page),
    "page_up": lambda look, keys, page: _moved(look, keys, -page),
    "back": lambda look, keys, page: look.back(),
    "view.topology": lambda look, keys, page: look.viewing("topology"),
    "view.lag": lambda look, keys, page: look.viewing("lag"),
    "view.pods": lambda look, keys, page: look.viewing("pods"),
    "view.playbooks": lambda look, keys, page: look.viewing("playbooks"),
    "filter": lambda look, keys, page: replace(look, typed=look.filter, opened=False, trail=(), row=""),
}
SCROLLS: Mapping[str, Callable[[int], int]] = {
    "down": lambda page: 1,
    "up": lambda page: -1,
    "page_down": lambda page: page,
    "page_up": lambda page: -page,
    "first": lambda page: -100_000,
    "last": lambda page: 100_000,
}
"""By how many lines a key scrolls what has no rows to choose, given half a page."""


def typing(look: Look, key: str, character: str | None) -> Look:
    """The look after one key of the filter; it applies while it is typed."""
    text = look.typed or ""
    if key == "enter":
        return replace(look, typed=None)
    if key == "escape":
        return replace(look, typed=None, filter="")
    if key == "backspace":
        text = text[:-1]
    elif character is not None and character.isprintable():
        text += character
    return replace(look, typed=text, filter=text)
