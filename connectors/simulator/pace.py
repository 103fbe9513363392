"""How a simulated clock ran, as a list of straight pieces, and as a file that other processes follow.

Pure but for ``read``. What was once said stays true: a change of speed adds a piece and alters none.
"""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path

Segments = tuple[tuple[float, float, float], ...]  # (wall, simulated, speed from here on), oldest first; 0: paused

LONGEST = 1 << 20  # bytes of a pace file


def sim_at(segments: Segments, wall: float) -> float:
    """Simulated seconds at a wall time. History, before the first segment, runs at its speed."""
    for start_wall, start_sim, speed in reversed(segments):
        if wall >= start_wall:
            return start_sim + (wall - start_wall) * speed
    start_wall, start_sim, speed = segments[0]
    return start_sim + (wall - start_wall) * (speed or 1.0)


def wall_at(segments: Segments, sim: float) -> float:
    """Wall time (epoch seconds) at which the simulated clock shows ``sim``; the last one, where it stood still."""
    for start_wall, start_sim, speed in reversed(segments):
        if sim >= start_sim and speed > 0:
            return start_wall + (sim - start_sim) / speed
    start_wall, start_sim, speed = segments[0]
    return start_wall + (sim - start_sim) / (speed or 1.0)


def text_of(segments: Segments) -> str:
    """The file's text."""
    return json.dumps({"segments": segments}) + "\n"


def read(file: Path) -> Segments | None:
    """What the file says; None where it is not there or says nothing that a clock could run by."""
    try:
        with file.open(encoding="utf-8") as opened:
            told = json.loads(opened.read(LONGEST))
        segments = tuple((float(wall), float(sim), float(speed)) for wall, sim, speed in told["segments"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    numbers = [number for segment in segments for number in segment]
    return segments if segments and all(map(isfinite, numbers)) and min(s for *_, s in segments) >= 0 else None
