"""What one connector saw at one time, or why it saw nothing. Failure is a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from console.model.alert import Alert
from console.model.change import Fact
from console.model.component import ComponentId
from console.model.signal import Counter, Signal

OPEN_AFTER = 3  # failures in a row


class FailureKind(StrEnum):
    """Told apart because a person does something different about each."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    NAME = "name not resolved"
    TLS = "tls"
    EXPIRED = "credentials expired"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    NOT_FOUND = "not found"
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class Observed:
    """One component as one connector saw it.

    ``state`` is the system's own word for its condition (a group's ``Stable``, a deployment's ``Progressing``).
    ``notes`` are short remarks to show ("at max", "3 partitions never committed"): data, never markup.
    """

    id: ComponentId
    signals: tuple[Signal, ...] = ()
    counters: tuple[Counter, ...] = ()
    facts: tuple[Fact, ...] = ()
    state: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One complete reading. ``at`` and ``took`` are in estate seconds and wall seconds respectively."""

    source: str
    at: float
    took: float
    components: tuple[Observed, ...]
    identity: str = ""  # what is pinned before a write: cluster uid, cluster id, run_id-independent server id
    problems: tuple[str, ...] = ()  # partial failures: "group payments: not authorised"
    alerts: tuple[Alert, ...] = ()
    skew: float | None = None  # the server's clock less ours, estate seconds; None: it does not tell its time


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why there is no snapshot. The last good one stays on the screen with its age.

    ``retry_after`` is how many wall seconds the server asked us to wait. The session adds how many readings in a row
    have failed, and when the next one is tried.
    """

    source: str
    at: float
    kind: FailureKind
    reason: str  # one line: what was tried and what came back
    advice: str = ""  # one line: what to do next
    retry_after: float | None = None
    failures: int = 1
    next_at: float | None = None  # estate seconds

    @property
    def open(self) -> bool:
        """Whether its circuit is broken: it failed so often in a row that drill-downs do not wait for it any more."""
        return self.failures >= OPEN_AFTER


Seen = Snapshot | Unreachable


@dataclass(frozen=True, slots=True)
class Detail:
    """The answer to a drill-down: a small table about one component, plain data.

    ``into`` has one id for each row, which can be drilled into in turn ("" where it cannot); empty: none can.
    """

    component: ComponentId
    at: float
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0  # rows left out
    extra: Mapping[str, str] = field(default_factory=dict)
    into: tuple[ComponentId, ...] = ()
