"""Rows in columns that stand still, for the views that list things."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.topology import Component
from panels.line import Line, Span, Tone, fit, pad, right
from panels.words import status

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """``least``: the width of the screen from which this column is shown."""

    title: str
    width: int
    numeric: bool = True
    least: int = 0


def heading(columns: tuple[Column, ...], width: int) -> Line:
    return line(columns, tuple(Span(column.title, Tone.DIM) for column in columns), width)


def line(columns: tuple[Column, ...], cells: tuple[Span, ...], width: int) -> Line:
    """One row at exactly ``width`` cells. The last column takes what is left."""
    spans: list[Span] = [Span("   ")]
    for column, cell in zip(columns, cells, strict=True):
        if width < column.least:
            continue
        shown = right(cell.text, column.width) if column.numeric else pad(cell.text, column.width)
        spans += [Span(shown, cell.tone), Span(GAP)]
    return fit(tuple(spans), width)


def status_cell(component: Component | None) -> Span:
    """The health of the line that this stands on; what stands on none is not judged."""
    return Span("-", Tone.DIM) if component is None else status(component)
