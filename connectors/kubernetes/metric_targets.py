"""What an autoscaler scales on: each metric as it was last seen, against its target. Pure.

A metric has one of five shapes (Resource, ContainerResource, Pods, Object, External), and a target of one of three
(Utilization in percent of the request, AverageValue a pod, Value). Source: autoscaling/v2, MetricSpec and MetricStatus.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.kubernetes.objects import Autoscaler, Json
from connectors.kubernetes.quantities import amount

_SHAPES = ("resource", "containerResource", "pods", "object", "external")
_MEASURES = ("averageUtilization", "averageValue", "value")


@dataclass(frozen=True, slots=True)
class Load:
    """One metric: ``ratio`` is what it is over what it is to be; above 1 the autoscaler adds pods."""

    name: str
    current: str
    target: str
    ratio: float

    @property
    def text(self) -> str:
        return f"{self.name} {self.current} of {self.target}"


def cpu_of(one: Autoscaler) -> float | None:
    """CPU used, as a share of the CPU requested, as the autoscaler last saw it."""
    for metric in one.status.current_metrics or ():
        resource = _part(metric, "resource")
        used = _part(resource, "current").get("averageUtilization")
        if resource.get("name") == "cpu" and isinstance(used, int):
            return used / 100
    return None


def loads(one: Autoscaler) -> Iterator[Load]:
    """Each metric that has a value now, in the order of the specification."""
    seen = {_key(metric): metric for metric in one.status.current_metrics or ()}
    for metric in one.spec.metrics or ():
        shape, name, _ = key = _key(metric)
        found = _measured(_part(metric, shape), _part(seen.get(key, {}), shape))
        if found is not None:
            yield Load(name, *found)


def targets(one: Autoscaler) -> Iterator[tuple[str, str]]:
    """Each metric's name and target in words, whether it has a value or not."""
    for metric in one.spec.metrics or ():
        shape, name, _ = _key(metric)
        wanted = _part(_part(metric, shape), "target")
        yield name, next((_shown(measure, wanted[measure]) for measure in _MEASURES if measure in wanted), "?")


def _measured(spec: Json, status: Json) -> tuple[str, str, float] | None:
    """(current, target, ratio) by the measure that the target is in; None where the metric has no such value."""
    wanted, current = _part(spec, "target"), _part(status, "current")
    for measure in _MEASURES:
        if measure in wanted and measure in current:
            goal, now = amount(wanted[measure]), amount(current[measure])
            if goal and now is not None:
                return _shown(measure, current[measure]), _shown(measure, wanted[measure]), now / goal
    return None


def _shown(measure: str, value: object) -> str:
    return f"{value}%" if measure == "averageUtilization" else str(value)


def _key(metric: Json) -> tuple[str, str, str]:
    """Shape, name and what besides tells two metrics of one name apart."""
    shape = next((one for one in _SHAPES if isinstance(metric.get(one), dict)), "")
    part = _part(metric, shape)
    identifier = _part(part, "metric")
    name = str(part.get("name") or identifier.get("name") or "?")
    besides = [one for one in (part.get("container"), part.get("describedObject"), identifier.get("selector")) if one]
    return shape, name, repr(besides) if besides else ""


def _part(document: Json, name: str) -> Json:
    found = document.get(name)
    return found if isinstance(found, dict) else {}
