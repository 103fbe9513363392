"""What one second of the traffic model leaves to the next."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator import cache, topics, users_cdn
from connectors.simulator.architecture import Architecture
from connectors.simulator.breaker import CLOSED, Circuit
from connectors.simulator.database import UNUSED, Server
from connectors.simulator.primary import SOUND, Primary
from connectors.simulator.retries import NOBODY, Waiting
from connectors.simulator.third_parties import Party
from connectors.simulator.topics import Consumers

CATCH_UP = 60  # seconds from a replica's being ready to its being up to date, and read from


@dataclass(frozen=True, slots=True)
class FrontState:
    """One front's queue and those who will ask it again."""

    waiting: Waiting = NOBODY
    queue: float = 0.0
    in_flight: float = 0.0
    success: float = 1.0


@dataclass(frozen=True, slots=True)
class ShardState:
    """One shard: its primary, and its replicas as one of them."""

    primary: Primary = SOUND
    replica: Server = UNUSED
    latency: float = 0.0  # seconds that a read took in the last second


@dataclass(frozen=True, slots=True)
class Replicas:
    """The ready read replicas, by the seconds since each was ready; the oldest first."""

    ages: tuple[int, ...] = ()

    @property
    def useful(self) -> int:
        """Those that are up to date."""
        return sum(age >= CATCH_UP for age in self.ages)

    def later(self, ready: int) -> Replicas:
        """A second later, with so many ready: the youngest go first."""
        ages = tuple(min(age + 1, CATCH_UP) for age in self.ages[:ready])
        return Replicas(ages + (0,) * (ready - len(ages)))


NO_REPLICAS = Replicas()


@dataclass(frozen=True, slots=True)
class State:
    """Everything that one second leaves to the next. Tuples go by the architecture's own order."""

    edge: users_cdn.Edge
    fronts: tuple[FrontState, ...]
    stores: cache.Stores
    shards: tuple[ShardState, ...]
    services: tuple[Circuit, ...]
    parties: tuple[Party, ...]
    topics: tuple[Consumers, ...]
    consumed: tuple[float, ...]  # messages in the last second, by topic
    replicas: Replicas = NO_REPLICAS
    reads: Circuit = CLOSED  # the breaker in front of the database's reads
    flushes: int = 0
    success: float = 1.0
    success_origin: float = 1.0


def opened(plant: Architecture, workers: int | None = None) -> State:
    """A state near an ordinary day's, from which the history starts; ``workers`` are the members of each group,
    None: as many as the architecture says."""
    members = {topic.name: plant.workload(topic.workload).replicas for topic in plant.consumed}
    replicas = plant.workload(plant.database.replicas).replicas if plant.database.replicas else 0
    return State(
        edge=users_cdn.Edge(),
        fronts=(FrontState(),) * len(plant.fronts),
        stores=cache.opened(plant.cache),
        shards=(ShardState(latency=plant.database.query),) * len(plant.database.shards),
        services=(CLOSED,) * len(plant.services),
        parties=(Party(),) * len(plant.third_parties),
        topics=tuple(
            topics.opened(topic, members[topic.name] if workers is None else workers) for topic in plant.consumed
        ),
        consumed=(0.0,) * len(plant.consumed),
        replicas=Replicas((CATCH_UP,) * replicas),
    )
