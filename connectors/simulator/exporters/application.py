"""What the system says of itself: its users, what the CDN kept, and its calls to third parties."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample, Tick

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds; the Go client's default
BUCKETS = (*((str(bound), f"{bound:g}") for bound in BOUNDS), ("+Inf", "+Inf"))  # as the model and as Go writes them


def application(target: Target, tick: Tick, third_parties: Iterable[str]) -> Iterator[Sample]:
    yield target.counter("users_requests_total", tick.counters["users"])
    for result in ("hit", "miss"):
        yield target.counter("cdn_requests_total", tick.counters[f"cdn.{result}"], result=result)
    yield target.gauge("synthetic_success_ratio", tick.success, scope="all")
    yield target.gauge("synthetic_success_ratio", tick.success_origin, scope="origin")
    for name in third_parties:
        yield from third_party(target, name, tick)


def third_parties(counters: Mapping[str, float]) -> list[str]:
    """Whatever has answers counted by time and is not the gateway."""
    names = (name.removesuffix(".le.+Inf") for name in counters if name.endswith(".le.+Inf"))
    return [name for name in names if f"{name}.429" in counters and name != "gateway"]


def third_party(target: Target, name: str, tick: Tick) -> Iterator[Sample]:
    metric = name.replace("-", "_")
    for code in ("200", "429", "500"):
        yield target.counter(f"{metric}_requests_total", tick.counters[f"{name}.{code}"], code=code)
    yield from histogram(target, f"{metric}_request_duration_seconds", name, tick.counters)
    yield target.gauge(f"{metric}_breaker_open", tick.gauges.get(f"{name}.open", 0.0))
    yield target.gauge(f"{metric}_queued", tick.gauges.get(f"{name}.queued", 0.0))


def histogram(
    target: Target, metric: str, own: str, counters: Mapping[str, float], /, **labels: str
) -> Iterator[Sample]:
    """A histogram's series; ``own`` is the model's name for it."""
    for bound, le in BUCKETS:
        yield target.histogram(f"{metric}_bucket", counters[f"{own}.le.{bound}"], le=le, **labels)
    yield target.histogram(f"{metric}_sum", counters[f"{own}.seconds"], **labels)
    yield target.histogram(f"{metric}_count", counters[f"{own}.le.+Inf"], **labels)
