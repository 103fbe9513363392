"""What works here now: the keys, and for those that do not work why."""

from __future__ import annotations

from panels.keys import KEYS, Key
from panels.line import Row, Span, Tone, pad


def rows(*, armed: bool, running: bool, own_estate: bool, height: int) -> tuple[Row, ...]:
    """Groups under headings; the headings are left out where the height is short."""
    lines: list[Row] = []
    told = [key for key in KEYS if key.words and (own_estate or not key.paces)]
    groups = tuple(dict.fromkeys(key.group for key in told))
    titles = len(told) + 2 * len(groups) <= height
    for group in groups:
        if titles:
            lines += [Row(()), Row((Span(f" {group}", Tone.STRONG),))]
        lines += [_key(key, armed=armed, running=running) for key in told if key.group == group]
    return tuple(lines)


def _key(key: Key, *, armed: bool, running: bool) -> Row:
    why = ""
    if key.acts and not armed:
        why = "  (read-only: press A first)"
    elif key.id == "stop" and not running:
        why = "  (no run is shown)"
    return Row(
        (
            Span(f"   {pad(key.shown, 9)}", Tone.DIM if why else Tone.KEY),
            Span(key.words, Tone.DIM if why else Tone.PLAIN),
            Span(why, Tone.DIM),
        )
    )
