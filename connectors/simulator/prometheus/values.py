"""What a PromQL expression yields, and the moment it is asked for.

A plan is a compiled expression: a function from a moment to a value. The parser has checked the types, so
there is one kind of plan for each of PromQL's types and no value whose type is unknown.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.labels import Labels
from connectors.simulator.prometheus.series import Series
from connectors.simulator.prometheus.store import Store


class QueryError(Exception):
    """A query that cannot be answered. The message is what the API says."""


class BadQueryError(QueryError):
    """The query itself is wrong (400, ``bad_data``)."""


class ExecutionError(QueryError):
    """The query is well formed but its evaluation fails (422, ``execution``)."""


class TimeoutQueryError(QueryError):
    """The query took longer than it was given (503, ``timeout``)."""


class Window(NamedTuple):
    """The samples of one series between two times, in ms; both columns have the same length, never 0."""

    labels: Labels
    times: array[int]
    values: array[float]
    start: int
    end: int


TOO_MANY = "query processing would load too many samples into memory in query execution"
Vector = list[tuple[Labels, float]]
Matrix = list[Window]


MAX_SAMPLES = 3_000_000  # that one query may look at; a wilder one would hold up the whole estate
MAX_HELD = 400_000  # elements of subqueries' steps, which are kept until the query ends
PATIENCE = 1.0  # wall seconds that one moment's evaluation may take: meanwhile nobody else is served


@dataclass(slots=True)
class Query:
    """What is the same for all moments of one query. Times in simulated ms."""

    store: Store
    clock: SimClock
    start: int
    end: int
    found: dict[int, list[Series]] = field(default_factory=dict)  # by selector: looked up once a query
    inner: dict[tuple[int, int], Vector] = field(default_factory=dict)  # steps of subqueries, which overlap
    samples: int = 0  # looked at so far
    held: int = 0  # of subqueries' elements
    began: float = field(default_factory=monotonic)  # when the evaluation of this moment did

    def charge(self, samples: int) -> None:
        """Raises ``ExecutionError``, in Prometheus's words, once the query has looked at too many, or too long."""
        self.samples += samples
        if self.samples > MAX_SAMPLES:
            raise ExecutionError(TOO_MANY)
        self.check()

    def check(self) -> None:
        """Raises ``TimeoutQueryError`` once this moment's evaluation has taken too long."""
        if monotonic() - self.began > PATIENCE:
            raise TimeoutQueryError("query timed out in expression evaluation")

    def hold(self, elements: int) -> None:
        """Raises ``ExecutionError`` once too much would have to be kept."""
        self.held += elements
        if self.held > MAX_HELD:
            raise ExecutionError(TOO_MANY)

    def sim(self, wall: float) -> int:
        """Simulated ms at a wall time in seconds."""
        return round(self.clock.sim(wall) * 1000)

    def wall(self, t: int) -> float:
        """Wall seconds, to the millisecond, at simulated ms."""
        return round(self.clock.wall(t / 1000), 3)


class Moment(NamedTuple):
    """One evaluation: at ``t`` simulated ms of a query."""

    t: int
    query: Query


ScalarPlan = Callable[[Moment], float]
VectorPlan = Callable[[Moment], Vector]
MatrixPlan = Callable[[Moment], Matrix]


def unique(vector: Vector) -> Vector:
    """The vector itself, once no two of its elements carry the same labels.

    Raises ``ExecutionError`` otherwise, in Prometheus's words.
    """
    if len({labels for labels, _ in vector}) != len(vector):
        raise ExecutionError("vector cannot contain metrics with the same labelset")
    return vector
