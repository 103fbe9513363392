"""A sparkline that sweeps: each moment has its fixed column, so one new reading changes one cell or two.

A scrolling sparkline shifts every cell at every reading, which over SSH is most of what a dashboard sends.
"""

from __future__ import annotations

import math

from console.model.history import Point

BLOCKS = "▁▂▃▄▅▆▇█"
LEAST = 1e-9  # what is smaller is drawn as nothing; the smallest floats have no power of ten to divide by
READINGS = 5  # a column; at one reading a second twelve columns are a minute


def sweep(points: tuple[Point, ...], now: float, width: int, interval: float = 1.0) -> str:
    """``width`` cells: the last reading of each column's time, a gap ahead of the newest column.

    A column is ``READINGS * interval`` estate seconds. Times without a reading stay blank.
    """
    size = READINGS * interval
    newest = int(now // size)
    latest = {int(point.at // size): point.value for point in points[-READINGS * width :]}
    shown = {index: value for index, value in latest.items() if newest - width + 1 < index <= newest}
    if not shown:
        return " " * width
    ceiling = nice(max(shown.values()))
    cells = [" "] * width
    for index, value in shown.items():
        cells[index % width] = block(value, ceiling)
    return "".join(cells)


def block(value: float, ceiling: float) -> str:
    """The one of eight heights for ``value`` between 0 and ``ceiling``."""
    return BLOCKS[max(0, min(7, math.floor(value / ceiling * 8)))]


def nice(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten: a scale that seldom moves, so old columns keep their heights."""
    if value < LEAST or not math.isfinite(value):
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1.0, 2.0, 5.0) if value <= step * power), 10.0 * power)
