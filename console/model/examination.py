"""What an examination of a connection found, permission by permission: what ``doctor`` tells. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.model.component import ComponentId
from console.model.snapshot import FailureKind


class Grade(StrEnum):
    """How one finding reads. UNKNOWN: it could not be asked, which is neither a yes nor a no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Write:
    """A write that somebody would need: ``fact`` of ``component``."""

    component: ComponentId
    fact: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried or asked: ``what`` in words ("list deployments.apps in shop"), and how it went.

    ``write`` is set on the answer about one of the writes that were asked for. ``reason`` says why not, or what to
    know; ``advice`` what to do next, in one sentence.
    """

    what: str
    grade: Grade
    reason: str = ""
    advice: str = ""
    write: Write | None = None
    kind: FailureKind | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """One connection, examined. ``skew``: the server's clock less ours in seconds; None: it does not tell its time."""

    source: str
    server: str  # where: an address without credentials
    version: str = ""  # the server's own words: "Redis 7.0.15", "Kubernetes v1.33.1"; "" not told
    identity: str = ""  # what is pinned before a write
    who: str = ""  # whom the server takes us for: a user, a service account; "" not told
    skew: float | None = None
    findings: tuple[Finding, ...] = ()
