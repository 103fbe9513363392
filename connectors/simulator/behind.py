"""What the fronts ask of everything behind them in one second, and what that costs a request.

All of it is decided before the fronts serve: how long a request holds a thread follows from what lies behind, and how
many requests that allows follows from that. What was answered is only known afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator import api, breaker, cache, database, primary, services, third_parties
from connectors.simulator.api import Work
from connectors.simulator.architecture import Front
from connectors.simulator.now import Now
from connectors.simulator.state import State
from connectors.simulator.third_parties import Terms
from connectors.simulator.tick import Mode

READS = "database"  # the name of the breaker in front of the database's reads
SLOW = 1.0  # seconds; a breaker counts a slower read as a failure
STALE_COPIES = 0.8  # share of the absent keys of which the application has an old copy, where it serves those


@dataclass(frozen=True, slots=True)
class Ask:
    """What one front asks for."""

    requests: float  # a second, as many as its CPUs would take
    effort: api.Effort
    reads: float  # of the database, a request
    weights: tuple[float, ...]  # shares of its queries, by shard

    @property
    def lookups(self) -> float:
        return self.requests * self.effort.lookups


@dataclass(frozen=True, slots=True)
class Shard:
    """What a shard and its replicas do for their callers."""

    primary: database.Service
    replica: database.Service | None
    replica_share: float  # of the reads
    pool: float
    replica_demand: float  # queries a second of each replica

    @property
    def read_latency(self) -> float:
        """Seconds that a read takes, on average."""
        return self._mixed(self.primary.latency, self.replica.latency if self.replica else 0.0)

    @property
    def read_gave_up(self) -> float:
        """Share of the reads without an answer."""
        return self._mixed(self.primary.gave_up, self.replica.gave_up if self.replica else 0.0)

    def _mixed(self, own: float, others: float) -> float:
        return own * (1 - self.replica_share) + others * self.replica_share


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request of one front costs, and how it may fail behind it."""

    work: Work
    reads: float  # of the database that are tried, a request
    queries: float  # those and what an order writes
    read_lost: float  # expected reads without an answer, a request
    write_lost: float  # share of the writes without an answer
    weights: tuple[float, ...]  # shares of its queries, by shard


@dataclass(frozen=True, slots=True)
class Behind:
    """Everything behind the fronts in one second."""

    demands: tuple[Demand, ...]  # by front
    shards: tuple[Shard, ...]
    answers: tuple[services.Answer, ...]  # by service
    terms: tuple[Terms, ...]  # by third party
    background: float  # queries a second that are not requests'
    reads_passed: float  # share of the reads that the breaker lets through


def look(state: State, now: Now, admitted: tuple[float, ...]) -> Behind:
    """What lies behind the fronts, when they let in so many requests."""
    plant = now.plant
    asks = _asks(state, now, admitted)
    passed = breaker.passed(state.reads, now.levers.breakers.get(READS), now.t)
    background = sum(group * topic.queries for group, topic in zip(state.consumed, plant.consumed, strict=True))
    shards = tuple(_shard(state, now, asks, index, passed, background) for index in range(len(plant.database.shards)))
    answers = _answers(state, now, sum(ask.requests for ask in asks))
    terms = tuple(third_parties.terms_of(party, index == 0, now) for index, party in enumerate(plant.third_parties))
    waits = _waits(state, now, answers, terms)
    demands = tuple(
        _demand(front, now, ask, shards, passed, waits) for front, ask in zip(plant.fronts, asks, strict=True)
    )
    return Behind(demands, shards, answers, terms, background, passed)


def _asks(state: State, now: Now, admitted: tuple[float, ...]) -> tuple[Ask, ...]:
    plant = now.plant
    parked = plant.parked.cpu if plant.parked and now.on(Mode.PARK) else 0.0
    on = tuple(api.features_on(plant, now.levers.features_off))
    asks = []
    for front, was, requests in zip(plant.fronts, state.fronts, admitted, strict=True):
        workload = plant.workload(front.workload)
        held = api.memory_of(front, workload, was.in_flight, now.levers.pods_of(front.workload))
        effort = api.effort_of(front, on, parked, held / (workload.memory_limit * api.MIB))
        able = now.strength(front.workload) * workload.cpu_limit / effort.cpu
        asks.append((front, effort, min(was.queue + requests, able)))
    lookups = sum(effort.lookups * requests for _, effort, requests in asks)
    latency = max((shard.latency for shard in state.shards), default=plant.database.query)
    missed = cache.reads(state.stores, lookups, latency, now)
    return tuple(
        Ask(requests, effort, effort.lookups * missed, weights(front, now)) for front, effort, requests in asks
    )


def weights(front: Front, now: Now) -> tuple[float, ...]:
    """Shares of the front's queries, by shard."""
    shards = now.plant.database.shards
    if not front.shard:
        return tuple(shard.weight for shard in shards)
    return tuple(float(shard.name == front.shard) for shard in shards)


def _shard(state: State, now: Now, asks: tuple[Ask, ...], index: int, passed: float, background: float) -> Shard:
    """One shard under what all fronts ask of it. Reads go where there is strength: a primary that is down has none."""
    plant, was = now.plant.database, state.shards[index]
    reads = sum(ask.requests * ask.reads * ask.weights[index] for ask in asks) * passed
    writes = sum(ask.requests * ask.weights[index] for ask in asks) * now.ordering * plant.writes
    writes += background * plant.shards[index].weight
    strength, replicas = primary.health(was.primary, index == 0, now), state.replicas.useful
    burdened = primary.burdened(was.primary)
    share = replicas * burdened / (replicas * burdened + strength) if replicas else 0.0
    limit = max(plant.connections - was.primary.long, 0.0)
    pool, threads = min(limit, pools(now, index)), _threads(now, index)
    timeout = now.levers.statement_timeout
    load = database.Load(writes + reads * (1 - share), pool, threads, strength, timeout)
    service = database.serve(plant, was.primary.server, load)
    if not replicas:
        return Shard(service, None, 0.0, pool, 0.0)
    each = reads * share / replicas
    callers, theirs = threads * share / replicas, min(float(plant.connections), pools(now, index))
    other = database.Load(each, theirs, callers, burdened, timeout)
    return Shard(service, database.serve(plant, was.replica, other), share, pool, each)


def pools(now: Now, index: int) -> float:
    """Connections that all pods together may open to the shard."""
    plant, sizes = now.plant, now.levers.pools
    fronts = sum(
        max(sizes.get(front.workload, float(front.pool)), 1.0) * now.ready(front.workload)
        for front in plant.fronts
        if weights(front, now)[index] > 0
    )
    workers = {topic.workload for topic in plant.consumed}
    return fronts + sum(
        max(sizes.get(name, float(plant.workload(name).pool)), 1.0) * now.ready(name) for name in sorted(workers)
    )


def _threads(now: Now, index: int) -> float:
    fronts = (front for front in now.plant.fronts if weights(front, now)[index] > 0)
    return sum(now.strength(front.workload) * front.threads for front in fronts)


def _answers(state: State, now: Now, requests: float) -> tuple[services.Answer, ...]:
    answers = []
    for index, (service, circuit) in enumerate(zip(now.plant.services, state.services, strict=True)):
        passed = breaker.passed(circuit, now.levers.breakers.get(service.workload), now.t)
        slow = now.crisis.service_slow if index == 0 else 1.0
        answers.append(services.serve(service, requests * service.share * passed, slow, now))
    return tuple(answers)


def _waits(state: State, now: Now, answers: tuple[services.Answer, ...], terms: tuple[Terms, ...]) -> float:
    """Seconds that a request waits for services and third parties, on average."""
    seconds = 0.0
    for service, circuit, answer in zip(now.plant.services, state.services, answers, strict=True):
        passed = breaker.passed(circuit, now.levers.breakers.get(service.workload), now.t)
        seconds += service.share * passed * answer.latency
    for party, was, terms_now in zip(now.plant.third_parties, state.parties, terms, strict=True):
        calls = party.share * (now.ordering if party.per == "order" else 1.0)
        seconds += calls * third_parties.waits(party, was, terms_now, now)
    return seconds


def _demand(front: Front, now: Now, ask: Ask, shards: tuple[Shard, ...], passed: float, waits: float) -> Demand:
    reads = ask.reads * passed
    writes = now.ordering * now.plant.database.writes
    parts = tuple(zip(ask.weights, shards, strict=True))
    reading = reads * sum(weight * shard.read_latency for weight, shard in parts)
    writing = writes * sum(weight * shard.primary.latency for weight, shard in parts)
    lost = ask.reads * (1 - passed) + reads * sum(weight * shard.read_gave_up for weight, shard in parts)
    stale = STALE_COPIES if now.on(Mode.STALE_ON_ERROR) and now.cache_ok > 0 else 0.0
    write_lost = sum(weight * shard.primary.gave_up for weight, shard in parts)
    residence = ask.effort.cpu + front.overhead + reading + writing + waits
    return Demand(
        work=Work(ask.effort.cpu, ask.effort.lookups, residence),
        reads=reads,
        queries=reads + writes,
        read_lost=lost * (1 - stale),
        write_lost=write_lost,
        weights=ask.weights,
    )
