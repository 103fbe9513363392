"""A drill-down as its connector answered it: a small table, or why there is none."""

from __future__ import annotations

from rich.cells import cell_len

from console.model.component import ComponentId
from console.model.snapshot import Detail, Unreachable
from panels.line import Row, Span, Tone, fit, pad
from panels.plain import inert

WIDEST = 44  # cells of one column, but for the last: a log's line or a reason may take what is left


def rows(answer: Detail | Unreachable, width: int) -> tuple[Row, ...]:
    if isinstance(answer, Unreachable):
        said = f" {inert(answer.source)}: {answer.kind.value}: {inert(answer.reason)}"
        advice = (Row((Span(f" {inert(answer.advice)}", Tone.DIM),)),) if answer.advice else ()
        return (Row(()), Row(fit((Span(said, Tone.CRIT),), width)), *advice)
    return (
        Row(()),
        Row(fit((Span(f" {inert(answer.title)}", Tone.STRONG),), width)),
        *(
            Row(fit((Span(f"   {inert(name)}: ", Tone.DIM), Span(inert(text))), width))
            for name, text in answer.extra.items()
        ),
        *_table(answer, width),
        *_more(answer),
    )


def _table(answer: Detail, width: int) -> tuple[Row, ...]:
    cells = [tuple(map(inert, each)) for each in (answer.columns, *answer.rows)]
    count = len(answer.columns)
    widths = [min(WIDEST, max(cell_len(row[i]) for row in cells if i < len(row))) for i in range(count)]
    widths[-1:] = [width] if count else []
    heading, *lines = [("   " + "  ".join(map(pad, row, widths))).rstrip() for row in cells]
    into = (*answer.into, *[""] * (len(lines) - len(answer.into)))
    rows = (_row(text, widths[0] if widths else 0, key, width) for text, key in zip(lines, into, strict=False))
    return (Row(fit((Span(heading, Tone.DIM),), width)), *rows)


def _row(text: str, first: int, key: ComponentId, width: int) -> Row:
    """One row; the first cell of one that can be drilled into is its name."""
    if not key:
        return Row(fit((Span(text),), width))
    start, name, rest = text[:3], text[3 : 3 + first], text[3 + first :]
    return Row(fit((Span(start), Span(name, Tone.NAME), Span(rest)), width), key)


def _more(answer: Detail) -> tuple[Row, ...]:
    if not answer.rows:
        return (Row((Span("   none", Tone.DIM),)),)
    return (Row((Span(f"   and {answer.more} more", Tone.DIM),)),) if answer.more else ()
