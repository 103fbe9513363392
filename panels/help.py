"""What works here now: the keys, and for those that do not work why."""

from __future__ import annotations

from panels.keys import KEYS, Key
from panels.line import Row, Span, Tone, pad

ROOM_FOR_TWO = 100  # cells


def rows(*, armed: bool, running: bool, height: int) -> tuple[Row, ...]:
    """Groups under headings; the headings are left out where the height is short."""
    lines: list[Row] = []
    titles = len(KEYS) + 10 <= height
    for group in dict.fromkeys(key.group for key in KEYS):
        if titles:
            lines += [Row(()), Row((Span(f" {group}", Tone.STRONG),))]
        lines += [_key(key, armed=armed, running=running) for key in KEYS if key.group == group]
    return tuple(lines)


def _key(key: Key, *, armed: bool, running: bool) -> Row:
    why = ""
    if key.acts and not armed:
        why = "  (read-only: press A first)"
    elif key.id == "stop" and not running:
        why = "  (no run is shown)"
    return Row(
        (
            Span(f"   {pad(key.shown, 8)}", Tone.DIM if why else Tone.KEY),
            Span(key.words, Tone.DIM if why else Tone.PLAIN),
            Span(why, Tone.DIM),
        )
    )
