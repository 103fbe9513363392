"""What one second looks like from outside: gauges, counters and the histograms' buckets, by the model's own names.

A gauge or counter of a front, service, workload, topic or third party begins with its name. Counters are floats, so
that a rate of 0.3 a second is one; exporters and wires round where theirs are whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator import cache, database, primary, topics
from connectors.simulator.flows import Second
from connectors.simulator.latency import quantiles, within
from connectors.simulator.noise import noise
from connectors.simulator.now import Now
from connectors.simulator.queueing import share_within
from connectors.simulator.saturation import saturation
from connectors.simulator.state import State
from connectors.simulator.third_parties import Calls
from connectors.simulator.tick import Mode, Tick, Usage
from connectors.simulator.usage import cores, gateway_cpu, usage

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds; the Go client's default
DNS_SECONDS = 0.012

Counters = Mapping[str, float]


def tick_of(before: State, after: State, second: Second, now: Now, counters: Counters) -> Tick:
    """The second that led from one state to the next. ``counters`` are last second's."""
    used = usage(after, second, now)
    return Tick(
        t=now.t,
        cache=cache.shown(after.stores, before.stores, now),
        groups=tuple(
            topics.shown(topic, group, now.t) for topic, group in zip(now.plant.consumed, after.topics, strict=True)
        ),
        usage=used,
        success=after.success,
        success_origin=after.success_origin,
        gauges=gauges(after, second, now),
        counters=counters_of(second, now, used, counters),
    )


def counters_of(second: Second, now: Now, used: Mapping[str, Usage], counters: Counters) -> dict[str, float]:
    """What is counted until now, from what was a second ago and what the second's pods ``used``."""
    counted = increments(second, now) | {f"{name}.cpu": cores(name, each, now) for name, each in used.items()}
    return {name: counters.get(name, 0.0) + more for name, more in counted.items()}


def gauges(state: State, second: Second, now: Now) -> dict[str, float]:
    """States that are read as they are, not counted."""
    return {
        "users.rate": second.arrivals.users,
        "users.waiting": second.arrivals.waiting,
        "cdn.hit_rate": second.arrivals.hit_rate,
        "dns.ok": float(second.arrivals.unresolved * 2 <= second.arrivals.users),
        "dns.lookup": DNS_SECONDS * (1 + 0.2 * noise(now.seed, "dns", now.t)),
        "gateway.offered": second.offered,
        "gateway.retries": sum(front.waiting.all for front in state.fronts),
        "gateway.cpu": gateway_cpu(second, now),
        "success.paying": paying_success(second, now, state.success_origin),
        "errors.ratio": 1 - state.success_origin,
        **_fronts(state, second, now),
        **_database(state, second, now),
        **_services(state, second, now),
        **_third_parties(state, second, now),
        **_topics(state, now),
        **quantiles(second.passages, now.plant.gateway.timeout),
        **saturation(state, second, now),
    }


def paying_success(second: Second, now: Now, overall: float) -> float:
    """Success of paying users at the origin: with their lane, others are refused and kept waiting before them."""
    allowed = second.offered - second.limited
    if not now.on(Mode.PAYING_FIRST) or allowed <= 0:
        return overall
    squeezed = sum(each.refused + each.outcome.late for each in second.passages) / allowed
    share = now.plant.users.paying
    own = min(max(squeezed - (1 - share), 0.0) / share, 1.0) if share > 0 else squeezed
    wrong = sum(each.outcome.failed - each.outcome.late for each in second.passages)
    return (1 - own) * second.answered / (second.answered + wrong) if second.answered > 0 else 0.0


def _fronts(state: State, second: Second, now: Now) -> dict[str, float]:
    found: dict[str, float] = {}
    for front, after, passage in zip(now.plant.fronts, state.fronts, second.passages, strict=True):
        own = {
            "capacity": passage.capacity,
            "queue": after.queue,
            "wait": passage.served.wait,
            "latency": passage.seconds,
            "success": after.success,
        }
        found |= {f"{front.workload}.{name}": value for name, value in own.items()}
    return found


def _database(state: State, second: Second, now: Now) -> dict[str, float]:
    """All primaries together; and each by its name, where there are several."""
    shards, plant = second.behind.shards, now.plant.database
    each = [
        {
            "connections": after.primary.server.connections + after.primary.long,
            "busy": shard.primary.in_flight + after.primary.long,
            "max": float(plant.connections),
            "latency": shard.primary.latency,
            "full": float(after.primary.server.full),
            "long": after.primary.long,
            "standby": float(after.primary.standby),
            "pool": shard.pool,
            "down": float(primary.health(after.primary, index == 0, now) <= database.DEAD),
        }
        for index, (shard, after) in enumerate(zip(shards, state.shards, strict=True))
    ]
    summed = {name: sum(one[name] for one in each) for name in ("connections", "busy", "max", "long", "pool")}
    worst = {name: max(one[name] for one in each) for name in ("latency", "full", "standby", "down")}
    found = {f"database.{name}": value for name, value in (summed | worst).items()}
    found["database.replicas"] = float(state.replicas.useful)
    found["database.open"] = float(state.reads.open)
    if len(each) > 1:
        for shard_name, one in zip(plant.shards, each, strict=True):
            found |= {f"database.{shard_name.name}.{name}": value for name, value in one.items()}
    return found


def _services(state: State, second: Second, now: Now) -> dict[str, float]:
    found: dict[str, float] = {}
    for service, circuit, answer in zip(now.plant.services, state.services, second.behind.answers, strict=True):
        own = {
            "latency": answer.latency,
            "failed": answer.failed,
            "busy": answer.busy,
            "open": float(circuit.open),
        }
        found |= {f"{service.workload}.{name}": value for name, value in own.items()}
    return found


def _third_parties(state: State, second: Second, now: Now) -> dict[str, float]:
    found: dict[str, float] = {}
    for party, after, calls in zip(now.plant.third_parties, state.parties, second.calls, strict=True):
        own = {"open": float(after.circuit.open), "queued": after.queued, "latency": calls.latency}
        found |= {f"{party.name}.{name}": value for name, value in own.items()}
    return found


def _topics(state: State, now: Now) -> dict[str, float]:
    found: dict[str, float] = {}
    for topic, group in zip(now.plant.consumed, state.topics, strict=True):
        found |= {f"{topic.name}.lag": group.lag, f"{topic.name}.held": group.held}
    return found


def increments(second: Second, now: Now) -> dict[str, float]:
    """What the counters grew by in this second; always the same names."""
    outcomes = [passage.outcome for passage in second.passages]
    lost, late = (sum(getattr(each, name) for each in outcomes) for name in ("lost", "late"))
    missed = sum(each.missed + each.unpaid for each in outcomes)
    found = {
        "users": second.arrivals.users,
        "cdn.hit": second.arrivals.hits,
        "cdn.miss": second.arrivals.waiting + second.arrivals.origin,
        "gateway.200": second.answered,
        "gateway.429": second.limited,
        "gateway.500": lost + missed,
        "gateway.503": sum(passage.refused for passage in second.passages),
        "gateway.504": late,
        **_gateway_buckets(second, now),
        **_queries(second, now),
    }
    for party, calls in zip(now.plant.third_parties, second.calls, strict=True):
        found |= {f"{party.name}.200": calls.answered, f"{party.name}.429": calls.refused}
        found |= {f"{party.name}.500": calls.failed, **_call_buckets(party.name, calls)}
    for topic, flow in zip(now.plant.consumed, second.flows, strict=True):
        own = {"produced": flow.produced, "consumed": flow.consumed, "lost": flow.lost}
        found |= {f"{topic.name}.{name}": value for name, value in own.items()}
    return found


def _queries(second: Second, now: Now) -> dict[str, float]:
    shards, plant = second.behind.shards, now.plant.database
    latency = sum(shard.primary.latency for shard in shards) / len(shards)
    gave_up = sum(shard.primary.gave_up for shard in shards) / len(shards)
    best = database.curve_of(plant).best
    busy = sum(min(shard.primary.in_flight / best, 1.0) for shard in shards) / len(shards)  # of the database's cores
    written = zip(now.plant.consumed, second.flows, strict=True)
    return {
        **_shards(second, now, best),
        "database.queries": second.queries,
        "database.seconds": second.queries * latency,
        "database.gave_up": second.queries * gave_up,
        "database.user": busy,
        "database.idle": 1.0 - busy,
        # A worker tries a message once.
        "dead_letters": sum(flow.consumed * gave_up for topic, flow in written if topic.queries > 0),
    }


def _shards(second: Second, now: Now, best: float) -> dict[str, float]:
    """The same of each shard, where there are several."""
    found: dict[str, float] = {}
    plant, behind = now.plant.database, second.behind
    for index, (shard, served) in enumerate(zip(plant.shards, behind.shards, strict=True)):
        if len(plant.shards) == 1:
            break
        asked = (each.served.served * each.demand.queries * each.demand.weights[index] for each in second.passages)
        queries = sum(asked) + behind.background * shard.weight
        busy = min(served.primary.in_flight / best, 1.0)
        own = {
            "queries": queries,
            "seconds": queries * served.primary.latency,
            "gave_up": queries * served.primary.gave_up,
            "user": busy,
            "idle": 1.0 - busy,
        }
        found |= {f"database.{shard.name}.{name}": value for name, value in own.items()}
    return found


def _gateway_buckets(second: Second, now: Now) -> dict[str, float]:
    """Answers within each bound. A refusal takes no time; who was given up on took the gateway's time-out."""
    timeout, passages = now.plant.gateway.timeout, second.passages
    quick = sum(passage.refused + passage.admission.limited for passage in passages)
    counted = {
        f"gateway.le.{bound}": quick + sum(within(passage, bound, timeout) for passage in passages) for bound in BUCKETS
    }
    seconds = sum(
        (each.served.served - each.served.late) * min(each.seconds, timeout) + each.served.late * timeout
        for each in passages
    )
    return {**counted, "gateway.le.+Inf": quick + second.served, "gateway.seconds": seconds}


def _call_buckets(name: str, calls: Calls) -> dict[str, float]:
    """A call takes at least 0.6 of its mean, and an exponential time beyond that."""
    made, least = calls.answered + calls.wrong, 0.6 * calls.latency
    counted = {
        f"{name}.le.{bound}": made * share_within(bound, least, calls.latency - least) if made else 0.0
        for bound in BUCKETS
    }
    return {**counted, f"{name}.le.+Inf": made, f"{name}.seconds": made * calls.latency}
