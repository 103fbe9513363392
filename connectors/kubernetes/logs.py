"""The last lines of a container's log, and those of its run before where it crashed. Bytes are bounded by the server.

``limitBytes`` cuts at the end and not at the beginning of what is asked for, so it is far above what the lines should
take; each line is cut, too. A log is whatever a program printed: bytes that are no UTF-8 become replacement characters.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.failure import Failed
from connectors.kubernetes.inquiry import Inquiry

LINES = 100
BYTES = 512 * 1024
WIDTH = 500  # characters of a line


@dataclass(frozen=True, slots=True)
class Log:
    """``lines``, oldest first; ``missing`` says why there are none ("… is waiting to start: ContainerCreating")."""

    container: str
    previous: bool
    lines: tuple[str, ...] = ()
    missing: str = ""


async def log_of(inquiry: Inquiry, namespace: str, pod: str, container: str, previous: bool = False) -> Log:
    """Never raises: a log that cannot be read is a reason."""
    query = [("container", container), ("tailLines", str(LINES)), ("limitBytes", str(BYTES))]
    if previous:
        query.append(("previous", "true"))
    answer = await inquiry.text(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query)
    if isinstance(answer, Failed):
        return Log(container, previous, missing=answer.reason)
    lines = tuple(_cut(line) for line in answer.decode("utf-8", "replace").split("\n"))
    lines = lines[:-1] if lines[-1] == "" else lines
    cut = ("… cut here: its last lines are longer than that",) if len(answer) >= BYTES else ()
    return Log(container, previous, (*lines[-LINES:], *cut), "" if lines else "it has printed nothing")


def _cut(line: str) -> str:
    line = line.rstrip("\r")
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
