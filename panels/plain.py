"""Text from outside is data: pod, group, key and label names, alerts and errors never steer the terminal.

What the model shows instead of obeying it, cut to the cells there are; a character that takes no cell would move all
that stands after it, so it is shown too.
"""

from __future__ import annotations

from rich.cells import cell_len

from console.model.inert import escaped
from console.model.inert import inert as plain
from panels.line import cut


def inert(text: str, width: int | None = None) -> str:
    """``text`` as harmless cells. With ``width`` at most so many, an ellipsis at the end of what was longer.

    Idempotent.
    """
    shown = plain(text)
    if not shown.isascii():
        shown = "".join(char if cell_len(char) else escaped(char) for char in shown)
    return shown if width is None else cut(shown, width)
