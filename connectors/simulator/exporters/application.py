"""What the system says of itself: its users, what the CDN kept, its calls to third parties and its database clients.

The clients' side of the database (under OpenTelemetry's names) is what is left to be seen when its server answers
nobody, its exporter included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.simulator.exporters.database import Server
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample, Tick

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds; the Go client's default
BUCKETS = (*((str(bound), f"{bound:g}") for bound in BOUNDS), ("+Inf", "+Inf"))  # as the model and as Go writes them


def application(
    target: Target, tick: Tick, third_parties: Iterable[str], servers: Iterable[Server]
) -> Iterator[Sample]:
    yield target.counter("users_requests_total", tick.counters["users"])
    for result in ("hit", "miss"):
        yield target.counter("cdn_requests_total", tick.counters[f"cdn.{result}"], result=result)
    yield target.gauge("synthetic_success_ratio", tick.success, scope="all")
    yield target.gauge("synthetic_success_ratio", tick.success_origin, scope="origin")
    for name in third_parties:
        yield from third_party(target, name, tick)
    for server in servers:
        yield from pool(target, server, tick)


def third_parties(counters: Mapping[str, float]) -> list[str]:
    """Whatever has answers counted by time and is not the gateway."""
    names = (name.removesuffix(".le.+Inf") for name in counters if name.endswith(".le.+Inf"))
    return [name for name in names if f"{name}.429" in counters and name != "gateway"]


def third_party(target: Target, name: str, tick: Tick) -> Iterator[Sample]:
    for code in ("200", "429", "500"):
        calls = tick.counters[f"{name}.{code}"]
        yield target.counter("third_party_requests_total", calls, code=code, third_party=name)
    yield from histogram(target, "third_party_request_duration_seconds", name, tick.counters, third_party=name)
    yield target.gauge("third_party_breaker_open", tick.gauges.get(f"{name}.open", 0.0), third_party=name)
    yield target.gauge("third_party_queued", tick.gauges.get(f"{name}.queued", 0.0), third_party=name)


def pool(target: Target, server: Server, tick: Tick) -> Iterator[Sample]:
    """The connections of all pods to one server, and the time that their statements take, the wait included."""
    own, where = server.own, {"db_client_connection_pool_name": server.name}
    used = tick.gauges[f"{own}.busy"]
    states = {"used": used, "idle": max(tick.gauges[f"{own}.connections"] - used, 0.0)}
    for state, count in states.items():
        labels = {**where, "db_client_connection_state": state}
        yield target.gauge("db_client_connection_count", round(count), **labels)
    yield target.gauge("db_client_connection_max", round(tick.gauges.get(f"{own}.pool", 0.0)), **where)
    calls, seconds = tick.counters[f"{own}.queries"], tick.counters[f"{own}.seconds"]
    name = "db_client_operation_duration_seconds"
    yield target.histogram(f"{name}_bucket", calls, le="+Inf", **where)
    yield target.histogram(f"{name}_sum", seconds, **where)
    yield target.histogram(f"{name}_count", calls, **where)


def histogram(
    target: Target, metric: str, own: str, counters: Mapping[str, float], /, **labels: str
) -> Iterator[Sample]:
    """A histogram's series; ``own`` is the model's name for it."""
    for bound, le in BUCKETS:
        yield target.histogram(f"{metric}_bucket", counters[f"{own}.le.{bound}"], le=le, **labels)
    yield target.histogram(f"{metric}_sum", counters[f"{own}.seconds"], **labels)
    yield target.histogram(f"{metric}_count", counters[f"{own}.le.+Inf"], **labels)
