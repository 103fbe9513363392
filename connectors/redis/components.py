"""One reading of everybody as components: the whole, and each server of a cluster or of a replicated set. Pure.

The whole shows sums (traffic, memory, keys, clients) and the worst of what does not add up (latency, shares of a
limit, replication). A sum in which a primary is missing is unknown, not smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connectors.redis import hits
from connectors.redis.address import Address
from connectors.redis.fleet import Survey
from connectors.redis.info import counters_of, notes_of, signals_of, slow_counter, state_of
from connectors.redis.layout import SLOTS, Shard, covered
from connectors.redis.node import FLAGS, Node
from connectors.redis.primaries import leaders, split, worst
from connectors.redis.sums import Counted
from console.model.change import Fact
from console.model.component import ComponentId
from console.model.signal import Counter, Signal, Unit
from console.model.snapshot import Observed

SUMMED: Mapping[str, Unit] = {
    "memory": Unit.BYTES,
    "memory_max": Unit.BYTES,
    "keys": Unit.COUNT,
    "ops": Unit.PER_SECOND,
    "blocked": Unit.COUNT,
    "clients": Unit.COUNT,
    "clients_max": Unit.COUNT,
    "unsaved": Unit.COUNT,
    "replicas": Unit.COUNT,
}
WORST = ("latency", "connections_ratio", "fragmentation", "replica_lag", "replica_delay", "save_age")
READ_BY_CLIENTS = ("hits", "misses", "rejected")  # counted at replicas too: applications may read there
MOST_NOTES = 8
Servers = Mapping[Address, Observed]


def of_node(component: ComponentId, node: Node, source: str, wall: float) -> Observed:
    """One server by itself. ``wall``: epoch seconds now."""
    if node.failure is not None:
        return Observed(component, state="unreachable", notes=(node.failure.reason,))
    latency = Signal("latency", node.latency, Unit.SECONDS, node.at, source, _unmeasured(node))
    told = signals_of(node.info, node.at, source, wall)
    return Observed(component, (*told, latency), counters(node, source), (), state_of(node.info), notes_of(node.info))


def counters(node: Node, source: str) -> tuple[Counter, ...]:
    slow = (slow_counter(node.slow, node.info, node.at, source),) if node.slow is not None else ()
    return (*counters_of(node.info, node.at, source), *slow)


def counted(survey: Survey, servers: Servers) -> Counted:
    """The counters that belong into the sums: all of the primaries', what clients ask of the replicas."""
    leading = leaders(survey)
    return {
        address: [each for each in seen.counters if address in leading or each.name in READ_BY_CLIENTS]
        for address, seen in _answering(survey, servers).items()
    }


def whole(
    component: ComponentId,
    survey: Survey,
    servers: Servers,
    totals: tuple[Counter, ...],
    facts: tuple[Fact, ...],
    source: str,
) -> Observed:
    """All servers as one."""
    at = survey.at
    parts = _answering(survey, servers)
    published = next((node.hits for node in survey.nodes if node.hits is not None), {})
    return Observed(
        component,
        (*_sums(survey, parts, at, source), *_worst(parts, at, source), *_counts(survey, at, source)),
        (*totals, *hits.counters_of(published, at, source)),
        facts,
        _state(survey),
        _notes(survey),
    )


def _answering(survey: Survey, servers: Servers) -> Servers:
    return {node.address: servers[node.address] for node in survey.nodes if node.failure is None}


def flags_owner(survey: Survey) -> Node | None:
    """The server that the flags were read from."""
    return next((node for node in survey.nodes if node.flags is not None or FLAGS in node.refused), None)


def problems(survey: Survey) -> tuple[str, ...]:
    """What could not be read, each once however many servers refuse it, and who did not answer."""
    lines: dict[str, list[Address]] = {}
    for node in survey.nodes:
        for label, refused in node.refused.items():
            lines.setdefault(f"{label}: {refused.reason}", []).append(node.address)
    silent = (_silence(node) for node in survey.nodes if node.failure is not None)
    said = (line if len(at) < 2 else f"{line} ({len(at)} servers)" for line, at in lines.items())
    return (*said, *(silent if len(survey.nodes) > 1 else ()), *survey.problems)


def _silence(node: Node) -> str:
    reason = node.failure.reason if node.failure is not None else ""
    return reason if str(node.address) in reason else f"{node.address}: {reason}"


def _sums(survey: Survey, parts: Mapping[Address, Observed], at: float, source: str) -> Iterable[Signal]:
    """Over the primaries; one that is missing leaves the sums unknown."""
    leading = [shard.primary for shard in survey.layout.shards]
    missing = [str(address or "a primary") for address in leading if address is None or address not in parts]
    told = [_by_name(parts[address]) for address in leading if address is not None and address in parts]
    without = f"without {', '.join(missing[:3])}" if missing else ""
    for name, unit in SUMMED.items():
        found = [signals[name] for signals in told if name in signals]
        gap = without or next((signal.note for signal in found if signal.value is None), "")
        if len(found) < len(told):
            gap = gap or "not told by all"
        if found or missing:
            known = [signal.value for signal in found if signal.value is not None]
            yield Signal(name, None if gap else sum(known), unit, at, source, gap)


def _worst(parts: Mapping[Address, Observed], at: float, source: str) -> Iterable[Signal]:
    """With the server it is of as a note."""
    told = {address: _by_name(part) for address, part in parts.items()}
    for name in WORST:
        yield from _highest(
            name, {address: signals[name] for address, signals in told.items() if name in signals}, at, source
        )
    shares = {address: _share(signals, at, source) for address, signals in told.items()}
    yield from _highest(
        "memory_ratio", {address: share for address, share in shares.items() if share is not None}, at, source
    )


def _highest(name: str, found: Mapping[Address, Signal], at: float, source: str) -> Iterable[Signal]:
    known = {address: signal.value for address, signal in found.items() if signal.value is not None}
    if known:
        worst = max(known, key=lambda address: known[address])
        yield Signal(name, known[worst], found[worst].unit, at, source, f"at {worst}" if len(found) > 1 else "")


def _share(signals: Mapping[str, Signal], at: float, source: str) -> Signal | None:
    used, limit = signals["memory"].value, signals["memory_max"].value
    return Signal("memory_ratio", used / limit, Unit.RATIO, at, source) if used is not None and limit else None


def _counts(survey: Survey, at: float, source: str) -> Iterable[Signal]:
    answering = sum(node.failure is None for node in survey.nodes)
    yield Signal("servers", float(answering), Unit.COUNT, at, source, f"of {len(survey.nodes)}")
    if any("active" in node.info.get("role", "") for node in survey.nodes):
        yield Signal("writable_primaries", None, Unit.COUNT, at, source, "active replicas: every one takes writes")
        return
    count = worst(split(survey)) if survey.layout.shards else None
    note = "a primary cannot be reached" if count is None else "of each shard" if len(survey.layout.shards) > 1 else ""
    yield Signal("writable_primaries", None if count is None else float(count), Unit.COUNT, at, source, note)


def _state(survey: Survey) -> str:
    told = [node.cluster_state for node in survey.nodes if node.cluster_state]
    if told:
        return "cluster ok" if all(state == "ok" for state in told) else "cluster fail"
    leading = [str(shard.primary) for shard in survey.layout.shards if shard.primary]
    return f"primary {leading[0]}" if len(leading) == 1 else ""


def _notes(survey: Survey) -> tuple[str, ...]:
    found = [note for shard, count in split(survey).items() for note in _of_shard(shard, count)]
    if any(shard.slots for shard in survey.layout.shards) and covered(survey.layout.shards) < SLOTS:
        found.append(f"{SLOTS - covered(survey.layout.shards)} slots have no primary")
    for node in survey.nodes:
        usual = "replica: read-only"
        found += [f"{node.address}: {note}" for note in notes_of(node.info) if note != usual]
    more = [f"and {len(found) - MOST_NOTES} more"] if len(found) > MOST_NOTES else []
    return (*found[:MOST_NOTES], *more)


def _of_shard(shard: Shard, count: int | None) -> Sequence[str]:
    if count is None or count == 1:
        return ()
    return (f"{shard.name}: {f'{count} servers take' if count else 'nobody takes'} writes",)


def _unmeasured(node: Node) -> str:
    return "" if node.latency is not None else "TIME is not permitted, which would be timed"


def _by_name(observed: Observed) -> Mapping[str, Signal]:
    return {signal.name: signal for signal in observed.signals}
