"""What flowed in one second of the traffic model: the numbers that everything shown is counted from."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator import api, users_cdn
from connectors.simulator.behind import Behind, Demand
from connectors.simulator.gateway import Admission
from connectors.simulator.third_parties import Calls
from connectors.simulator.topics import Flow


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the requests that a front served. served = answered + late + lost + missed + unpaid."""

    answered: float
    late: float  # done, but nobody waited any more
    lost: float  # the database did not answer
    missed: float  # a service did not
    unpaid: float  # a third party did not

    @property
    def failed(self) -> float:
        return self.late + self.lost + self.missed + self.unpaid


@dataclass(frozen=True, slots=True)
class Passage:
    """One second of one front. offered + the queue = limited + refused + answered + failed + the new queue."""

    admission: Admission
    demand: Demand
    capacity: float  # requests a second
    served: api.Served
    outcome: Outcome
    growth: float  # bytes that each ready pod leaked

    @property
    def refused(self) -> float:
        """503 answers: shed by the gateway, or no room in the front's queue."""
        return self.admission.shed + self.served.overflow

    @property
    def errors(self) -> float:
        """5xx answers of the gateway."""
        return self.refused + self.outcome.failed

    @property
    def seconds(self) -> float:
        """That an answer takes on average, the wait included."""
        return self.served.wait + self.demand.work.residence


@dataclass(frozen=True, slots=True)
class Second:
    """One second's flows, from the top of the path to its end. Tuples go by the architecture's own order."""

    arrivals: users_cdn.Arrivals
    passages: tuple[Passage, ...]  # by front
    behind: Behind
    calls: tuple[Calls, ...]  # by third party
    flows: tuple[Flow, ...]  # by topic
    ordered: float

    @property
    def answered(self) -> float:
        return sum(passage.outcome.answered for passage in self.passages)

    @property
    def errors(self) -> float:
        """5xx answers of the gateway."""
        return sum(passage.errors for passage in self.passages)

    @property
    def offered(self) -> float:
        return sum(passage.admission.offered for passage in self.passages)

    @property
    def limited(self) -> float:
        return sum(passage.admission.limited for passage in self.passages)

    @property
    def served(self) -> float:
        return sum(passage.served.served for passage in self.passages)

    @property
    def queries(self) -> float:
        """Queries of the database in this second."""
        asked = sum(passage.served.served * passage.demand.queries for passage in self.passages)
        return asked + self.behind.background
