"""``/``: plain text over what a row says, so ``/crit`` and ``/lag`` both work; ``/!x`` leaves out what says x."""

from __future__ import annotations

from panels.line import Row, text_of


def kept(rows: tuple[Row, ...], wanted: str) -> tuple[Row, ...]:
    """The rows that match. Headings and remarks, which cannot be chosen, stay."""
    text = wanted.strip().casefold()
    inverse = text.startswith("!")
    sought = text.removeprefix("!")
    if not sought:
        return rows
    return tuple(row for row in rows if not row.key or (sought in text_of(row.line).casefold()) != inverse)
