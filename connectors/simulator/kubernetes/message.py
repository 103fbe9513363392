"""What the API takes and gives, between HTTP and the verbs: a body as it came, an answer as it will be shown."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes.representation import Shown


@dataclass(frozen=True, slots=True)
class Body:
    """``agent`` is the client's User-Agent: it names a writer that names itself nowhere else."""

    raw: bytes = b""
    content_type: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``warnings`` go beside the body, in headers that kubectl prints."""

    code: int
    body: Shown
    warnings: tuple[str, ...] = ()
