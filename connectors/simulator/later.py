"""From one second's flows to the state that it leaves to the next one."""

from __future__ import annotations

from math import exp

from connectors.simulator import behind, breaker, cache, database, primary, retries, users_cdn
from connectors.simulator.behind import Behind
from connectors.simulator.flows import Second
from connectors.simulator.now import Now
from connectors.simulator.state import FrontState, ShardState, State
from connectors.simulator.third_parties import Party
from connectors.simulator.tick import Mode
from connectors.simulator.topics import Consumers


def after(state: State, now: Now, second: Second, parties: tuple[Party, ...], groups: tuple[Consumers, ...]) -> State:
    """The state after a second, of which ``parties`` and ``groups`` are known already."""
    success_origin = _share(second.answered, second.errors, state.success_origin)
    flushes = now.levers.reported.cache_flushes
    replicas = now.plant.database.replicas
    return State(
        edge=users_cdn.refreshed(state.edge, success_origin, _seconds(second), now),
        fronts=tuple(_front(state.fronts[index], now, second, index) for index in range(len(state.fronts))),
        stores=cache.step(state.stores, _lookups(second) * now.cache_ok, _fill(second), now, flushes > state.flushes),
        shards=tuple(_shard(state.shards[index], now, second.behind, index) for index in range(len(state.shards))),
        services=_services(state, now, second.behind),
        parties=parties,
        topics=groups,
        consumed=tuple(flow.consumed for flow in second.flows),
        replicas=state.replicas.later(now.ready(replicas) if replicas else 0),
        reads=_reads(state, now, second),
        flushes=flushes,
        success=_user_success(second, success_origin, state.success, now),
        success_origin=success_origin,
    )


def _front(was: FrontState, now: Now, second: Second, index: int) -> FrontState:
    passage, front = second.passages[index], now.plant.fronts[index]
    offered, served = passage.admission.offered, passage.served
    failed = passage.errors / offered if offered > 0 else 0.0
    waiting = retries.after(
        was.waiting,
        fresh=second.arrivals.origin * front.share,
        failed=failed,
        limited=passage.admission.limited_share,
        backoff=now.on(Mode.BACKOFF),
        jitter=now.on(Mode.JITTER),
    )
    working = min(served.served * passage.demand.work.residence, float(front.threads * now.ready(front.workload)))
    return FrontState(
        waiting, served.queue, served.queue + working, _share(passage.outcome.answered, passage.errors, was.success)
    )


def _shard(was: ShardState, now: Now, below: Behind, index: int) -> ShardState:
    shard, struck = below.shards[index], index == 0
    pods = sum(map(now.ready, sorted(_clients(now, index))))
    server = database.after(was.primary.server, shard.primary, shard.pool, pods)
    replica = database.after(was.replica, shard.replica, shard.pool, pods) if shard.replica else database.UNUSED
    return ShardState(primary.after(was.primary, server, struck, now), replica, shard.read_latency)


def _clients(now: Now, index: int) -> set[str]:
    """The workloads that are connected to the shard."""
    fronts = {front.workload for front in now.plant.fronts if behind.weights(front, now)[index] > 0}
    return fronts | {topic.workload for topic in now.plant.consumed}


def _services(state: State, now: Now, below: Behind) -> tuple[breaker.Circuit, ...]:
    return tuple(
        breaker.after(
            circuit, now.levers.breakers.get(service.workload), answer.calls, answer.calls * answer.slow, now.t
        )
        for service, circuit, answer in zip(now.plant.services, state.services, below.answers, strict=True)
    )


def _reads(state: State, now: Now, second: Second) -> breaker.Circuit:
    """The breaker in front of the database's reads. A slow one counts as a failure."""
    made = sum(passage.served.served * passage.demand.reads for passage in second.passages)
    failed = sum(made_by * wrong for made_by, wrong in _reading(second))
    return breaker.after(state.reads, now.levers.breakers.get(behind.READS), made, failed, now.t)


def _reading(second: Second) -> list[tuple[float, float]]:
    """(reads, share that failed or took long) of each shard."""
    weighted = []
    for index, shard in enumerate(second.behind.shards):
        reads = sum(each.served.served * each.demand.reads * each.demand.weights[index] for each in second.passages)
        slow = exp(-behind.SLOW / shard.read_latency) if shard.read_latency > 0 else 0.0
        weighted.append((reads, max(shard.read_gave_up, slow)))
    return weighted


def _fill(second: Second) -> cache.Fill:
    """How absent keys come back, on average over the shards."""
    passages, shards = second.passages, second.behind.shards
    asked = [sum(each.served.served * each.demand.weights[index] for each in passages) for index in range(len(shards))]
    total = sum(asked)
    parts = [count / total for count in asked] if total > 0 else [1 / len(shards)] * len(shards)
    seconds = sum(part * shard.read_latency for part, shard in zip(parts, shards, strict=True))
    failed = sum(part * shard.read_gave_up for part, shard in zip(parts, shards, strict=True))
    return cache.Fill(seconds, second.behind.reads_passed * (1 - failed))


def _lookups(second: Second) -> float:
    return sum(passage.served.served * passage.demand.work.lookups for passage in second.passages)


def _seconds(second: Second) -> float:
    """That an answer takes on average over the fronts."""
    served = second.served
    if served <= 0:
        return max(passage.seconds for passage in second.passages)
    return sum(passage.served.served * passage.seconds for passage in second.passages) / served


def _share(good: float, bad: float, before: float) -> float:
    """Share of good ones; where nothing ended in this second, what it was ``before``."""
    return good / (good + bad) if good + bad > 0 else before


def _user_success(second: Second, success_origin: float, before: float, now: Now) -> float:
    """Of all that users asked for and were not limited in: CDN hits are good, who waited shared another's fate."""
    arrivals = second.arrivals
    limited = second.limited / second.offered if second.offered > 0 else 0.0
    own = arrivals.origin * (1 - limited)
    waited = users_cdn.helped(success_origin, now)
    good = arrivals.hits + own * success_origin + arrivals.waiting * waited
    return _share(good, own * (1 - success_origin) + arrivals.waiting * (1 - waited) + arrivals.unresolved, before)
